"""Months, sites, and the walk over the days of several tables."""

from datetime import UTC, date, datetime

import dagster as dg
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.platform import clock
from battery_assets.platform.dagster.partitions import (
    FIRST_LAB_MONTH,
    FIRST_MONTH,
    Part,
    calendar,
    know_months,
    month_range,
    site_months,
)
from battery_assets.platform.days.inputs import Inputs
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds.stores import PART, kept


def test_a_month_begins_and_ends_in_utc():
    part = Part("alpha", "2024-02")
    assert part.start == datetime(2024, 2, 1, tzinfo=UTC)
    assert part.end == datetime(2024, 3, 1, tzinfo=UTC)
    assert part.days[0] == date(2024, 2, 1)
    assert part.days[-1] == date(2024, 2, 29)
    assert len(part.days) == 29
    assert part.key == "2024-02|alpha"
    assert [len(Part(month=month).days) for month in ("2025-02", "2025-04", "2025-12")] == [28, 30, 31]
    assert (Part().key, Part(month="2025-12").end) == ("all", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("site", ["", "Alpha", "a|b", "a b", "../x", "-a", "a" * 32, "a\n", "อ"])
def test_what_is_no_site_id_is_refused_by_name(site):
    with pytest.raises(ValueError, match="is not a site id: allowed is"):
        Part(site)


@pytest.mark.parametrize(
    "month",
    ["", "2025-13", "2025-00", "2025-1", "25-01", "2025-01-01", "2025-01\n", "２０２５-01"],
)
def test_what_is_no_month_is_refused_by_name(month):
    with pytest.raises(ValueError, match="is not a month: allowed is YYYY-MM"):
        Part("alpha", month)


def test_a_part_without_a_month_has_no_days():
    with pytest.raises(ValueError, match="partition alpha has no month"):
        Part("alpha").days  # noqa: B018


def test_a_range_of_months_has_both_its_ends():
    assert month_range("2024-11", "2025-02") == ["2024-11", "2024-12", "2025-01", "2025-02"]
    assert month_range("2025-02", "2025-02") == ["2025-02"]
    assert month_range("2025-02", "2025-01") == []


@pytest.mark.parametrize(
    ("key", "part"),
    [
        (dg.MultiPartitionKey({"site": "alpha", "month": "2025-03"}), PART),
        ("2025-03|alpha", PART),
        ("2025-03", Part(month="2025-03")),
        (None, Part()),
    ],
)  # fmt: skip
def test_the_part_is_what_dagster_asks_for(key, part):
    assert Part.of(dg.build_asset_context(partition_key=key)) == part


def test_the_month_that_is_running_can_be_a_partition_and_the_next_one_cannot(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2025, 3, 1, 0, 30, tzinfo=UTC))
    assert (calendar()[0], calendar()[-1]) == (FIRST_MONTH, "2025-03")
    assert (calendar(lab=True)[0], calendar(lab=True)[-1]) == (FIRST_LAB_MONTH, "2025-03")


def test_months_are_partitions_where_something_is_asked_of_them_in_the_order_of_time():
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("site", ["alpha"])
    for asked in (["2025-03", "2025-02"], ["2024-11"], ["2025-02"], ["2025-01", "2025-04"]):
        know_months(instance, asked)
    know_months(instance, ["2001-05"], lab=True)
    made = ["2024-11", "2025-01", "2025-02", "2025-03", "2025-04"]
    assert instance.get_dynamic_partitions("month") == made
    assert instance.get_dynamic_partitions("lab_month") == ["2001-05"]
    keys = site_months.get_partition_keys(dynamic_partitions_store=instance)
    assert keys == [f"{month}|alpha" for month in made]


def test_a_key_names_the_month_first():
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("site", ["beta", "alpha"])
    know_months(instance, ["2015-01", "2015-02"])
    keys = site_months.get_partition_keys(dynamic_partitions_store=instance)
    assert set(keys) == {f"{month}|{site}" for month in ("2015-01", "2015-02") for site in ("alpha", "beta")}


def samples(table, *days: int) -> pl.DataFrame:
    unit = next(c.name for c in table.primary_key.columns if c.info["kind"] == "uuid")
    rows = [
        {"ts": datetime(2025, 3, day, hour, tzinfo=UTC), unit: "00000000-0000-0000-0000-000000000001"}
        for day in days
        for hour in (0, 23)
    ]
    schema = polars_schema(table)
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema)


def test_tables_are_walked_together_day_by_day(warehouse):
    tables = {t.telemetry_jar_raw: None, t.telemetry_string_raw: ["ts", "current_a"], t.telemetry_env: None}
    for table, days in zip(tables, ([1, 3], [3, 2, 31], []), strict=True):
        kept(warehouse, table, samples(table, *days))
    walked = list(Inputs(warehouse, PART, tables).walk())
    assert [day.day for day, _ in walked] == [1, 2, 3, 31]
    assert [[frame.height for frame in frames] for _, frames in walked] == [
        [2, 0, 0],
        [0, 2, 0],
        [2, 2, 0],
        [0, 2, 0],
    ]
    for day, (_, strings, env) in walked:
        assert strings.columns == ["ts", "current_a"]
        assert env.columns == list(polars_schema(t.telemetry_env))
        assert set(strings["ts"].dt.date()) <= {day}


def test_a_walk_that_is_given_up_leaves_nothing_behind(warehouse):
    kept(warehouse, t.telemetry_jar_raw, samples(t.telemetry_jar_raw, 1, 2, 3))
    walk = Inputs(warehouse, PART, {t.telemetry_jar_raw: ["ts"]}).walk()
    next(walk)
    walk.close()
    assert [day.day for day, _ in warehouse.days(t.telemetry_jar_raw, PART, only=[date(2025, 3, 2)])] == [2]
    assert [day.day for day in warehouse.days_of(t.telemetry_jar_raw, PART)] == [1, 2, 3]


def test_days_come_with_narrow_numbers(warehouse):
    kept(warehouse, t.telemetry_jar_raw, samples(t.telemetry_jar_raw, 1))
    [(_, frame)] = warehouse.days(t.telemetry_jar_raw, PART)
    assert frame.schema["voltage_v"] == pl.Float32
    assert frame.schema["ts"] == pl.Datetime("us", "UTC")


def test_the_month_before_is_of_the_same_site_and_crosses_the_year():
    assert Part("alpha", "2025-01").before == Part("alpha", "2024-12")
    assert Part("alpha", "2025-03").before == Part("alpha", "2025-02")
