"""A backfill spread over workers with homes of their own, and the same by one process: what each ends with."""

import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from battery_assets.settings import Settings
from battery_assets_tests.worlds.homes import processes_of
from battery_assets_tests.worlds.served import Served, command, serving, until
from battery_assets_tests.worlds.spread.stores import platform, surroundings

MONTH = "2024-01"
SITES = {"a": ("phuket", "1"), "b": ("bangrak", "2")}
PARTITIONS = len(SITES)

Checksums = dict[tuple[str, str, str], tuple[int, str]]


@dataclass(frozen=True)
class Ended:
    """What a platform held in the end: rows and checksum of each partition, and who carried out its runs."""

    checksums: Checksums
    runs: list[dict]
    workers: Counter
    killed: str
    seconds: float


def undisturbed(stores: dict[str, str]) -> Checksums:
    """The checksums after one process has carried out the backfill."""
    with _home(platform(stores)) as settings:
        _sites(settings)
        done = command(settings, "backfill", "--here", *_span())
        assert done.returncode == 0, done.stderr
        return checksums(str(settings.database_url))


def spread(
    stores: dict[str, str], say: Callable[[str], None] = lambda _words: None, kill: bool = True
) -> Ended:
    """The same by two workers with separate homes; one is killed in the middle of a run, with no goodbye."""
    with _home(platform(stores)) as settings:
        say("starting the services, a broker and two workers ...")
        with serving(settings, "--workers", "2") as served:
            _sites(settings)
            began = time.monotonic()
            done = command(settings, "backfill", *_span(), "--no-wait")
            assert done.returncode == 0, done.stdout + done.stderr
            say(f"backfill of {PARTITIONS} partitions asked for")
            killed = _kill_a_worker(served, say) if kill else ""
            runs = until(lambda: _all_done(served), 1200.0, "the backfill does not end")
            seconds = time.monotonic() - began
            workers = Counter(_worker_of(served, run["runId"]) for run in runs)
            ended = Ended(checksums(str(settings.database_url)), runs, workers, killed, seconds)
        assert not left_over(settings.home), "a worker outlived `up`"
        return ended


def checksums(url: str) -> Checksums:
    """Rows and sha256 of every partition that the books hold."""
    query = "SELECT table_name, site, month, rows, sha256 FROM platform.partition_version WHERE version IS NOT NULL"
    with psycopg.connect(url) as connection:
        return {
            (table, site, month): (rows, sha) for table, site, month, rows, sha in connection.execute(query)
        }


@contextmanager
def _home(variables: dict[str, str]) -> Iterator[Settings]:
    with surroundings(variables), tempfile.TemporaryDirectory(prefix="battery_spread_") as home:
        yield Settings.from_environment({**os.environ, "BATTERY_HOME": home})


def _sites(settings: Settings) -> None:
    for name, (place, seed) in SITES.items():
        terms = ("--place", place, "--strings", "1", "--interval", "3600", "--seed", seed)
        done = command(settings, "site", "add", name, *terms)
        assert done.returncode == 0, done.stderr


def _span() -> tuple[str, ...]:
    return ("--from", MONTH, "--to", MONTH)


def _kill_a_worker(served: Served, say: Callable[[str], None]) -> str:
    """Kill the worker that carries out the first run, and its name."""

    def working() -> tuple[str, int] | None:
        for run in served.runs(statuses=["STARTED"]):
            name = _worker_of(served, run["runId"])
            if name:
                return name, _process(served.settings.home, name)
        return None

    name, process = until(working, 600.0, "no worker begins")
    os.kill(process, signal.SIGKILL)
    say(f"{name} killed in the middle of a run (process {process})")
    return name


def _worker_of(served: Served, run_id: str) -> str:
    """The worker that carried a run out, as its log names it."""
    for event in served.events(run_id):
        message = event.get("message") or ""
        if message.startswith("carried out by "):
            return message.removeprefix("carried out by ").partition("@")[0]
    return ""


def _process(home: Path, name: str) -> int:
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


def _all_done(served: Served) -> list[dict] | None:
    runs = [run for run in served.runs() if run["jobName"] == "site_month"]
    done = {run["tags"]["dagster/partition"] for run in runs if run["status"] == "SUCCESS"}
    open_ones = [run for run in runs if run["status"] not in ("SUCCESS", "FAILURE", "CANCELED")]
    return runs if len(done) == PARTITIONS and not open_ones else None


def left_over(home: Path) -> list[str]:
    """Processes of the workers' homes that are still there."""
    return [line for number in (1, 2) for line in processes_of(home / "workers" / str(number))]
