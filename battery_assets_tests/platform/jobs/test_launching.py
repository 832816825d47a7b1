"""Jobs that the daemon begins: launched once, followed to their end, stopped."""

from types import SimpleNamespace

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.test_utils import create_run_for_test

from battery_assets.platform.jobs import core
from battery_assets.platform.jobs.launching import (
    REQUEST_TAG,
    TAG,
    Launch,
    cancel,
    launch_later,
    tended,
    unfinished,
)
from battery_assets.platform.warehouse.database import transaction
from battery_assets.tables.service.jobs import job, job_log

MONTHS = Launch("site_month", ["2025-01|alpha", "2025-02|alpha"], followed=True, by="key:1 ops")
OK, BAD, GONE = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED
WAITS, RUNS = dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def asked(warehouse, launch: Launch) -> int:
    with warehouse.transaction() as connection:
        number = core.ask(connection, "backfill", {}, len(launch.partitions))
        launch_later(connection, number, launch, "request-1")
        return number


def tick(warehouse, instance) -> list[dg.RunRequest]:
    """What a tick launches; no run comes of it here."""
    with warehouse.transaction() as connection:
        rows = unfinished(connection)
    return [one for row in rows for one in tended(warehouse, instance, row)]


def ran(instance, number: int, key: str, status: dg.DagsterRunStatus) -> None:
    tags = {TAG: str(number), "dagster/partition": key}
    create_run_for_test(instance, job_name="site_month", tags=tags, status=status)


def row(warehouse, number: int) -> sa.Row:
    with warehouse.transaction() as connection:
        return connection.execute(sa.select(job).where(job.c.id == number)).one()


def test_each_partition_is_asked_for_in_order_under_a_key_of_its_own(warehouse, instance):
    number = asked(warehouse, MONTHS)
    first = tick(warehouse, instance)
    assert [one.run_key for one in first] == [f"job {number} {key}" for key in MONTHS.partitions]
    assert [str(one.partition_key) for one in first] == MONTHS.partitions
    assert first[0].tags == {TAG: str(number), REQUEST_TAG: "request-1"}
    assert instance.get_dynamic_partitions("month") == ["2025-01", "2025-02"]
    ran(instance, number, "2025-01|alpha", WAITS)
    assert [one.partition_key for one in tick(warehouse, instance)] == ["2025-02|alpha"]
    ran(instance, number, "2025-02|alpha", WAITS)
    assert tick(warehouse, instance) == []
    assert row(warehouse, number).launched_at is not None


def test_names_become_partitions_with_their_run(warehouse, instance):
    asked(warehouse, Launch("experiment", ["e1"], {"experiments": {"config": {"job_id": 1}}}, "experiment"))
    [request] = tick(warehouse, instance)
    assert request.run_config == {"ops": {"experiments": {"config": {"job_id": 1}}}}
    assert instance.get_dynamic_partitions("experiment") == ["e1"]


@pytest.mark.parametrize(
    ("statuses", "state", "step"),
    [
        ((OK, RUNS), "running", 1),
        ((OK, OK), "succeeded", 2),
        ((OK, BAD), "failed", 2),
        ((GONE, OK), "failed", 2),
    ],
)
def test_a_job_that_is_its_runs_goes_as_they_go(warehouse, instance, statuses, state, step):
    number = asked(warehouse, MONTHS)
    for key, status in zip(MONTHS.partitions, statuses, strict=True):
        ran(instance, number, key, status)
    tick(warehouse, instance)
    there = row(warehouse, number)
    assert (there.state, there.step) == (state, step)
    with transaction(warehouse.database_url) as connection:
        core.fail_abandoned(connection)
    assert row(warehouse, number).state == state
    if state == "failed":
        assert "2025-0" in there.reason
    with warehouse.transaction() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(job_log)).scalar_one() >= 1


def test_a_run_that_was_launched_anew_counts_and_not_the_one_before(warehouse, instance):
    number = asked(warehouse, MONTHS)
    ran(instance, number, "2025-01|alpha", BAD)
    ran(instance, number, "2025-02|alpha", OK)
    ran(instance, number, "2025-01|alpha", OK)
    tick(warehouse, instance)
    assert row(warehouse, number).state == "succeeded"


def test_a_run_that_never_began_its_job_fails_it(warehouse, instance):
    number = asked(warehouse, Launch("lab_training", ["bench"]))
    ran(instance, number, "bench", BAD)
    tick(warehouse, instance)
    assert (row(warehouse, number).state, "read the run" in row(warehouse, number).reason) == ("failed", True)
    assert tick(warehouse, instance) == []


def test_what_is_stopped_launches_nothing_more_and_ends_with_what_runs(warehouse, instance):
    number = asked(warehouse, MONTHS)
    ran(instance, number, "2025-01|alpha", RUNS)
    tick(warehouse, instance)
    with warehouse.transaction() as connection:
        core.stop(connection, number)
    assert tick(warehouse, instance) == []
    assert row(warehouse, number).state == "running"
    ran(instance, number, "2025-01|alpha", OK)
    tick(warehouse, instance)
    assert row(warehouse, number).state == "stopped"


def test_only_what_waits_is_taken_out_of_the_queue():
    cancelled: list[str] = []
    coordinator = SimpleNamespace(cancel_run=cancelled.append)
    runs = [
        SimpleNamespace(run_id="w", status=dg.DagsterRunStatus.QUEUED),
        SimpleNamespace(run_id="r", status=RUNS),
    ]
    cancel(SimpleNamespace(run_coordinator=coordinator), runs)
    assert cancelled == ["w"]


def test_what_was_stopped_in_the_queue_is_not_launched(warehouse, instance):
    number = asked(warehouse, MONTHS)
    with warehouse.transaction() as connection:
        core.stop(connection, number)
    assert tick(warehouse, instance) == []
    assert row(warehouse, number).state == "stopped"
