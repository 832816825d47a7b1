"""New files in the landing folder run what they touch, and nothing else."""

import json
import uuid
from datetime import UTC, date, datetime

import dagster as dg
import polars as pl
import pytest

from battery_assets import definitions as d
from battery_assets.fleet.sensors import landing_changes, landing_sensor
from battery_assets.platform.landing import Landing
from battery_assets_tests.worlds.landing import export, jar_days, known, master_files

MARCH, APRIL = ("2025-03", "north"), ("2025-04", "north")


@pytest.fixture
def folder(warehouse, tmp_path):
    """A site whose landing folder has master data and two months of samples."""
    known(warehouse)
    folder = tmp_path / "landing"
    master_files(folder)
    export(jar_days(date(2025, 3, 1)), folder / "north", "telemetry_jar_raw_2025-03")
    export(jar_days(date(2025, 4, 1)), folder / "north", "telemetry_jar_raw_2025-04")
    return folder


def test_files_seen_for_the_first_time_touch_their_months(warehouse, folder):
    now, catalogue_changed, parts = landing_changes(warehouse, Landing(folder=str(folder)), {})
    assert catalogue_changed
    assert parts == {MARCH, APRIL}
    assert len(now) == 8
    assert landing_changes(warehouse, Landing(folder=str(folder)), now) == (now, False, set())


def test_a_new_file_touches_the_months_of_its_rows(warehouse, folder):
    before, *_ = landing_changes(warehouse, Landing(folder=str(folder)), {})
    export(jar_days(date(2025, 4, 30), date(2025, 5, 1)), folder / "north", "telemetry_jar_raw_more_1")
    _, catalogue_changed, parts = landing_changes(warehouse, Landing(folder=str(folder)), before)
    assert not catalogue_changed
    assert parts == {APRIL, ("2025-05", "north")}


def test_a_changed_file_is_a_new_one(warehouse, folder):
    before, *_ = landing_changes(warehouse, Landing(folder=str(folder)), {})
    export(jar_days(date(2025, 3, 1), date(2025, 3, 2)), folder / "north", "telemetry_jar_raw_2025-03")
    now, _, parts = landing_changes(warehouse, Landing(folder=str(folder)), before)
    assert parts == {MARCH}
    assert now.keys() == before.keys()


@pytest.mark.parametrize("name", ["battery", "location"])
def test_new_master_data_touch_every_month(warehouse, folder, name):
    before, *_ = landing_changes(warehouse, Landing(folder=str(folder)), {})
    path = folder / "north" / f"{name}.csv"
    path.rename(path.with_name(f"{name}_2.csv"))
    _, catalogue_changed, parts = landing_changes(warehouse, Landing(folder=str(folder)), before)
    assert not catalogue_changed
    assert parts == {MARCH, APRIL}


def test_a_new_catalogue_is_told_and_touches_every_month(warehouse, folder):
    before, *_ = landing_changes(warehouse, Landing(folder=str(folder)), {})
    path = folder / "north" / "battery_model.csv"
    path.rename(path.with_name("battery_model_2.csv"))
    assert landing_changes(warehouse, Landing(folder=str(folder)), before)[1:] == (True, {MARCH, APRIL})


def test_a_file_that_cannot_be_read_is_shown_in_every_month(warehouse, folder):
    before, *_ = landing_changes(warehouse, Landing(folder=str(folder)), {})
    (folder / "north" / "telemetry_jar_raw_3.csv.gz").write_bytes(b"no archive")
    assert landing_changes(warehouse, Landing(folder=str(folder)), before)[2] == {MARCH, APRIL}


def test_files_of_unknown_sites_and_of_synthetic_ones_are_left_alone(warehouse, folder):
    (folder / "north").rename(folder / "stranger")
    assert landing_changes(warehouse, Landing(folder=str(folder)), {}) == ({}, False, set())


@pytest.fixture
def instance(tmp_path_factory):
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as made:
        yield made


class Clock:
    """The sensor, ticking; what a tick says is kept for the next."""

    def __init__(self, warehouse, folder, instance) -> None:
        self.instance, self.cursor = instance, None
        self.sensor = landing_sensor(warehouse, Landing(folder=str(folder)))

    def tick(self):
        context = dg.build_sensor_context(
            instance_ref=self.instance.get_ref(),
            cursor=self.cursor,
            repository_def=d.defs.get_repository_def(),
        )
        with context:
            data = self.sensor.evaluate_tick(context)
        self.cursor = data.cursor
        for request in data.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions("site", request.partition_keys)
        return data

    def asked(self) -> list[tuple[str, str | None]]:
        return [(request.job_name, request.partition_key) for request in self.tick().run_requests or []]


def test_the_catalogue_runs_first_and_the_partitions_after_it(warehouse, folder, instance):
    clock = Clock(warehouse, folder, instance)
    assert clock.asked() == [("catalogue", None)]
    assert instance.get_dynamic_partitions("site") == ["north"]
    run = dg.DagsterRun(job_name="catalogue", run_id=str(uuid.uuid4()), status=dg.DagsterRunStatus.STARTED)
    instance.add_run(run)
    assert "waiting for the catalogue" in clock.tick().skip_message
    instance.delete_run(run.run_id)
    assert clock.asked() == [("site_month", "2025-03|north"), ("site_month", "2025-04|north")]
    assert clock.tick().skip_message == "no new files"


def test_a_site_that_is_new_to_dagster_runs_in_the_same_tick(warehouse, folder, instance):
    (folder / "north" / "battery_model.csv").unlink()
    clock = Clock(warehouse, folder, instance)
    assert clock.asked() == [("site_month", "2025-03|north"), ("site_month", "2025-04|north")]
    assert instance.get_dynamic_partitions("site") == ["north"]


def test_a_late_file_runs_its_month_alone(warehouse, folder, instance):
    clock = Clock(warehouse, folder, instance)
    clock.tick(), clock.tick()
    export(jar_days(date(2025, 3, 5)), folder / "north", "telemetry_jar_raw_late_1")
    assert clock.asked() == [("site_month", "2025-03|north")]


def test_files_that_come_while_the_catalogue_runs_are_not_forgotten(warehouse, folder, instance):
    clock = Clock(warehouse, folder, instance)
    clock.tick()
    run = dg.DagsterRun(job_name="catalogue", run_id=str(uuid.uuid4()), status=dg.DagsterRunStatus.STARTED)
    instance.add_run(run)
    export(jar_days(date(2025, 5, 5)), folder / "north", "telemetry_jar_raw_2025-05")
    assert clock.tick().skip_message
    instance.delete_run(run.run_id)
    assert [key for _, key in clock.asked()] == ["2025-03|north", "2025-04|north", "2025-05|north"]


def test_a_month_that_is_no_partition_stops_no_other(warehouse, folder, instance):
    old = (
        jar_days(date(2025, 3, 1)).with_columns(pl.lit(datetime(2001, 1, 1, tzinfo=UTC)).alias("ts")).head(1)
    )
    export(old, folder / "north", "telemetry_jar_raw_2001")
    clock = Clock(warehouse, folder, instance)
    clock.tick()
    assert [key for _, key in clock.asked()] == ["2025-03|north", "2025-04|north"]
    assert set(json.loads(clock.cursor)) == {"files", "waiting"}


def test_a_deleted_file_runs_nothing(warehouse, folder, instance):
    clock = Clock(warehouse, folder, instance)
    clock.tick(), clock.tick()
    (folder / "north" / "telemetry_jar_raw_2025-04.csv").unlink()
    assert clock.asked() == []
    assert clock.tick().skip_message == "no new files"
