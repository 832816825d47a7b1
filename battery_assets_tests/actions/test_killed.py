"""Commands that were killed leave no process at work, and no run that says it is."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from battery_assets.hosting import embedded_postgres
from battery_assets.settings import PACKAGE
from battery_assets_tests.worlds.homes import fresh_home

RUNS_FOR_LONG = """
import sys
from battery_assets.actions.session import session
from battery_assets_tests.worlds.tiny_definitions import defs
with session() as at:
    print("RUNS", flush=True)
    defs.resolve_job_def("slow_job").execute_in_process(instance=at.instance)
"""
WORKS_SIDE_BY_SIDE = """
import multiprocessing, os, sys, time
from concurrent.futures import ProcessPoolExecutor
from battery_assets.actions.demo import _begin
def work(folder):
    open(f"{folder}/{os.getpid()}", "w").close()
    time.sleep(300)
if __name__ == "__main__":
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"), initializer=_begin) as pool:
        list(pool.map(work, [sys.argv[1]] * 2))
"""

RUNS_BESIDE = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from battery_assets.actions.demo import _begin, _hurried
from battery_assets.actions.session import session
from battery_assets.commands.endings.interrupts import interrupted_in_order
def run():
    import dagster as dg
    from battery_assets_tests.worlds.tiny_definitions import defs
    defs.resolve_job_def("slow_job").execute_in_process(instance=dg.DagsterInstance.get())
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with interrupted_in_order(), session(), ProcessPoolExecutor(1, context, _begin) as pool, _hurried():
        pool.submit(run).result()
"""
INTERRUPTED = """
import os, signal
from battery_assets.commands.endings.interrupts import interrupted_in_order
with interrupted_in_order() as came:
    os.kill(os.getpid(), signal.SIGHUP)
    print("still here")
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except KeyboardInterrupt:
        print("asked")
"""
HOLDS_THE_DATABASE = """
import time
import click
from battery_assets.cli import main
from battery_assets.hosting.databases import running_database
from battery_assets.settings import Settings
@main.command()
def holds():
    with running_database(Settings.from_environment()):
        click.echo("HOLDS")
        time.sleep(300)
main(["holds"])
"""


IN_A_SCRIPT = """
import signal
from dagster._utils.interrupts import capture_interrupts
from battery_assets.commands.endings.interrupts import interrupted_in_order
from battery_assets.hosting.runs_here import signals_kept
with interrupted_in_order():
    with signals_kept(), capture_interrupts():
        print("runs")
    try:
        signal.raise_signal(signal.SIGTERM)
    except KeyboardInterrupt:
        print("asked")
"""


@pytest.fixture(autouse=True)
def heard():
    """Signals are heard here as in a shell, whatever the tests themselves were started by."""
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def is_at_work(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(is_so, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.1)
    return is_so()


@pytest.fixture(scope="module")
def home():
    before = dict(os.environ)
    with fresh_home() as settings:
        yield settings
    os.environ.clear()
    os.environ.update(before)


def test_a_run_whose_command_was_killed_has_failed_when_the_next_command_ends(home):
    from dagster import DagsterRunStatus

    from battery_assets.actions.session import session

    with session(home) as at:
        environment = {**os.environ, "BATTERY_HOME": str(home.home), "PYTHONPATH": str(PACKAGE.parent)}
        killed = subprocess.Popen(
            [sys.executable, "-c", RUNS_FOR_LONG], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert killed.stdout.readline() == "RUNS\n"

        def state() -> list[DagsterRunStatus]:
            return [run.status for run in at.instance.get_runs()]

        assert eventually(lambda: state() == [DagsterRunStatus.STARTED], 60)
        time.sleep(1)
        with session(home):
            assert state() == [DagsterRunStatus.STARTED], "its command is alive"
        killed.kill()
        killed.communicate()
        with session(home):
            assert state() == [DagsterRunStatus.FAILURE]


def test_workers_die_with_the_command_that_started_them(tmp_path):
    script = tmp_path / "work.py"
    script.write_text(WORKS_SIDE_BY_SIDE)
    at_work = tmp_path / "at_work"
    at_work.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    command = subprocess.Popen([sys.executable, str(script), str(at_work)], env=environment)
    assert eventually(lambda: len(list(at_work.iterdir())) == 2, 180)
    workers = [int(path.name) for path in at_work.iterdir()]
    assert all(is_at_work(pid) for pid in workers)
    command.send_signal(signal.SIGKILL)
    command.wait()
    assert eventually(lambda: not any(is_at_work(pid) for pid in workers), 5)


def test_a_command_that_is_asked_to_end_leaves_no_run_that_says_it_goes_on(home, tmp_path):
    """Nor does it wait for what its workers do, which may take minutes."""
    from dagster import DagsterRunStatus

    from battery_assets.actions.session import session

    script = tmp_path / "beside.py"
    script.write_text(RUNS_BESIDE)
    with session(home) as at:
        environment = {**os.environ, "BATTERY_HOME": str(home.home), "PYTHONPATH": str(PACKAGE.parent)}
        before = {run.run_id for run in at.instance.get_runs()}
        command = subprocess.Popen([sys.executable, str(script)], env=environment, stderr=subprocess.PIPE)

        def state() -> list[DagsterRunStatus]:
            return [run.status for run in at.instance.get_runs() if run.run_id not in before]

        assert eventually(lambda: state() == [DagsterRunStatus.STARTED], 120)
        command.send_signal(signal.SIGTERM)
        command.communicate(timeout=60)
        assert state() == [DagsterRunStatus.FAILURE]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_command_that_is_asked_to_end_stops_its_database(home, number):
    environment = {**os.environ, "BATTERY_HOME": str(home.home), "PYTHONPATH": str(PACKAGE.parent)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = subprocess.Popen([sys.executable, "-c", HOLDS_THE_DATABASE], env=environment, **pipes)
    assert command.stdout.readline() == "HOLDS\n"
    assert embedded_postgres.answers(home)
    command.send_signal(number)
    _, said = command.communicate(timeout=60)
    assert (command.returncode, said) == (128 + number, "interrupted; run it again to go on\n")
    assert not embedded_postgres.answers(home)


def test_what_a_shell_lets_a_command_ignore_does_not_end_it():
    ignored = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)}, check=True,
        capture_output=True, text=True, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    assert ignored.stdout.split() == ["still", "here", "asked"]


def test_a_command_that_a_script_starts_beside_itself_can_be_asked_to_end_after_a_run():
    """Such a command ignores Ctrl-C, and Dagster lets SIGTERM be what Ctrl-C is."""
    ended = subprocess.run(
        [sys.executable, "-c", IN_A_SCRIPT], env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)}, check=True,
        capture_output=True, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )  # fmt: skip
    assert ended.stdout.split() == ["runs", "asked"]
