"""A string whose telemetry breaks a law is left out by itself: its site's other strings are what they were."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.fleet import telemetry_laws
from battery_assets.fleet.p2_raw_timeseries import checks
from battery_assets.fleet.quarantine import broken_laws
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.months.nightly import TABLES, Site
from battery_assets_tests.worlds.months.replaced import replaced

CONFIG = {
    "place": "phuket", "seed": 3, "interval_s": 300, "strings": 3, "jars_per_string": 4, "start": "2025-01"
}  # fmt: skip
RAW = (t.telemetry_jar_raw, t.telemetry_string_raw)
LATER = [table for table in TABLES if table.info["phase"] >= 4 and table.schema in ("fleet", "operations")]
HOT = datetime(2025, 2, 20, 10, tzinfo=UTC), datetime(2025, 2, 20, 16, tzinfo=UTC)
OF_UNITS = [
    table.name for table in LATER if {"battery_id", "string_id"} & {column.name for column in table.c}
]
LOADED = datetime(2025, 2, 20, 3, tzinfo=UTC), datetime(2025, 2, 20, 4, tzinfo=UTC)
Rows = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def month(migrated_url, tmp_path_factory) -> Iterator[tuple[Site, Rows]]:
    """A site of three strings, and what a month of it came to while all of them were sound."""
    folder = tmp_path_factory.mktemp("three")
    with copied_database(migrated_url) as url:
        site = Site(
            Warehouse(database_url=url, lake_url=str(folder / "lake")), Landing(folder=str(folder)), CONFIG
        )
        site.run()
        yield site, {table.name: site.rows(table) for table in (*LATER, *RAW, t.battery, t.string)}


def second(rows: Rows) -> tuple[str, list[str]]:
    """The second of the strings, and its jars."""
    string = rows["string"].sort("string_code")["string_id"][1]
    return string, rows["battery"].filter(pl.col("string_id") == string)["battery_id"].to_list()


def discharged(rows: pl.DataFrame, unit: str, units: list[str], jars: int) -> pl.DataFrame:
    """The units for an hour at 11.8 V a jar, and a current that says that they are charged by 40 A."""
    mine = pl.col(unit).cast(pl.String).is_in(units) & pl.col("ts").is_between(*LOADED)
    shown = {"voltage_v": 11.8 * jars, "current_a": 40.0}
    return rows.with_columns(
        pl.when(mine).then(value).otherwise(name).cast(rows[name].dtype).alias(name)
        for name, value in shown.items()
        if name in rows.columns
    )


def wrong_scale(rows: pl.DataFrame, jars: list[str]) -> pl.DataFrame:
    mine = pl.col("battery_id").cast(pl.String).is_in(jars)
    return rows.with_columns(
        pl.when(mine).then(pl.col("voltage_v") * 1.04).otherwise("voltage_v").alias("voltage_v")
    )


def hot(rows: pl.DataFrame, jars: list[str]) -> pl.DataFrame:
    """One of the jars at 58 degC for some hours."""
    mine = (pl.col("battery_id").cast(pl.String) == jars[0]) & pl.col("ts").is_between(*HOT)
    return rows.with_columns(pl.when(mine).then(58.0).otherwise("temperature_c").alias("temperature_c"))


def spoilt(site: Site, table: sa.Table, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Rows:
    """What the month comes to with a raw table changed, and the table as it was put back."""
    replaced(site, table, change)
    site.run(only=LATER)
    return {each.name: site.rows(each) for each in LATER}


@pytest.fixture
def mended(month) -> Iterator[None]:
    """Raw tables as they were, after the test."""
    site, sound = month
    yield
    for table in RAW:
        replaced(site, table, lambda rows, was=sound[table.name]: was.select(rows.columns))


def parted(rows: pl.DataFrame, string: str, jars: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of the string or its jars, and those of others; identities of an hour's run left out."""
    keys = [name for name in ("battery_id", "string_id") if name in rows.columns]
    mine = pl.any_horizontal(
        pl.col(name).cast(pl.String).is_in([string, *jars]).fill_null(value=False) for name in keys
    )
    return rows.filter(mine), rows.filter(~mine)


