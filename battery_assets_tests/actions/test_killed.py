"""Commands that were killed leave no process at work, and no run that says it is."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

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


@pytest.fixture
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
    assert eventually(lambda: len(list(at_work.iterdir())) == 2, 60)
    workers = [int(path.name) for path in at_work.iterdir()]
    assert all(is_at_work(pid) for pid in workers)
    command.send_signal(signal.SIGKILL)
    command.wait()
    assert eventually(lambda: not any(is_at_work(pid) for pid in workers), 5)
