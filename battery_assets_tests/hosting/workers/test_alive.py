"""A run's lock: held while somebody works, free the moment its process is gone."""

import os
import signal
import subprocess
import sys
import time
import uuid

import psycopg

from battery_assets.hosting.database_urls import libpq_url
from battery_assets.hosting.workers import alive

HOLD = """
import sys, time
from battery_assets.hosting.workers.alive import working_on
with working_on(sys.argv[1], sys.argv[2]) as alone:
    print(alone, flush=True)
    time.sleep(600)
"""


def test_a_run_is_worked_on_by_one_process_at_a_time(warehouse_url):
    run = uuid.uuid4().hex
    assert not alive.is_worked_on(warehouse_url, run)
    with alive.working_on(warehouse_url, run) as alone:
        assert alone
        assert alive.is_worked_on(warehouse_url, run)
        assert not alive.is_worked_on(warehouse_url, uuid.uuid4().hex)
        with alive.working_on(warehouse_url, run) as second:
            assert not second
        assert alive.is_worked_on(warehouse_url, run)
    assert not alive.is_worked_on(warehouse_url, run)


def test_a_killed_process_holds_nothing(warehouse_url):
    run = uuid.uuid4().hex
    command = [sys.executable, "-c", HOLD, warehouse_url, run]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "True\n"
        assert alive.is_worked_on(warehouse_url, run)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(20)
    deadline = time.monotonic() + 20
    while alive.is_worked_on(warehouse_url, run):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_lock_that_the_database_lost_is_taken_again(warehouse_url, monkeypatch):
    monkeypatch.setattr(alive, "LOOK_S", 0.2)
    run = uuid.uuid4().hex
    with alive.working_on(warehouse_url, run):
        with psycopg.connect(libpq_url(warehouse_url), autocommit=True) as connection:
            [ended] = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE application_name = 'run' AND datname = current_database()"
            ).fetchone()
        assert ended == 1
        deadline = time.monotonic() + 20
        while not alive.is_worked_on(warehouse_url, run):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_one_missing_look_is_a_restart_and_two_are_a_death():
    missed = alive.Missed(apart_s=0.05)
    assert not missed.too_long("r", held=False)
    assert not missed.too_long("r", held=True)
    assert not missed.too_long("r", held=False)
    time.sleep(0.1)
    assert not missed.too_long("other", held=False)
    assert missed.too_long("r", held=False)
