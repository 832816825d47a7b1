"""The job core: one worker a job, states that end, and a killed worker that is noticed."""

import subprocess
import sys
import threading
from decimal import Decimal

import dagster as dg
import pytest
import sqlalchemy as sa

from battery_assets.platform.jobs import core
from battery_assets.platform.jobs.abandoned import abandoned_jobs_sensor
from battery_assets.platform.jobs.work import working
from battery_assets.platform.warehouse.database import transaction
from battery_assets.tables.service.jobs import job, job_log


def ask(url: str, kind: str = "cell_training", **facts) -> int:
    with transaction(url) as connection:
        return core.ask(connection, kind, facts, steps=4)


def row(url: str, number: int) -> sa.Row:
    with transaction(url) as connection:
        return connection.execute(sa.select(job).where(job.c.id == number)).one()


def lines(url: str, number: int) -> list[tuple[str, str]]:
    query = (
        sa.select(job_log.c.level, job_log.c.message).where(job_log.c.job_id == number).order_by(job_log.c.id)
    )
    with transaction(url) as connection:
        return [tuple(one) for one in connection.execute(query)]


def test_progress_is_seen_while_the_work_goes_on(warehouse_url):
    number = ask(warehouse_url, algorithm="baseline")
    with working(warehouse_url, number, "run-1") as work:
        assert work.facts == {"algorithm": "baseline"}
        assert work.report(1, 4) is False
        work.say("half the way")
        seen = row(warehouse_url, number)
        assert (seen.state, seen.progress, seen.step, seen.run_id) == ("running", Decimal("0.25"), 1, "run-1")
        assert lines(warehouse_url, number) == [("INFO", "half the way")]
    done = row(warehouse_url, number)
    assert (done.state, done.progress) == ("succeeded", 1)
    assert done.finished_at >= done.started_at >= done.created_at


def test_a_job_has_one_worker(warehouse_url):
    number, taken = ask(warehouse_url), []

    def try_it() -> None:
        try:
            with working(warehouse_url, number):
                taken.append(number)
        except core.JobLost:
            pass

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert taken == [number]
    with pytest.raises(core.JobLost, match="is not in the queue: succeeded"), working(warehouse_url, number):
        pass


def test_a_stop_is_heard_with_the_next_step(warehouse_url):
    number = ask(warehouse_url)
    with working(warehouse_url, number) as work:
        assert not work.report(1, 4)
        with transaction(warehouse_url) as connection:
            assert core.stop(connection, number) == "running"
        assert work.report(2, 4)
    assert row(warehouse_url, number).state == "stopped"
    waiting = ask(warehouse_url)
    with transaction(warehouse_url) as connection:
        assert core.stop(connection, waiting) == "stopped"


def test_a_failure_is_kept_with_its_reason(warehouse_url):
    number = ask(warehouse_url)
    with pytest.raises(ValueError, match="no cells"), working(warehouse_url, number):
        raise ValueError("no cells; next step: bring in some")
    failed = row(warehouse_url, number)
    assert (failed.state, failed.reason) == ("failed", "no cells; next step: bring in some")
    assert lines(warehouse_url, number) == [("ERROR", failed.reason)]


KILLED = """
import os, signal, sys
from battery_assets.platform.jobs.work import working
with working(sys.argv[1], int(sys.argv[2])) as work:
    work.report(1, 4)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_worker_leaves_a_failed_job(warehouse_url, warehouse):
    assert core.LEASE_S * 2 < 60, "a lease and the sensor's interval together are under a minute"
    number = ask(warehouse_url, algorithm="bilstm")
    dead = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, warehouse_url, str(number)], check=False
    )
    assert dead.returncode == -9
    left = row(warehouse_url, number)
    assert left.state == "running"
    status = sa.text("SELECT status FROM lab_training.training_job WHERE id = :id")
    with transaction(warehouse_url) as connection:
        assert connection.execute(status, {"id": number}).scalar_one() == "running"
        passed = sa.func.now() - sa.text("interval '1 second'")
        connection.execute(sa.update(job).where(job.c.id == number).values(lease_until=passed))
    with transaction(warehouse_url) as connection:
        assert connection.execute(status, {"id": number}).scalar_one() == "failed", (
            "the view tells it at once"
        )
    sensor = abandoned_jobs_sensor(warehouse)
    with dg.DagsterInstance.ephemeral() as instance:
        said = sensor(dg.build_sensor_context(instance=instance))
    assert str(number) in said.skip_message
    assert (row(warehouse_url, number).state, row(warehouse_url, number).reason) == ("failed", core.GONE)


def lose(url: str, number: int) -> None:
    """Work on a job that somebody else fails meanwhile."""
    with working(url, number) as work:
        with transaction(url) as connection:
            connection.execute(sa.update(job).where(job.c.id == number).values(lease_until=sa.func.now()))
        with transaction(url) as connection:
            assert core.fail_abandoned(connection) == [number]
        work.report(1, 4)


def test_who_lost_a_job_cannot_go_on_with_it(warehouse_url):
    number = ask(warehouse_url)
    with pytest.raises(core.JobLost, match="any more: failed"):
        lose(warehouse_url, number)
    assert row(warehouse_url, number).reason == core.GONE


def test_a_state_that_is_none_is_refused(warehouse_url):
    number = ask(warehouse_url)
    with pytest.raises(sa.exc.IntegrityError, match="ck_job_state"), transaction(warehouse_url) as connection:
        connection.execute(sa.update(job).where(job.c.id == number).values(state="paused"))