def of_units(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that are of a jar or a string."""
    keys = [name for name in ("battery_id", "string_id") if name in rows.columns]
    return rows.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in keys))


def assert_others_are_what_they_were(now: Rows, sound: Rows, string: str, jars: list[str]) -> None:
    compared = 0
    for name in OF_UNITS:
        # What is of a system or a room, such as a charge limit, may be of the string that is left out.
        _, others = parted(of_units(now[name]), string, jars)
        _, were = parted(of_units(sound[name]), string, jars)
        assert others.sort(pl.all()).equals(were.sort(pl.all())), name
        compared += others.height > 0
    assert compared >= 6, "nothing was compared"


def assert_nothing_is_told(now: Rows, string: str, jars: list[str]) -> None:
    """Of the string and its jars: no charge, health, power, feature of a voltage, twin, life or minutes."""
    own = {name: parted(now[name], string, jars)[0] for name in OF_UNITS}
    assert own["telemetry_jar_calc"].height, "the rows are there, and empty"
    assert not own["telemetry_jar_calc"].select(pl.col("soc_pct", "soh_pct").count()).sum_horizontal()[0]
    assert not own["telemetry_string_calc"]["power_w"].count()
    features = own["feature_store"]
    assert features["t_mean"].count(), "no law looked at the temperatures"
    assert not features.select(
        pl.col("v_mean", "v_std", "v_min", "r_internal_latest").count()
    ).sum_horizontal()[0]
    assert (own["digital_twin_state"].height, own["rul_prediction"].height) == (0, 0)
    assert own["string_runtime"].height
    assert not own["string_runtime"]["runtime_min"].count()


def objection(now: Rows, string: str) -> dict:
    [told] = now["alert"].filter(alert_type="data_quality", string_id=string, severity="critical").to_dicts()
    assert told["incident_id"] in now["incident"]["incident_id"], "somebody is asked to look"
    assert json.loads(told["context_json"])["signal"] == "red_law"
    return told


def test_a_red_sum_leaves_its_string_out_and_no_other_and_heat_is_told_all_the_same(month, mended):
    site, sound = month
    string, jars = second(sound)
    now = spoilt(site, t.telemetry_jar_raw, lambda rows: hot(wrong_scale(rows, jars), jars))
    assert {(law, found.string_id) for law, found, _ in broken_laws(site.warehouse, site.part)} == {
        ("jar_sum", string)
    }
    assert_others_are_what_they_were(now, sound, string, jars)
    assert_nothing_is_told(now, string, jars)
    told = objection(now, string)["message"]
    assert "not told, because the law jar_sum is red: string " in told
    assert "672 of 672 hours" in told
    assert "farthest is jar " in told
    assert "compare the named jar's or string's reading with a hand-held meter" in told
    raised = parted(now["alert"], string, jars)[0]
    heat = raised.filter(alert_type="temperature_high", battery_id=jars[0])
    assert heat["severity"].to_list() == ["critical"]
    assert "58 degC" in heat["message"][0] or "58.0 degC" in heat["message"][0]
    over = raised.filter(alert_type="voltage_high")
    assert set(over["battery_id"]) <= set(jars), "over-voltage is a matter of safety"
    assert over.height
    assert set(raised["alert_type"]) == {"data_quality", "temperature_high", "voltage_high"}
    assert "because jar_sum is red" in str(site.shown["feature_store"]["not told"])


def test_a_current_of_the_wrong_sign_leaves_its_string_out_and_no_other(month, mended):
    site, sound = month
    string, jars = second(sound)
    replaced(site, t.telemetry_jar_raw, lambda rows: discharged(rows, "battery_id", jars, 1))
    now = spoilt(
        site,
        t.telemetry_string_raw,
        lambda rows: not_returned(discharged(rows, "string_id", [string], len(jars)), string),
    )
    laws = {(law, found.string_id) for law, found, _ in broken_laws(site.warehouse, site.part)}
    assert laws == {("current_sign", string)}
    assert_others_are_what_they_were(now, sound, string, jars)
    assert_nothing_is_told(now, string, jars)
    assert "--contract positive_current=discharges" in objection(now, string)["message"]
    assert telemetry_laws.charge_returned(site.warehouse, site.part, []).findings
    said = checks.charge_returned(site.warehouse, site.part)
    assert said.holds, "of a string that is left out nothing is judged"
    assert said.words.endswith("; 1 strings are left out of the month")


def not_returned(rows: pl.DataFrame, string: str) -> pl.DataFrame:
    """The string for another hour at -60 A, of which 20 A hours are never put back."""
    begin, end = (at + timedelta(hours=5) for at in LOADED)
    mine = (pl.col("string_id").cast(pl.String) == string) & pl.col("ts").is_between(begin, end)
    return rows.with_columns(pl.when(mine).then(-60.0).otherwise("current_a").alias("current_a"))


def test_a_string_that_was_left_out_of_a_month_begins_the_next_without_its_clock(month, mended):
    site, sound = month
    _, jars = second(sound)
    replaced(site, t.telemetry_jar_raw, lambda rows: wrong_scale(rows, jars))
    site.run(only=[t.telemetry_jar_calc])
    before, site.part = site.part, Part(site.part.site, "2025-03")
    try:
        site.run(
            date(2025, 3, 4),
            only=[*(table for table in TABLES if table.info["phase"] <= 3), t.telemetry_jar_calc],
        )
        modes = site.rows(t.telemetry_string_raw)["mode"].cast(pl.String)
        rows = site.rows(t.telemetry_jar_calc)
    finally:
        site.part = before
    assert set(modes) == {"float"}, "nothing else makes a jar full, and nothing stops its clock"
    full = pl.col("ts").filter(pl.col("soc_quality").cast(pl.String) == "full_charge").min()
    took = rows.group_by("battery_id").agg((full - pl.col("ts").min()).alias("took"))
    mine = pl.col("battery_id").cast(pl.String).is_in(jars)
    own = took.filter(mine)["took"].to_list()
    assert len(own) == 4
    least, interval = timedelta(hours=72), timedelta(seconds=CONFIG["interval_s"])
    assert all(least <= each <= least + 3 * interval for each in own), "its clock begins in the new month"
    assert took.filter(~mine)["took"].to_list() == [timedelta(0)] * 8
