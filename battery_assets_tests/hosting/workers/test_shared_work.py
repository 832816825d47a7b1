"""Datasets and campaigns are whole runs as months of sites are: each goes to whichever worker is free."""

import pytest

pytest.importorskip("dagster_celery", reason="the extra [scale] is not installed")

from types import SimpleNamespace

import dagster as dg
import yaml
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import unpack_value

from battery_assets.definitions import defs
from battery_assets.hosting.database_urls import libpq_url
from battery_assets.hosting.workers import queue
from battery_assets.hosting.workers.launcher import TASK_ID, WorkersRunLauncher
from battery_assets.platform.dagster.partitions import site_months
from battery_assets.settings import PACKAGE

LEARNING = ("dataset", "experiment", "hpo_campaign", "nas_campaign")
JOBS = ("site_month", *LEARNING)


@pytest.fixture
def workers(warehouse_url, tmp_path):
    """The launcher with a broker in this process, and the instance whose runs it gets."""
    database = libpq_url(warehouse_url).replace("postgresql:", "postgresql+psycopg2:")
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        made = WorkersRunLauncher("memory://", database)
        made.register_instance(instance)
        yield made, instance


def launched(workers: WorkersRunLauncher, instance: dg.DagsterInstance, job: str) -> dg.DagsterRun:
    """A run of a job, handed to the broker."""
    code = RepositoryPythonOrigin("python", ModuleCodePointer("battery_assets.definitions", "defs"))
    run = instance.add_run(dg.DagsterRun(job_name=job, job_code_origin=JobPythonOrigin(job, code)))
    workers.launch_run(SimpleNamespace(dagster_run=run, workspace=None))
    return instance.get_run_by_id(run.run_id)


def taken(workers: WorkersRunLauncher, most: int) -> list[str]:
    """Ids of the runs that a worker takes from the broker, at most so many."""
    found = []
    with workers.celery.connection() as connection, connection.SimpleQueue(queue.NAME) as waiting:
        while len(found) < most and waiting.qsize():
            message = waiting.get(block=False)
            arguments = message.payload[1]["execute_job_args_packed"]
            found.append(unpack_value(arguments, as_type=ExecuteRunArgs).run_id)
            message.ack()
    return found


def test_two_workers_take_every_kind_of_job_from_one_queue_each_run_once(workers):
    launcher, instance = workers
    runs = [launched(launcher, instance, job) for job in (*JOBS, *JOBS)]
    first, second, rest = (taken(launcher, most) for most in (3, 4, 99))
    assert sorted([*first, *second, *rest]) == sorted(run.run_id for run in runs)
    assert (len(first), len(second)) == (3, 4)
    assert len({run.tags[TASK_ID] for run in runs}) == len(runs)


@pytest.mark.parametrize("job", JOBS)
def test_a_job_is_one_process_and_waits_for_no_pool(job):
    definition = defs.resolve_job_def(job)
    assert definition.executor_def.name == "in_process"
    assert not {pool for node in definition.all_node_defs for pool in node.pools}


def test_only_months_of_one_site_wait_for_each_other():
    dagster = yaml.safe_load((PACKAGE.parent / "dagster.yaml").read_text())
    limits = {limit["key"] for limit in dagster["concurrency"]["runs"]["tag_concurrency_limits"]}
    assert limits == {"dagster/partition/site"}
    cuts = {job: defs.resolve_job_def(job).partitions_def for job in JOBS}
    assert cuts["site_month"] == site_months
    assert all(not isinstance(cuts[job], dg.MultiPartitionsDefinition) for job in LEARNING), (
        "a dimension named site would let its runs wait for each other"
    )
