"""Rows arrive from the generator or from files, and every row of a file is accounted for."""

from datetime import date, timedelta

import dagster as dg
import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.fleet.catalogues import replace_from_all_sources
from battery_assets.fleet.sources import captures_of, replace_from_source, synthetic_site
from battery_assets.platform import clock
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry import tables as r
from battery_assets.synthetic import catalogue, master, transactions
from battery_assets.synthetic.signals import telemetry
from battery_assets_tests.worlds.landing import (
    FINE_MASTER,
    export,
    jar_days,
    known,
    master_files,
    partition,
    source,
)
from battery_assets_tests.worlds.months.arrived import once

PARTS = ("rows_loaded", "rows_quarantined", "rows_exact_duplicate", "rows_superseded", "rows_other_month")
CONFIG = {
    "place": "bangrak", "seed": 11, "interval_s": 3600, "strings": 1, "jars_per_string": 2, "start": "2025-02"
}  # fmt: skip
MASTER = [table for table in t.TABLES if table.name in FINE_MASTER]


@pytest.fixture
def landing(tmp_path) -> Landing:
    return Landing(folder=str(tmp_path / "landing"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "landing"


def arrive(
    warehouse, landing, table: sa.Table, site: str = "north", month: str = "2025-03"
) -> dg.MaterializeResult:
    """What the asset of the table does."""
    part = warehouse.claim(table, partition(table, site, month))
    if table.info["cut"] == "whole":
        rows = catalogue.battery_models() if table is t.battery_model else catalogue.users()
        return replace_from_all_sources(warehouse, landing, table, part, rows)
    return replace_from_source(warehouse, landing, table, part)


def books(warehouse, table: sa.Table, what: sa.Table = r.ingest_file) -> list[dict]:
    with warehouse.transaction() as connection:
        found = connection.execute(
            sa.select(what).where(what.c.table_name == table.name).order_by(what.c.site)
        )
        return [dict(row) for row in found.mappings()]


def balanced(warehouse, table: sa.Table) -> dict[str, int]:
    """The sums of a table's accounts, which have to add up in every file and match the quarantine."""
    for row in books(warehouse, table):
        assert row["rows_read"] == sum(row[part] for part in PARTS), row
    refused = sum(row["rows"] for row in books(warehouse, table, r.quarantined_row))
    sums = {part: sum(row[part] for row in books(warehouse, table)) for part in PARTS}
    assert refused == sums["rows_quarantined"]
    return sums


def test_a_synthetic_site_arrives_as_the_generator_made_it(warehouse, landing):
    with warehouse.transaction() as connection:
        registry.put_site(connection, "north", "synthetic", CONFIG)
    arrive(warehouse, landing, t.battery_model)
    for table in MASTER:
        result = arrive(warehouse, landing, table)
        made = master.master(source(), "2025-03")[table.name]
        assert result.metadata["dagster/partition_row_count"] == made.height
        assert warehouse.read(table, partition(table)).collect().height == made.height
    arrive(warehouse, landing, t.telemetry_jar_raw)
    day = once(telemetry.jar_day(source(), date(2025, 3, 9)), t.telemetry_jar_raw)
    read = warehouse.read(t.telemetry_jar_raw, partition(t.telemetry_jar_raw)).collect()
    assert read["ts"].dt.date().n_unique() == 31
    same = read.filter(pl.col("ts").dt.date() == date(2025, 3, 9))
    assert same["voltage_v"].to_list() == pytest.approx(
        day["voltage_v"].cast(pl.Float64).round(3).to_list(), abs=5e-4
    )
    assert books(warehouse, t.telemetry_jar_raw) == []


def test_a_visit_under_way_has_no_end_and_a_test_no_result_yet(warehouse, landing):
    made = transactions.transactions(source(), "2025-03")
    [visit] = made["maintenance_event"].filter(event_type="visual_inspection").to_dicts()
    with warehouse.transaction() as connection:
        registry.put_site(connection, "north", "synthetic", CONFIG)
    arrive(warehouse, landing, t.battery_model)
    arrive(warehouse, landing, t.user)
    seen = {}
    for minutes in (-5, 30, 90):
        with clock.stop_at(visit["scheduled_date"] + timedelta(minutes=minutes)):
            for table in (*MASTER, t.maintenance_event):
                arrive(warehouse, landing, table)
        rows = warehouse.read(t.maintenance_event, partition(t.maintenance_event)).collect()
        seen[minutes] = rows.filter(event_id=visit["event_id"]).to_dicts()
    assert seen[-5] == []
    [under_way], [over] = seen[30], seen[90]
    assert (under_way["status"], under_way["completed_date"]) == ("in_progress", None)
    assert under_way["updated_at"] <= visit["scheduled_date"]
    assert (over["status"], over["completed_date"]) == ("completed", visit["completed_date"])


def test_rows_that_a_gateway_sent_again_are_dropped_and_counted(warehouse, landing):
    config = {"place": "bangrak", "seed": 11, "interval_s": 300, "strings": 1, "start": "2025-02"}
    with warehouse.transaction() as connection:
        registry.put_site(connection, "north", "synthetic", config)
    for table in (t.battery_model, *MASTER):
        arrive(warehouse, landing, table)
    for table, made in (
        (t.telemetry_jar_raw, telemetry.jar_day),
        (t.telemetry_string_raw, telemetry.string_day),
        (t.telemetry_env, telemetry.environment_day),
    ):
        told = arrive(warehouse, landing, table).metadata
        site = synthetic_site(partition(table), config)
        sent = sum(made(site, day).height for day in partition(table).days)
        assert told["rows sent"] == sent
        assert told["exact duplicates"] == sent - told["dagster/partition_row_count"]
        assert warehouse.profile(table, partition(table))["duplicate_keys"] == 0
    jars = arrive(warehouse, landing, t.telemetry_jar_raw).metadata
    assert 0.0003 < jars["exact duplicates"] / jars["rows sent"] < 0.0008


def test_files_arrive_and_every_row_is_accounted_for(warehouse, landing, folder):
    known(warehouse)
    master_files(folder)
    jars = jar_days(date(2025, 2, 28), date(2025, 3, 1), date(2025, 3, 2))
    unit = jars["battery_id"][0]
    bad = [f"2025-03-01T00:00:00Z,{unit},thirteen,25,,", "2025-03-01T00:00:01Z,no-uuid,13,25,,"]
    export(jars, folder / "north", "telemetry_jar_raw_2025", [*bad, ",".join(["x"] * 6)])
    export(jars.tail(5), folder / "north", "telemetry_jar_raw_2")
    arrive(warehouse, landing, t.battery_model)
    for table in (*MASTER, t.telemetry_jar_raw):
        result = arrive(warehouse, landing, table)
        loaded = warehouse.read(table, partition(table)).collect().height
        sums = balanced(warehouse, table)
        assert result.metadata["dagster/partition_row_count"] == loaded == sums["rows_loaded"], table.name
    assert sums == {
        "rows_loaded": jars.filter(pl.col("ts").dt.month() == 3).height,
        "rows_quarantined": 3,
        "rows_exact_duplicate": 5,
        "rows_superseded": 0,
        "rows_other_month": jars.filter(pl.col("ts").dt.month() == 2).height,
    }
    told = {row["reason"] for row in books(warehouse, t.telemetry_jar_raw, r.quarantined_row)}
    assert {"BAD_UUID", "NOT_A_NUMBER"} <= told
    shown = result.metadata["files"].data
    assert shown["rows"]["rows_read"] == jars.height + 3 + 5
    assert sum(reason["count"] for reason in shown["quarantine"]) == 3


def test_arriving_again_replaces_the_accounts_and_changes_nothing(warehouse, landing, folder):
    known(warehouse)
    master_files(folder)
    arrive(warehouse, landing, t.battery_model)
    first = [arrive(warehouse, landing, table).metadata["sha256"] for table in MASTER]
    before = {table.name: books(warehouse, table) for table in MASTER}
    assert [arrive(warehouse, landing, table).metadata["sha256"] for table in MASTER] == first
    assert {table.name: books(warehouse, table) for table in MASTER} == before
    assert all(len(rows) == 1 for rows in before.values())


def test_a_file_that_went_away_leaves_the_accounts_too(warehouse, landing, folder):
    known(warehouse)
    master_files(folder)
    arrive(warehouse, landing, t.battery_model)
    arrive(warehouse, landing, t.location)
    for path in folder.rglob("*.csv"):
        path.unlink()
    arrive(warehouse, landing, t.location)
    arrive(warehouse, landing, t.battery_model)
    assert books(warehouse, t.location) == books(warehouse, t.battery_model) == []
    assert warehouse.read(t.location, partition(t.location)).collect().is_empty()


def test_every_site_s_catalogue_arrives_and_has_accounts_of_its_own(warehouse, landing, folder):
    for site, name in (("north", "Mine"), ("south", "Yours")):
        known(warehouse, site)
        model = (
            catalogue.battery_models()
            .head(1)
            .with_columns(
                model_id=pl.lit(f"00000000-0000-0000-0000-00000000000{len(name)}"), model_name=pl.lit(name)
            )
        )
        export(model, folder / site, "battery_model", ["not,a,row"])
    result = arrive(warehouse, landing, t.battery_model)
    names = set(warehouse.read(t.battery_model).collect()["model_name"])
    assert names == {*catalogue.battery_models()["model_name"], "Mine", "Yours"}
    assert [row["site"] for row in books(warehouse, t.battery_model)] == ["north", "south"]
    assert balanced(warehouse, t.battery_model) == {
        **dict.fromkeys(PARTS, 0),
        "rows_loaded": 2,
        "rows_quarantined": 2,
    }
    assert set(result.metadata["files"].data) == {"north", "south"}


def test_a_site_without_files_has_empty_partitions(warehouse, landing):
    known(warehouse)
    for table in (t.location, t.telemetry_jar_raw, t.audit_log):
        assert arrive(warehouse, landing, table).metadata["dagster/partition_row_count"] == 0
        assert warehouse.profile(table, partition(table))["rows"] == 0


def test_a_refused_file_leaves_its_reason_in_the_accounts(warehouse, landing, folder):
    known(warehouse)
    (folder / "north").mkdir(parents=True)
    (folder / "north" / "location.csv").write_text("location_id,location_code\n")
    arrive(warehouse, landing, t.location)
    [row] = books(warehouse, t.location)
    assert row["status"] == "refused"
    assert row["reason"]


@pytest.mark.parametrize("table", [t.location, t.telemetry_jar_raw], ids=lambda table: table.name)
def test_an_unknown_site_is_told_what_to_do(warehouse, landing, table):
    known(warehouse, "south")
    with pytest.raises(ValueError, match=r"site 'north' is not known\. Next step: .*Known: south"):
        arrive(warehouse, landing, table)


def test_events_of_a_synthetic_site_have_captures_and_files_bring_their_own(warehouse):
    known(warehouse, "south")
    assert list(captures_of(warehouse, Part("south", "2025-03"))) == []
    config = {
        "place": "hat-yai",
        "seed": 3,
        "interval_s": 3600,
        "strings": 1,
        "jars_per_string": 2,
        "start": "2024-01",
    }
    with warehouse.transaction() as connection:
        registry.put_site(connection, "north", "synthetic", config)
    found = dict(captures_of(warehouse, Part("north", "2024-01")))
    assert len(found) >= 31
    for name, samples in list(found.items())[:3]:
        assert warehouse.capture(warehouse.keep_capture(Part("north", "2024-01"), name, samples)).equals(
            samples
        )
