"""Two workers with homes of their own, a broker and a daemon: `up --workers 2` without its pages.

Runs are handed in as the pages hand them in, over GraphQL; nothing of what carries them out is replaced.
"""

import dataclasses
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster import DagsterEventType, DagsterRunStatus, RunsFilter

from battery_assets.actions.session import Session, session
from battery_assets.errors import UserError
from battery_assets.hosting import launch, processes
from battery_assets.hosting.processes import Child
from battery_assets.hosting.readiness import code_server_answers
from battery_assets.hosting.stack import DEFINITIONS, chosen_port
from battery_assets.hosting.workers import broker as broker_of
from battery_assets.hosting.workers import local
from battery_assets.hosting.workers.fitness import refuse_unfit
from battery_assets.platform import object_stores
from battery_assets.settings import Settings
from battery_assets_tests.worlds.served import LAUNCH, LOCATION, partition, until
from battery_assets_tests.worlds.spread import alone, night
from battery_assets_tests.worlds.spread.alone import MONTH, SITES, STEPS, enter_sites
from battery_assets_tests.worlds.spread.asking import asking
from battery_assets_tests.worlds.spread.stores import platform, surroundings

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

PATIENCE_S = 1800.0
JOB = "site_month"
UNFINISHED = RunsFilter(
    job_name=JOB,
    statuses=[
        DagsterRunStatus.QUEUED,
        DagsterRunStatus.NOT_STARTED,
        DagsterRunStatus.STARTING,
        DagsterRunStatus.STARTED,
        DagsterRunStatus.CANCELING,
    ],
)


