"""Two workers with separate homes, one of them killed in the middle of a run, with a real broker."""

import re

import pytest

from battery_assets.hosting.workers import broker
from battery_assets_tests.worlds.spread.alone import SITES, STEPS


@pytest.fixture(scope="module")
def outcome():
    pytest.importorskip("dagster_celery", reason="the extra [scale] is not installed")
    if not broker.installed():
        pytest.skip(
            "NO BROKER: rabbitmq-server is not installed, so workers were not tried; .ci/run installs it as root"
        )
    from battery_assets_tests.worlds.spread.machines import spread
    from battery_assets_tests.worlds.spread.stores import shared_stores

    with shared_stores() as stores:
        yield spread(stores)


def test_the_killed_worker_s_run_fails_and_is_done_by_the_other_worker(outcome):
    spread = outcome.spread
    assert spread.workers.keys() == {"worker-1", "worker-2"}, spread.workers
    [lost] = [run for run in spread.runs if run["status"] == "FAILURE"]
    [again] = [run for run in spread.runs if run["tags"].get("dagster/parent_run_id") == lost["runId"]]
    assert again["status"] == "SUCCESS"
    assert spread.workers[spread.killed] == 1, "a killed worker takes no other run"
    assert len(spread.runs) == len(SITES) + 1, "no other run fails"


def test_every_step_is_done_once(outcome):
    steps = outcome.spread.steps
    assert {site for partition, _ in steps for _, site in [partition.split("|")]} == {*SITES}
    assert ("2024-01|a", "telemetry_jar_calc") in steps
    assert {step for step, times in steps.items() if times > 1} == set()


def test_two_workers_end_with_the_checksums_of_one_undisturbed_process(outcome):
    alone = outcome.alone
    rows = {(table, site): count for (table, site, _), (count, _) in alone.items()}
    assert all(rows["telemetry_jar_raw", site] and rows["telemetry_jar_calc", site] for site in SITES)
    assert len(alone) >= len(STEPS) * len(SITES)
    assert outcome.spread.checksums == alone


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("password of the broker", r"the broker amqp://127.0.0.1:\d+ does not let us in.*BATTERY_BROKER_URL"),
        ("port of the broker", r"the broker amqp://127.0.0.1:\d+ does not let us in.*start it"),
        ("folder of the lake", r"-of-others is not the lake of this database.*of the lake: none.*BATTERY_LAKE_URL"),
        ("bucket of the lake", r"the lake s3://nobody-made-it/lake (cannot be read|is not the lake).*BATTERY_LAKE_URL"),
        ("landing", r"a home of this worker's own, and BATTERY_LANDING=.* no other machine sees"),
    ],
)  # fmt: skip
def test_a_third_worker_with_wrong_settings_is_refused_by_the_real_parts(outcome, wrong, words):
    assert outcome.refused["nothing"] == ""
    assert re.search(words, outcome.refused[wrong]), outcome.refused[wrong]
