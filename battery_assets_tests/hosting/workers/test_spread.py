"""Two workers with separate homes, one of them killed in the middle of a run, with a real broker."""

import os

import pytest

from battery_assets.hosting.workers import broker
from battery_assets_tests.worlds.spread import night
from battery_assets_tests.worlds.spread.stores import shared_stores


@pytest.fixture(scope="module")
def stores():
    if not os.environ.get("BATTERY_TEST_SPREAD"):
        # Three quarters of an hour on a loaded machine: too long for every run until it is shorter.
        pytest.skip("WORKERS NOT TRIED: set BATTERY_TEST_SPREAD=1 to spread a night over two of them")
    pytest.importorskip("dagster_celery", reason="the extra [scale] is not installed")
    if not broker.installed():
        pytest.skip("NO BROKER: rabbitmq-server is not installed; .ci/run installs it as root")
    with shared_stores() as found:
        yield found


def test_two_workers_one_killed_end_with_the_checksums_of_one_undisturbed_process(stores):
    spread = night.spread(stores)
    assert len(spread.workers.keys() & {"worker-1", "worker-2"}) == 2, spread.workers
    lost = [run for run in spread.runs if run["status"] == "FAILURE"]
    assert len(lost) == 1, "the killed worker's run, and no other"
    [again] = [run for run in spread.runs if run["tags"].get("dagster/parent_run_id") == lost[0]["runId"]]
    assert again["status"] == "SUCCESS"
    alone = night.undisturbed(stores)
    assert len(alone) > 50
    assert spread.checksums == alone
