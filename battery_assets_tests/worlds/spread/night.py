"""A backfill spread over workers with homes of their own, and the same by one process: what each ends with."""

import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from battery_assets.settings import Settings
from battery_assets_tests.worlds.homes import processes_of
from battery_assets_tests.worlds.served import ENDED, Served, command, serving, until
from battery_assets_tests.worlds.spread.alone import MONTH, SITES
from battery_assets_tests.worlds.spread.stores import platform, surroundings

PARTITIONS = len(SITES)
CARRIED_OUT = "carried out by "
LOOK_S, PATIENCE_S = 3.0, 3600.0
LATER = """query($run: ID!, $after: String) {logsForRun(runId: $run, afterCursor: $after) {
  ... on EventConnection {cursor hasMore events {__typename ... on MessageEvent {message stepKey}}}}}"""

Checksums = dict[tuple[str, str, str], tuple[int, str]]


@dataclass(frozen=True)
class Ended:
    """What a platform held in the end: rows and checksum of each partition, and who carried out its runs."""

    checksums: Checksums
    runs: list[dict]
    workers: Counter
    killed: str
    seconds: float
    steps: Counter


def undisturbed(stores: dict[str, str]) -> Checksums:
    """The checksums after one process has carried out the backfill."""
    with home(platform(stores)) as settings:
        _sites(settings)
        done = command(settings, "backfill", "--here", *_span(), patience_s=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        return checksums(str(settings.database_url))


def spread(stores: dict[str, str], say: Callable[[str], None] = lambda _words: None) -> Ended:
    """The same by two workers with separate homes; one is killed in the middle of a run, with no goodbye."""
    with home(platform(stores)) as settings:
        say("starting the services, a broker and two workers with homes of their own ...")
        with serving(settings, "--workers", "2", hear=lambda line: _say_ready(line, say)) as served:
            say("entering two sites ...")
            _sites(settings)
            began = time.monotonic()
            done = command(settings, "backfill", *_span(), "--no-wait")
            assert done.returncode == 0, done.stdout + done.stderr
            say(f"backfill asked for: {MONTH} of sites {' and '.join(SITES)}, one run each")
            logs = Logs(served)
            progress = Progress(logs, say)
            killed = _kill_a_worker(served, say, logs, progress)
            runs = until(lambda: _all_done(served, progress), PATIENCE_S, "the backfill does not end", LOOK_S)
            seconds = time.monotonic() - began
            workers = Counter(logs.worker_of(run) for run in runs)
            steps = Counter(step for run in runs for step in logs.steps_of(run))
            ended = Ended(checksums(str(settings.database_url)), runs, workers, killed, seconds, steps)
            say("stopping the services ...")
        assert not left_over(settings.home), "a worker outlived `up`"
        return ended


def _say_ready(line: str, say: Callable[[str], None]) -> None:
    if line.endswith(": ready") and line[0].isalpha():
        say(f"  {line}")


class Logs:
    """What the pages show of runs: each event is asked for once, however often somebody looks."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._read: dict[str, tuple[str | None, list[dict]]] = {}

    def worker_of(self, run: dict) -> str:
        """The worker that carried a run out, as its log names it; empty where none has."""
        words = [event.get("message") or "" for event in self._events(run["runId"])]
        lines = [word for word in words if word.startswith(CARRIED_OUT)]
        return lines[0].removeprefix(CARRIED_OUT).partition("@")[0] if lines else ""

    def steps_of(self, run: dict) -> list[tuple[str, str]]:
        """Partition and name of each step that succeeded in a run."""
        partition, events = run["tags"]["dagster/partition"], self._events(run["runId"])
        ended = [event for event in events if event["__typename"] == "ExecutionStepSuccessEvent"]
        return [(partition, event["stepKey"]) for event in ended]

    def _events(self, run_id: str) -> list[dict]:
        cursor, events = self._read.get(run_id, (None, []))
        more = True
        while more:
            answer = self._served.ask(LATER, run=run_id, after=cursor)["logsForRun"]
            cursor, more, events = answer["cursor"], answer["hasMore"], [*events, *answer["events"]]
        self._read[run_id] = cursor, events
        return events


class Progress:
    """What has become of runs since the last look, in a line each."""

    def __init__(self, logs: Logs, say: Callable[[str], None]) -> None:
        self._logs, self._say = logs, say
        self._states: dict[str, tuple[str, int]] = {}
        self._lost: set[str] = set()

    def look(self, runs: list[dict]) -> None:
        """Say what is new."""
        for run in [run for run in runs if run["jobName"] == "site_month"]:
            worker, steps = self._logs.worker_of(run), len(self._logs.steps_of(run))
            status, before = self._states.get(run["runId"], ("", 0))
            # A run is STARTING before it is STARTED; the worker has begun it in both.
            now = run["status"] if run["status"] in ENDED else "begun" if worker else ""
            if (now, steps // 10) == (status, before // 10):
                continue
            self._states[run["runId"]] = (now, steps)
            self._say(f"  {run['tags']['dagster/partition']}: {self._words(run, worker, now, status, steps)}")

    def _words(self, run: dict, worker: str, now: str, before: str, steps: int) -> str:
        if now == "SUCCESS":
            return f"done by {worker}"
        if now == "FAILURE":
            self._lost.add(worker)
            return f"failed with {worker}, which is gone, after {steps} step{'s' * (steps != 1)}; Dagster begins it anew"
        if now != before and run["tags"].get("dagster/parent_run_id"):
            again = ", which `up` has started again," if worker in self._lost else ""
            return f"{worker}{again} takes it up where it ended"
        return f"{worker} begins" if now != before else f"{steps} steps done by {worker}"


def checksums(url: str) -> Checksums:
    """Rows and sha256 of every partition that the books hold."""
    query = "SELECT table_name, site, month, rows, sha256 FROM platform.partition_version WHERE version IS NOT NULL"
    with psycopg.connect(url) as connection:
        return {
            (table, site, month): (rows, sha) for table, site, month, rows, sha in connection.execute(query)
        }


@contextmanager
def home(variables: dict[str, str]) -> Iterator[Settings]:
    with surroundings(variables), tempfile.TemporaryDirectory(prefix="battery_spread_") as home:
        yield Settings.from_environment({**os.environ, "BATTERY_HOME": home})


def _sites(settings: Settings) -> None:
    """Enter both sites at the same time: a command's start takes longer than its work."""

    def add(name: str) -> subprocess.CompletedProcess[str]:
        place, seed = SITES[name]
        terms = ("--place", place, "--strings", "1", "--interval", "3600", "--seed", str(seed))
        return command(settings, "site", "add", name, *terms)

    with ThreadPoolExecutor(len(SITES)) as pool:
        for done in pool.map(add, SITES):
            assert done.returncode == 0, done.stderr


def _span() -> tuple[str, ...]:
    return ("--from", MONTH, "--to", MONTH)


def _kill_a_worker(served: Served, say: Callable[[str], None], logs: Logs, progress: Progress) -> str:
    """Kill a worker that has ended a step of its run and not yet the run; its name."""

    def working() -> tuple[str, int] | None:
        runs = served.runs()
        progress.look(runs)
        for run in [run for run in runs if run["status"] == "STARTED" and logs.steps_of(run)]:
            if name := logs.worker_of(run):
                return name, process_of(served.settings.home, name)
        return None

    name, process = until(working, PATIENCE_S, "no worker begins", LOOK_S)
    os.kill(process, signal.SIGKILL)
    say(f"{name} (process {process}) gets SIGKILL in the middle of its run")
    return name


def process_of(home: Path, name: str) -> int:
    """The process of a worker: the one that a child of Celery's has as its parent."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                surroundings = (entry / "environ").read_bytes()
            except OSError:
                continue
            if b"celery" in words and f"{name}@%h".encode() in words and str(home).encode() in surroundings:
                found.append(int(entry.name))
    parents = {int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in found}
    [process] = [pid for pid in found if pid in parents]
    return process


def _all_done(served: Served, progress: Progress) -> list[dict] | None:
    runs = [run for run in served.runs() if run["jobName"] == "site_month"]
    progress.look(runs)
    done = {run["tags"]["dagster/partition"] for run in runs if run["status"] == "SUCCESS"}
    open_ones = [run for run in runs if run["status"] not in ("SUCCESS", "FAILURE", "CANCELED")]
    return runs if len(done) == PARTITIONS and not open_ones else None


def left_over(home: Path) -> list[str]:
    """Processes of the workers' homes that are still there."""
    return [line for number in (1, 2) for line in processes_of(home / "workers" / str(number))]
