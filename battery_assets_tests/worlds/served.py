"""A platform served by `battery-assets up`, and the words a person speaks to it: commands and GraphQL."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from battery_assets.hosting.presence import Presence, present
from battery_assets.settings import PACKAGE, Settings
from battery_assets_tests.worlds.homes import processes_of

ENDED = ("SUCCESS", "FAILURE", "CANCELED")
LOCATION = {"repositoryName": "__repository__", "repositoryLocationName": "battery_assets"}
LAUNCH = """mutation($params: ExecutionParams!) {launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}}}"""
RUNS = """query($filter: RunsFilter) {runsOrError(filter: $filter) {... on Runs {results {
  runId status jobName creationTime startTime endTime tags {key value}}}}}"""
EVENTS = """query($run: ID!) {logsForRun(runId: $run) {... on EventConnection {events {__typename
  ... on MessageEvent {message stepKey}
  ... on EngineEvent {metadataEntries {label ... on IntMetadataEntry {intValue}
                                       ... on TextMetadataEntry {text}}}
  ... on ExecutionStepFailureEvent {error {message} failureMetadata {description}}}}}}"""


@dataclass
class Served:
    """One `battery-assets up` and what it was told by the environment."""

    settings: Settings
    process: "subprocess.Popen[bytes]"
    presence: Presence
    seconds: float
    output: Path

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of a GraphQL answer; AssertionError with the server's words where there is none."""
        return asked(f"{self.presence.web_url}/graphql", {"query": query, "variables": variables})["data"]

    def launch(self, job: str, tags: dict[str, str] | None = None, assets: tuple[str, ...] = ()) -> str:
        """Launch a job as the button on its page does, on all of its assets or some. Returns the run's id."""
        selector = {**LOCATION, "pipelineName": job}
        if assets:
            selector["assetSelection"] = [{"path": [name]} for name in assets]
        told = [{"key": key, "value": value} for key, value in (tags or {}).items()]
        params = {"selector": selector, "runConfigData": {}, "executionMetadata": {"tags": told}}
        answer = self.ask(LAUNCH, params=params)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return answer["run"]["runId"]

    def runs(self, **wanted: Any) -> list[dict[str, Any]]:
        """Runs that a filter of the runs page lets through, oldest first; their tags as a dictionary."""
        found = self.ask(RUNS, filter=wanted)["runsOrError"]["results"]
        for run in found:
            run["tags"] = {tag["key"]: tag["value"] for tag in run["tags"]}
        return sorted(found, key=lambda run: run["creationTime"])

    def ended(self, run_id: str, patience_s: float = 600.0) -> dict[str, Any]:
        """A run once it has ended."""

        def found() -> dict[str, Any] | None:
            [run] = self.runs(runIds=[run_id])
            return run if run["status"] in ENDED else None

        return until(found, patience_s, f"run {run_id} does not end")

    def succeeded(self, run_id: str) -> dict[str, Any]:
        """A run once it has ended; AssertionError with what its log says where it did not succeed."""
        run = self.ended(run_id)
        assert run["status"] == "SUCCESS", self.failures(run_id)
        return run

    def events(self, run_id: str) -> list[dict[str, Any]]:
        """The log of a run."""
        return self.ask(EVENTS, run=run_id)["logsForRun"]["events"]

    def failures(self, run_id: str) -> str:
        """What the log of a run says of its failures."""
        return "\n".join(
            json.dumps(event) for event in self.events(run_id) if "Failure" in event["__typename"]
        )

    def worker(self, run_id: str) -> int:
        """The process id of a run that has started."""

        def found() -> int | None:
            entries = [entry for event in self.events(run_id) for entry in event.get("metadataEntries", [])]
            return next((int(e.get("intValue") or e["text"]) for e in entries if e["label"] == "pid"), None)

        return until(found, 180.0, f"run {run_id} names no process")


def partition(month: str, site: str) -> dict[str, str]:
    """The three tags by which the page launches a partition of two dimensions."""
    tag = "dagster/partition"
    return {tag: f"{month}|{site}", f"{tag}/month": month, f"{tag}/site": site}


def asked(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a JSON request."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        found = json.load(answer)
    assert "errors" not in found, found["errors"]
    return found


def until(found: Callable[[], Any], patience_s: float, otherwise: str, every_s: float = 0.25) -> Any:
    """What a question finds, asked again until it finds something."""
    deadline = time.monotonic() + patience_s
    while not (answer := found()):
        assert time.monotonic() < deadline, otherwise
        time.sleep(every_s)
    return answer


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a person who has chosen a home and any free ports."""
    return {
        **os.environ,
        "BATTERY_HOME": str(settings.home),
        "BATTERY_WEB_PORT": "0",
        "BATTERY_MLFLOW_PORT": "0",
        "BATTERY_API_PORT": "0",
        "COLUMNS": "160",
    }


def command(
    settings: Settings, *arguments: str, patience_s: float = 900.0
) -> "subprocess.CompletedProcess[str]":
    """Run `battery-assets` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "battery_assets.cli", *arguments],
        env=environment_of(settings),
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        timeout=patience_s,
    )


@contextmanager
def serving(
    settings: Settings, *arguments: str, hear: Callable[[str], None] = lambda _line: None
) -> Iterator[Served]:
    """`battery-assets up` with what is added to it, in a session of its own, once it has printed its addresses.

    `hear` gets each line that it prints until then.
    """
    output = settings.home / "up.out"
    began = time.monotonic()
    with output.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "battery_assets.cli", "up", *arguments],
            env=environment_of(settings),
            cwd=PACKAGE.parent,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        heard = 0

        def begun() -> bool:
            nonlocal heard
            lines = output.read_text().split("\n")[:-1]
            for line in lines[heard:]:
                hear(line)
            heard = len(lines)
            return "Ctrl-C stops" in output.read_text() or process.poll() is not None

        until(begun, 600.0, output.read_text())
        presence = present(settings)
        assert presence is not None, output.read_text()
        yield Served(settings, process, presence, time.monotonic() - began, output)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(300)
        assert processes_of(settings.home) == []
