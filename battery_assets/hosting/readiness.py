"""Questions that only a service in working order answers."""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

from battery_assets.hosting.database_urls import DatabaseUrls
from battery_assets.hosting.launch import install_dagster_home
from battery_assets.settings import Settings

LOAD_QUERY = """{workspaceOrError {__typename ... on PythonError {message} ... on Workspace {
    locationEntries {locationOrLoadError {__typename ... on PythonError {message}}}}}}"""


def http_answers(url: str) -> bool:
    """Whether a GET of this address on loopback gives 200."""
    try:
        with _opener().open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def load_error(web_url: str) -> str | None:
    """First line of why the code location cannot be loaded, None where it is."""
    body = json.dumps({"query": LOAD_QUERY}).encode()
    request = urllib.request.Request(f"{web_url}/graphql", body, {"Content-Type": "application/json"})
    with _opener().open(request, timeout=60) as answer:
        workspace = json.load(answer)["data"]["workspaceOrError"]
    entries = [entry["locationOrLoadError"] or {} for entry in workspace.get("locationEntries", [])]
    for problem in (workspace, *entries):
        if problem.get("__typename") == "PythonError":
            return str(problem["message"]).strip().splitlines()[0]
    return None


def code_server_answers(port: int) -> bool:
    """Whether the code server answers a ping and has loaded (or failed to load) its definitions."""
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.client import DagsterGrpcClient

    client = DagsterGrpcClient(port=port, host="127.0.0.1")
    try:
        client.ping("")
    except DagsterUserCodeUnreachableError:
        return False
    return True


class DagsterStorage:
    """Dagster's own storage, opened before the services so that they do not race to create its tables."""

    def __init__(self, settings: Settings, urls: DatabaseUrls) -> None:
        self.home: Path = install_dagster_home(settings)
        self.url = urls.dagster

    def __enter__(self) -> "DagsterStorage":
        from dagster import DagsterInstance

        # dagster.yaml names this variable, so that the password stands in no file.
        os.environ["DAGSTER_PG_URL"] = self.url
        self.instance = DagsterInstance.from_config(str(self.home))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.instance.dispose()

    def daemon_beats_since(self, instant: float) -> bool:
        """Whether every daemon has written a heartbeat after `instant` (seconds since 1970)."""
        beats = self.instance.get_daemon_heartbeats()
        needed = self.instance.get_required_daemon_types()
        return all(kind in beats and beats[kind].timestamp > instant for kind in needed)

    def fail_abandoned_runs(self) -> list[str]:
        """Mark runs failed whose process is gone, which would hold the queue for hours; their ids."""
        from battery_assets.hosting.abandoned import fail_abandoned_runs

        return fail_abandoned_runs(self.instance)


def _opener() -> urllib.request.OpenerDirector:
    # A proxy of the environment must not come between us and loopback.
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