@dataclass(frozen=True)
class Machines:
    """What runs: the books' settings, Dagster's instance, each process by its name."""

    settings: Settings
    instance: "DagsterInstance"
    children: dict[str, Child]
    ask: Callable[..., Any]

    def launch(self, site: str, month: str = MONTH) -> None:
        """Hand in a month of a site."""
        selector = {**LOCATION, "pipelineName": JOB}
        selector["assetSelection"] = [{"path": [name]} for name in STEPS]  # type: ignore[assignment]
        tags = [{"key": key, "value": value} for key, value in partition(month, site).items()]
        params = {"selector": selector, "runConfigData": {}, "executionMetadata": {"tags": tags}}
        answer = self.ask(LAUNCH, {"params": params})["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer

    def kill_a_worker(self) -> str:
        """Kill the worker that has ended a step of its run and not yet the run; its name."""
        name = until(self._in_the_middle, PATIENCE_S, self.said(*self.children))
        os.kill(night.process_of(self.settings.home, name), signal.SIGKILL)
        return name

    def _in_the_middle(self) -> str:
        for run in self.runs():
            if run.status.value == "STARTED" and self.steps_of(run):
                return self.worker_of(run)
        return ""

    def steps_of(self, run: "DagsterRun") -> list[tuple[str, str]]:
        """Partition and name of each step that succeeded in a run."""
        ended = self.instance.all_logs(run.run_id, of_type=DagsterEventType.STEP_SUCCESS)
        return [
            (run.tags["dagster/partition"], str(entry.dagster_event.step_key))
            for entry in ended
            if entry.dagster_event is not None
        ]

    def worker_of(self, run: "DagsterRun") -> str:
        """The worker that carried a run out, as its log names it; empty where none has."""
        words = [entry.message for entry in self.instance.all_logs(run.run_id)]
        lines = [word for word in words if word.startswith(night.CARRIED_OUT)]
        return lines[0].removeprefix(night.CARRIED_OUT).partition("@")[0] if lines else ""

    def runs(self) -> "list[DagsterRun]":
        """Every run of the job."""
        return [run for run in self.instance.get_runs() if run.job_name == JOB]

    def ended(self, partitions: int = len(SITES)) -> "list[DagsterRun]":
        """The runs once so many partitions are there and nothing is in progress."""

        def all_done() -> "list[DagsterRun] | None":
            # A number costs the database and us little; runs are read once none is open.
            if self.instance.get_runs_count(UNFINISHED):
                return None
            runs = self.runs()
            done = {run.tags["dagster/partition"] for run in runs if run.status.value == "SUCCESS"}
            return runs if len(done) == partitions and all(run.is_finished for run in runs) else None

        return until(all_done, PATIENCE_S, self.said(*self.children))

    def said(self, *names: str) -> str:
        """The last lines of processes."""
        return "\n".join(f"{name}:\n{self.children[name].last_lines()}" for name in names)


@dataclass(frozen=True)
class Outcome:
    """What two workers ended with of which one was killed, what one process made, and who was refused."""

    spread: night.Ended
    alone: night.Checksums
    refused: dict[str, str]


def spread(stores: dict[str, str]) -> Outcome:
    """Two workers carry out the months of both sites, one of them is killed; meanwhile one process does so too."""
    object_stores.object_store.cache_clear()
    try:
        with night.home(platform(stores)) as books:
            began = time.monotonic()
            with machines(books) as at:
                for site in SITES:
                    at.launch(site)
                killed = at.kill_a_worker()
                refused = refusals(at.settings)
                checksums = undisturbed(stores)
                runs = at.ended()
                workers = Counter(at.worker_of(run) for run in runs)
                steps = Counter(step for run in runs for step in at.steps_of(run))
            assert not night.left_over(books.home), "a worker outlived its machines"
            rows = [{"runId": run.run_id, "status": run.status.value, "tags": run.tags} for run in runs]
            seconds, theirs = time.monotonic() - began, night.checksums(str(books.database_url))
            return Outcome(night.Ended(theirs, rows, workers, killed, seconds, steps), checksums, refused)
    finally:
        object_stores.object_store.cache_clear()


def undisturbed(stores: dict[str, str]) -> night.Checksums:
    """What this process alone ends with, on a database and a lake of its own."""
    with night.home(platform(stores)) as home:
        settings = dataclasses.replace(home, broker_url=None)
        with surroundings({**launch.QUIET, **settings.variables()}), session(settings) as at:
            alone.carry_out(at)
        return night.checksums(str(settings.database_url))


def refusals(settings: Settings) -> dict[str, str]:
    """What a third worker is answered at its start, by what is wrong with its settings."""
    folder = settings.home / "workers" / "3"
    broker, lake = str(settings.broker_url), settings.lake_url
    wrong: dict[str, dict[str, Any]] = {
        "nothing": {},
        "password of the broker": {"broker_url": broker.replace("@", "x@")},
        "port of the broker": {"broker_url": f"amqp://127.0.0.1:{chosen_port('a port', 0)}//"},
        "folder of the lake": {"lake_url": f"{lake}-of-others"},
        "bucket of the lake": {"lake_url": "s3://nobody-made-it/lake"},
        "landing": {"landing": str(folder / "landing")},
    }
    answers = {}
    for name, changed in wrong.items():
        try:
            refuse_unfit(dataclasses.replace(settings, home=folder, **changed))
            answers[name] = ""
        except UserError as refused:
            answers[name] = f"{refused.message}; next step: {refused.next_step}"
    return answers


@contextmanager
def machines(
    settings: Settings,
    cores: Sequence[int | None] = (None, None),
    enter: Callable[[Session], None] = enter_sites,
    monitor_every_s: int = 2,
) -> Iterator[Machines]:
    """The broker (ours, unless one is named), workers, a code server and the daemon for a block.

    `cores`: for each worker the core that it is pinned to, or None. `enter` enters the sites.
    `monitor_every_s`: how often the daemon looks for dead workers; a user's looks every 15 s.
    """
    from dagster._core.workspace.load_target import GrpcServerTarget

    broker = broker_of.prepare(settings) if settings.broker_url is None else None
    settings = dataclasses.replace(settings, runs_at_once=len(cores))
    settings = local.settings_with(settings, broker, len(cores))
    code = chosen_port("the code server's port", 0)
    children: dict[str, Child] = {}
    with surroundings({**launch.QUIET, **settings.variables()}), session(settings) as at, _ended(children):
        environment = launch.environment(settings)

        def begin(name: str, command: list[str], surroundings: dict[str, str]) -> None:
            children[name] = processes.start(name, command, surroundings, settings.logs / f"{name}.log")

        begin("code", launch.code_server(DEFINITIONS, code), environment)
        if broker is not None:
            own = {"PATH": os.environ["PATH"], **broker_of.environment(broker)}
            begin("broker-names", broker_of.name_server(broker), own)
            begin("broker", broker_of.server(), own)
        enter(at)
        _look_every(monitor_every_s, launch.install_dagster_home(settings, code))
        until(lambda: local.answers(settings), PATIENCE_S, "the broker does not answer")
        for number, core in enumerate(cores, start=1):
            own = {**environment, **local.surroundings(settings, number)}
            pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]
            begin(f"worker-{number}", [*pinned, *local.command(number)], own)
        until(lambda: code_server_answers(code), PATIENCE_S, "the code server does not answer")
        begin("daemon", launch.daemon(settings), environment)
        target = GrpcServerTarget("127.0.0.1", code, None, "battery_assets")
        with asking(at.instance, target) as ask:
            started = Machines(settings, at.instance, children, ask)
            until(lambda: local.listening(settings) >= len(cores), PATIENCE_S, started.said("worker-1"))
            yield started


def _look_every(seconds: int, home: Path) -> None:
    """Let the daemon look for dead workers so often: a test has nothing to show of a user's wait."""
    text, period = (home / "dagster.yaml").read_text(), "poll_interval_seconds: {}"
    assert text.count(period.format(15)) == 1
    (home / "dagster.yaml").write_text(text.replace(period.format(15), period.format(seconds)))


@contextmanager
def _ended(children: dict[str, Child]) -> Iterator[None]:
    try:
        yield
    finally:
        processes.end([child for name, child in children.items() if name not in ("broker", "broker-names")])
        processes.end(list(children.values()))
