"""What Dagster adds to the work of a site-month run: all assets and checks of a site of two jars.

Events and runs are kept in PostgreSQL. The overhead is the run's seconds less those that the bodies of assets
and checks took in that same run, so it is what Dagster itself does, and not how fast our code is.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from battery_assets.actions.session import Session, put_site, quiet_logs, run_here, session
from battery_assets.hosting.presence import present
from battery_assets.hosting.readiness import http_answers
from battery_assets.settings import PACKAGE, Settings
from benchmarks.bodies import read_bodies, watch_bodies
from benchmarks.world import FIRST_MONTH, clocked, lay_catalogue

SITE = "tiny"
CONFIG = {
    "place": "bangrak",
    "seed": 7,
    "interval_s": 3600,
    "strings": 1,
    "jars_per_string": 2,
    "start": FIRST_MONTH,
}
PATIENCE_S = 180.0
LAUNCH = """mutation ($tags: [ExecutionTag!]) {launchRun(executionParams: {
  runConfigData: {}, executionMetadata: {tags: $tags}, selector: {jobName: "site_month",
  repositoryName: "__repository__", repositoryLocationName: "battery_assets"}})
  {__typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}}}"""


def in_process(small: bool) -> dict[str, float]:
    """Seconds that Dagster adds to a run in this process, the first of its job; the code is loaded."""
    with session() as at:
        quiet_logs()
        put_site(at, SITE, "synthetic", CONFIG)
        bodies: dict[str, float] = {}
        watch_bodies(lambda run_id, step, seconds: bodies.update({f"{run_id} {step}": seconds}))
        run_here("catalogue")
        bodies.clear()
        with clocked() as clock:
            run_here("site_month", FIRST_MONTH, SITE)
        return {"dagster_overhead_seconds": clock.seconds - sum(bodies.values())}


def queued(small: bool) -> dict[str, float]:
    """Seconds that Dagster adds from a launch on the page to the run's end: queue, daemon, new process."""
    settings = Settings.from_environment()
    with session(settings) as at:
        put_site(at, SITE, "synthetic", CONFIG)
        lay_catalogue(at.warehouse)
        with _up(settings) as url:
            run_id = _launched(url)
            took = _seconds(at, run_id)
        bodies = read_bodies(settings.home / "bodies", run_id)
        return {"dagster_overhead_queued_seconds": took - sum(bodies.values())}


@contextmanager
def _up(settings: Settings) -> Iterator[str]:
    """`battery-assets up` for a block, on free ports. Yields the address of the Dagster pages."""
    command = [
        sys.executable,
        "-m",
        "battery_assets.cli",
        "up",
        "--definitions",
        "benchmarks.timed_definitions",
    ]
    environment = {**os.environ, "BATTERY_WEB_PORT": "0", "BATTERY_MLFLOW_PORT": "0", "BATTERY_API_PORT": "0"}
    environment["PYTHONPATH"] = os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])
    log = settings.home / "up.log"
    with log.open("w") as out:
        server = subprocess.Popen(command, env=environment, cwd=PACKAGE.parent, stdout=out, stderr=out)
        try:
            yield _address(settings, server)
        finally:
            server.terminate()
            server.wait(60)


def _address(settings: Settings, server: subprocess.Popen) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while server.poll() is None and time.monotonic() < deadline:
        found = present(settings)
        if (
            found
            and "Ctrl-C" in (settings.home / "up.log").read_text()
            and http_answers(f"{found.web_url}/server_info")
        ):
            return found.web_url
        time.sleep(0.2)
    raise RuntimeError(f"battery-assets up did not serve: {(settings.home / 'up.log').read_text()[-2000:]}")


def _launched(url: str) -> str:
    tags = {
        "dagster/partition": f"{FIRST_MONTH}|{SITE}",
        "dagster/partition/month": FIRST_MONTH,
        "dagster/partition/site": SITE,
    }
    body = {
        "query": LAUNCH,
        "variables": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
    }
    request = urllib.request.Request(
        f"{url}/graphql", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        launched = json.load(answer)["data"]["launchRun"]
    if launched["__typename"] != "LaunchRunSuccess":
        raise RuntimeError(f"the run was not launched: {launched}")
    return launched["run"]["runId"]


def _seconds(at: Session, run_id: str) -> float:
    """From the launch of a run to its end. Raises RuntimeError where it fails or does not end."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        record = at.instance.get_run_record_by_id(run_id)
        if record and record.dagster_run.is_finished and record.end_time:
            if not record.dagster_run.is_success:
                raise RuntimeError(f"run {run_id} ended as {record.dagster_run.status}")
            return record.end_time - record.create_timestamp.timestamp()
        time.sleep(0.2)
    raise RuntimeError(f"run {run_id} did not end within {PATIENCE_S:.0f} s")
