"""Dagster's pages and daemon, one code server for both, MLflow, the API: started, watched, stopped."""

import contextlib
import itertools
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from battery_assets.errors import Failure, UserError
from battery_assets.hosting import launch, processes
from battery_assets.hosting.database_urls import DatabaseUrls
from battery_assets.hosting.databases import revive, running_database
from battery_assets.hosting.presence import Presence, announce, only_one
from battery_assets.hosting.processes import Child
from battery_assets.hosting.readiness import DagsterStorage, code_server_answers, http_answers, load_error
from battery_assets.hosting.workers import local
from battery_assets.hosting.workers.broker import Broker, name_server
from battery_assets.hosting.workers.broker import environment as environment_of
from battery_assets.hosting.workers.broker import server as broker_server
from battery_assets.platform.run_files import free_from_folder
from battery_assets.settings import Settings

DEFINITIONS = "battery_assets.definitions"
START_TIMEOUT_S = 180.0
# Every so many looks at the services, one at the database's process: that costs ten times as much.
LOOKS = 4
LAST = ("mlflow", "broker", "broker-names")

Progress = Callable[[str, str], None]


def serve(
    settings: Settings,
    migrate: Callable[[Settings], None],
    progress: Progress,
    on_ready: Callable[[Presence], None],
    definitions: str = DEFINITIONS,
    workers: int = 0,
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP, then stop everything within 30 s; a second signal stops at once.

    `workers`: so many carry out the runs, and a broker of our own hands them out.

    `progress(service, state)` hears each step, `on_ready` the addresses when every service answers.
    UserError if another `up` serves this home, a port is taken, or a service ends by itself.
    """
    with only_one(settings) as file, _stop_signals() as stopping:
        presence = Presence(
            pid=os.getpid(),
            web=chosen_port("BATTERY_WEB_PORT", settings.web_port),
            mlflow=chosen_port("BATTERY_MLFLOW_PORT", settings.mlflow_port),
            code=chosen_port("the code server's port", 0),
            api=chosen_port("BATTERY_API_PORT", settings.api_port),
        )
        announce(file, presence)
        broker = local.broker_for(settings, workers)
        settings = local.settings_with(settings, broker, workers)
        progress("database", "starting")
        with running_database(settings) as urls:
            progress("database", "migrating")
            migrate(settings)
            progress("database", "ready")
            with _children(progress) as children:
                start = _Start(settings, urls, presence, children, stopping, progress)
                if broker is not None:
                    start.broker(broker)
                start.all(definitions)
                start.workers(workers)
                if not stopping.is_set():
                    on_ready(presence)
                looks = itertools.count()
                while not stopping.wait(0.5):
                    start.revive_workers()
                    _refuse_ended(children)
                    if next(looks) % LOOKS == 0:
                        revive(settings, urls, lambda: progress("database", "died, is started again"))


def chosen_port(key: str, wanted: int) -> int:
    """The wanted port of 127.0.0.1, or any free one for 0; UserError names the variable where it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise UserError(
                f"{key}={wanted} cannot be used on 127.0.0.1: {error.strerror}",
                f"stop the program that uses it, or set {key} to another port, or to 0 for any free one",
            ) from None
        return int(probe.getsockname()[1])


class _Start:
    """One start of all services, in the order of need."""

    def __init__(
        self,
        settings: Settings,
        urls: DatabaseUrls,
        presence: Presence,
        children: list[Child],
        stopping: threading.Event,
        progress: Progress,
    ) -> None:
        self.settings, self.urls, self.presence = settings, urls, presence
        self.children, self.stopping, self.progress = children, stopping, progress
        self.environment = launch.environment(settings)

    def all(self, definitions: str) -> None:
        """Start each service, and await of each an answer that only it can give."""
        settings, presence = self.settings, self.presence
        launch.install_dagster_home(settings, presence.code)
        with DagsterStorage(settings, self.urls) as storage:
            if settings.database_url is None:
                storage.fail_abandoned_runs()
            # Runs that were logged before name the folder that their files lay in then.
            free_from_folder(self.urls.mlflow, settings.artifacts_url)
            self.begin(
                "mlflow", launch.mlflow_server(settings, presence.mlflow), launch.mlflow_secrets(self.urls)
            )
            self.begin("notify", launch.notify(), launch.notify_secrets(settings))
            self.begin("code-server", launch.code_server(definitions, presence.code))
            self.wait_for("code-server", lambda: code_server_answers(presence.code))
            since = time.time()
            self.begin("webserver", launch.webserver(settings, presence.web))
            self.begin("daemon", launch.daemon(settings))
            self.begin("api", launch.api(presence.api))
            self.wait_for("notify", lambda: launch.notify_works(settings))
            self.wait_for("webserver", lambda: http_answers(f"{presence.web_url}/server_info"))
            self.wait_for("daemon", lambda: storage.daemon_beats_since(since))
            self.wait_for("mlflow", lambda: http_answers(f"{presence.mlflow_url}/health"))
            self.wait_for("api", lambda: http_answers(f"{presence.api_url}/api/v1/health"))
        problem = None if self.stopping.is_set() else load_error(presence.web_url)
        if problem:
            self.progress("code-server", f"cannot load the definitions (the pages show it): {problem}")

    def broker(self, broker: Broker) -> None:
        """Start a broker of our own, which hears nothing of our secrets."""
        surroundings = {"PATH": os.environ.get("PATH", os.defpath), **environment_of(broker)}
        self.begin("broker-names", name_server(broker), only=surroundings)
        self.begin("broker", broker_server(), only=surroundings)
        self.wait_for("broker", lambda: local.answers(self.settings))

    def workers(self, count: int) -> None:
        """Start so many workers, and wait until each listens."""
        for number in range(1, count + 1):
            self.begin(f"worker-{number}", local.command(number), local.surroundings(self.settings, number))
        if count:
            self.wait_for("workers", lambda: local.listening(self.settings) >= count)

    def revive_workers(self) -> None:
        """Start a worker again that has ended, unless it ended at once: its run is begun anew by another."""
        for child in [one for one in self.children if one.name.startswith("worker-")]:
            if child.exit_code() is not None and child.lived_s() > local.AT_ONCE_S:
                self.progress(child.name, f"ended with exit code {child.exit_code()}, is started again")
                number = int(child.name.partition("-")[2])
                self.children.remove(child)
                self.begin(child.name, local.command(number), local.surroundings(self.settings, number))

    def begin(
        self,
        name: str,
        command: list[str],
        secrets: dict[str, str] | None = None,
        only: dict[str, str] | None = None,
    ) -> None:
        """Start one service, unless we were asked to stop meanwhile."""
        if self.stopping.is_set():
            return
        self.progress(name, "starting")
        log = self.settings.logs / f"{name}.log"
        surroundings = only or {**self.environment, **(secrets or {})}
        self.children.append(processes.start(name, command, surroundings, log))

    def wait_for(self, name: str, answers: Callable[[], bool]) -> None:
        """Wait for one service's answer; UserError when one has ended or time is up."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.stopping.is_set() and not answers():
            _refuse_ended(self.children)
            if time.monotonic() > deadline:
                log = self.settings.logs / f"{name}.log"
                raise Failure(f"{name} does not answer after {START_TIMEOUT_S:.0f} s", f"read {log}")
            self.stopping.wait(0.2)
        if not self.stopping.is_set():
            self.progress(name, "ready")


def _refuse_ended(children: list[Child]) -> None:
    ended = processes.first_ended(children)
    if ended is not None:
        raise Failure(
            f"{ended.name} ended by itself with exit code {ended.exit_code()}:\n{ended.last_lines()}",
            f"read {ended.log}, then run `battery-assets up` again",
        )


@contextmanager
def _children(progress: Progress) -> Iterator[list[Child]]:
    """A list whose members end with the block; last those that runs which are cancelled still write to."""
    children: list[Child] = []
    try:
        yield children
    finally:
        progress("all", "stopping")
        try:
            processes.end([child for child in children if child.name not in LAST])
            processes.end(children)
        except KeyboardInterrupt:
            processes.end(children, hurry=True)
            raise


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """An event that the first signal sets; the second one interrupts whatever is under way."""
    stopping = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        stopping.set()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            with contextlib.suppress(TypeError):
                signal.signal(number, handler)
