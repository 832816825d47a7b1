"""Which runs the clock asks for."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from battery_assets import definitions as d
from battery_assets.lab.sensors import lab_landing_sensor
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse

SCHEDULES = {schedule.name: schedule for schedule in d.defs.schedules}


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as made:
        made.add_dynamic_partitions("site", ["alpha", "beta"])
        made.add_dynamic_partitions("lab", ["bench"])
        yield made


def requests(name: str, instance: dg.DagsterInstance, *at: int) -> list[dg.RunRequest]:
    context = dg.build_schedule_context(
        instance, datetime(*at, tzinfo=UTC), repository_def=d.defs.get_repository_def()
    )
    with context:
        return SCHEDULES[name].evaluate_tick(context).run_requests


@pytest.mark.parametrize(
    ("name", "at", "month"),
    [
        ("current_month", (2025, 3, 17, 1, 15), "2025-03"),
        ("current_month", (2025, 3, 1, 1, 15), "2025-03"),
        ("current_month", (2024, 12, 31, 1, 15), "2024-12"),
        ("closed_month", (2025, 3, 2, 3, 0), "2025-02"),
        ("closed_month", (2025, 1, 2, 3, 0), "2024-12"),
        ("closed_month", (2024, 3, 2, 3, 0), "2024-02"),
    ],
)  # fmt: skip
def test_every_site_s_month_is_asked_for(instance, name, at, month):
    asked = requests(name, instance, *at)
    assert [request.partition_key for request in asked] == [f"{month}|alpha", f"{month}|beta"]
    assert len({request.run_key for request in asked}) == 2
    for request in asked:
        assert request.partition_key.keys_by_dimension == {
            "month": month,
            "site": request.partition_key.split("|")[1],
        }


@pytest.mark.parametrize(
    ("name", "month"), [("current_lab_month", "2025-03"), ("closed_lab_month", "2025-02")]
)
def test_labs_have_schedules_of_their_own(instance, name, month):
    [request] = requests(name, instance, 2025, 3, 2, 3, 0)
    assert request.partition_key == f"{month}|bench"


def test_a_lab_s_month_that_is_no_partition_keeps_no_other(instance, capfd):
    found = {("1970-01", "bench", "1"), ("2014-05", "bench", "1"), ("2199-01", "bench", "1")}
    sensor = lab_landing_sensor(Warehouse(database_url="", lake_url=""), Landing(folder=""), lambda *_: found)
    context = dg.build_sensor_context(instance, repository_def=d.defs.get_repository_def())
    with context, dg.partition_loading_context(dynamic_partitions_store=instance):
        [request] = sensor.evaluate_tick(context).run_requests
    assert request.partition_key == "2014-05|bench"
    assert "bench has rows of 1970-01, which is no partition: they are not loaded" in capfd.readouterr().err


def test_without_sites_nothing_is_asked_for(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as nobody:
        assert requests("current_month", nobody, 2025, 3, 17, 1, 15) == []


def test_a_month_is_a_cut_off_for_training(instance):
    [request] = requests("monthly_training", instance, 2025, 3, 3, 6, 0)
    assert request.partition_key == "2025-03"


def test_the_page_of_a_month_is_written_until_the_month_has_been_closed(instance):
    for day, months in ((2, ["2025-02", "2025-03"]), (3, ["2025-02", "2025-03"]), (4, ["2025-03"])):
        made = requests("nightly_report", instance, 2025, 3, day, 5, 0)
        assert [request.partition_key for request in made] == months


def test_the_jobs_know_the_partitions_that_are_asked_for(instance):
    for name, job in (("current_month", "site_month"), ("monthly_training", "training")):
        definition = d.defs.resolve_job_def(job).partitions_def
        for request in requests(name, instance, 2025, 3, 3, 1, 15):
            with dg.partition_loading_context(datetime(2025, 3, 3, tzinfo=UTC), instance):
                assert definition.has_partition_key(request.partition_key)


def test_the_clock_is_utc_and_the_month_closes_after_it_ended():
    assert {schedule.execution_timezone for schedule in SCHEDULES.values()} == {"UTC"}
    assert SCHEDULES["current_month"].cron_schedule == "15 1 * * *"
    assert SCHEDULES["closed_month"].cron_schedule == "0 3 2 * *"
    assert SCHEDULES["monthly_training"].cron_schedule == "0 6 3 * *"
