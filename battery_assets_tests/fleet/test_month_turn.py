"""The nights around a month's end, lived one after the other: what changes is the month, not the jars."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.features.health.levels import handed_on
from battery_assets.platform.dagster.assets import later_readers
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.months.nightly import FromScratch, bodies
from battery_assets_tests.worlds.months.turning import NIGHTS, SWAPPED, WITHOUT_CAPTURES, Turning, model_file

FIRST = date(2025, 11, 1)
OF_NOVEMBER = [night for night in NIGHTS if night > FIRST]
TABLES = (
    t.battery, t.string, t.feature_store, t.digital_twin_state, t.rul_prediction, t.string_runtime, t.alert,
    t.work_order,
)  # fmt: skip


@dataclass
class Lived:
    """The site after all nights, and what stood in its month after each of them."""

    site: Turning
    rows: dict[tuple[str, date], pl.DataFrame]
    said: dict[date, list[str]]
    open_alerts: dict[date, int]
    carried: dict[date, int]

    def after(self, table: sa.Table, night: date) -> pl.DataFrame:
        return self.rows[table.name, night]


def seen(warehouse: Warehouse, view: str) -> int:
    with warehouse.transaction() as connection:
        return connection.execute(sa.text(f"SELECT count(*) FROM fleet.{view}")).scalar_one()


@pytest.fixture(scope="module")
def lived(migrated_url, tmp_path_factory) -> Iterator[Lived]:
    folder = tmp_path_factory.mktemp("turn")
    with copied_database(migrated_url) as url:
        warehouse = Warehouse(database_url=url, lake_url=str(folder / "lake"))
        site = Turning(warehouse, Landing(folder=str(folder)))
        site.put_model(*model_file(folder), "2025-10")
        made = Lived(site, {}, {}, {}, {})
        for night in NIGHTS:
            site.night(night)
            made.rows |= {(table.name, night): site.rows(table) for table in TABLES}
            made.said[night] = site.not_passed(night)
            made.open_alerts[night] = seen(warehouse, "open_alerts")
            made.carried[night] = seen(warehouse, "string_runtime_now")
        yield made


def test_no_night_turns_a_check_red(lived):
    assert {night: said for night, said in lived.said.items() if said} == {}


def test_on_the_first_the_month_before_has_its_last_day_and_the_new_one_has_nothing_yet(lived):
    assert lived.after(t.feature_store, FIRST).is_empty()
    october = lived.site.warehouse.read(t.feature_store, lived.site.part.before).collect()
    assert october["feature_ts"].max() == datetime(2025, 11, 1, tzinfo=UTC)


def test_what_is_open_stays_in_sight_while_the_new_month_has_nothing(lived):
    before, first = NIGHTS[1], FIRST
    assert lived.open_alerts[before] > 0 < lived.open_alerts[first]
    assert lived.carried == dict.fromkeys(NIGHTS, 6), "two strings with three loads each"


def test_every_night_knows_a_week_of_every_jar(lived):
    for night in OF_NOVEMBER:
        rows = lived.after(t.feature_store, night)
        ends = rows.filter(feature_window_hours=168)["feature_ts"].dt.date().unique().to_list()
        assert sorted(ends) == [FIRST + timedelta(days=n) for n in range(1, (night - FIRST).days + 1)]


def test_a_week_over_the_edge_is_that_of_the_seven_days(lived):
    rows = lived.after(t.feature_store, NIGHTS[-1])
    october = lived.site.warehouse.read(t.feature_store, lived.site.part.before).collect()
    jar, end = rows["battery_id"][0], datetime(2025, 11, 4, tzinfo=UTC)
    days = pl.concat([october, rows]).filter(battery_id=jar, feature_window_hours=24)
    days = days.filter(pl.col("feature_ts") <= end, pl.col("feature_ts") > end - timedelta(days=7))
    week = rows.filter(battery_id=jar, feature_window_hours=168, feature_ts=end).row(0, named=True)
    assert days.height == 7
    assert week["v_min"] == days["v_min"].min()
    assert week["v_max"] == days["v_max"].max()
    assert week["v_mean"] == pytest.approx(days["v_mean"].mean(), abs=2e-3)
    assert week["ah_throughput"] == pytest.approx(days["ah_throughput"].sum(), abs=0.05)


def test_no_jar_grows_old_over_the_turn_and_none_gets_a_work_order_for_it(lived):
    before = lived.after(t.rul_prediction, NIGHTS[1]).select("battery_id", was="failure_probability_90d")
    ageing = ("rul_warning", "rul_critical", "soh_degraded")
    ordered = lived.after(t.work_order, NIGHTS[1]).height
    told = {name: lived.after(t.alert, NIGHTS[1]).filter(alert_type=name).height for name in ageing}
    for night in OF_NOVEMBER:
        now = lived.after(t.rul_prediction, night)
        assert set(now["source"]) == {"ml_model"}, night
        both = now.join(before, on="battery_id")
        assert both.height >= 7
        # Each night's readings move a jar; that all of them grow old at once is what the turn once did.
        moved = (both["failure_probability_90d"] - both["was"]).abs()
        # A jar at its end may be told on either side of it; that is one of eight here.
        assert moved.sort()[-2] < 0.1, night
        assert moved.median() < 0.02, night
        for name, count in told.items():
            assert lived.after(t.alert, night).filter(alert_type=name).height <= count + 1, (night, name)
        assert lived.after(t.work_order, night).height <= ordered + 2, night


def test_the_twins_of_the_new_month_hand_on_the_ohmic_levels_of_the_one_before(lived):
    october = lived.site.warehouse.read(t.digital_twin_state, lived.site.part.before).collect()
    before = handed_on(october)
    assert before.height >= 7
    now = handed_on(lived.after(t.digital_twin_state, NIGHTS[-1]))
    # Both months lie in one quarter, of which the first level stays.
    kept = now.join(before, on=["battery_id", "measured_at", "resistance_mohm"], how="semi")
    assert kept.equals(before.join(now, on="battery_id", how="semi"))
    assert kept.height >= 7


def test_no_jar_s_health_jumps_over_the_turn(lived):
    before = lived.after(t.digital_twin_state, NIGHTS[1]).select("battery_id", was="soh_pct")
    for night in OF_NOVEMBER:
        both = lived.after(t.digital_twin_state, night).join(before, on="battery_id")
        assert ((both["soh_pct"] - both["was"]).abs() < 2.5).all(), night


def test_a_string_keeps_the_load_that_was_measured_last(lived):
    measured = {
        night: lived.after(t.string_runtime, night).filter(load_basis="measured_load").sort("string_id")
        for night in NIGHTS
        if night != FIRST
    }
    last = measured[NIGHTS[1]]
    assert last.height == 2
    assert (last["load_measured_at"].dt.strftime("%Y-%m") == "2025-10").all()
    for night in OF_NOVEMBER:
        now = measured[night]
        assert now["load_measured_at"].to_list() == last["load_measured_at"].to_list(), night
        assert now["load_w"].to_list() == pytest.approx(last["load_w"].to_list(), rel=1e-3)
        assert (now["ride_through_probability"] > 0.5).all(), night


def test_a_jar_that_is_swapped_tomorrow_is_in_service_today(lived):
    gone = {night: lived.after(t.battery, night)["replaced_date"].drop_nulls().to_list() for night in NIGHTS}
    for night in NIGHTS:
        of_swap = [day for day in gone[night] if day == SWAPPED]
        # At 01:15 of its own day the jar still has two hours.
        assert len(of_swap) == (night > SWAPPED), night
        assert all(day < night for day in gone[night]), night
    jars = {night: lived.after(t.battery, night).height for night in NIGHTS}
    assert jars[NIGHTS[-1]] == jars[FIRST] + 1
    assert lived.after(t.rul_prediction, NIGHTS[-1]).height == 8


def test_a_late_row_of_the_month_before_makes_the_next_one_stale():
    assert bodies(), "the assets are loaded"
    for table in (t.telemetry_jar_raw, t.telemetry_string_raw, t.telemetry_string_calc, t.telemetry_env):
        assert later_readers(table)["feature_store"] == 1, table.name
    assert later_readers(t.string_runtime) == {"string_runtime": 12}


def test_the_month_lived_night_by_night_is_the_month_made_at_once(lived):
    site = lived.site
    wanted = [t.feature_store, t.telemetry_jar_calc, t.digital_twin_state, t.rul_prediction]
    before = site.checksums(wanted)
    site.night(NIGHTS[-1])
    assert site.checksums(wanted) == before
    scratch = FromScratch(database_url=site.warehouse.database_url, lake_url=site.warehouse.lake_url)
    site.run(NIGHTS[-1] - timedelta(days=1), WITHOUT_CAPTURES, warehouse=scratch)
    assert site.checksums(wanted) == before


def test_the_first_week_of_a_new_site_is_not_told_by_a_model_that_needs_one(lived, migrated_url, tmp_path):
    with copied_database(migrated_url) as url:
        warehouse = Warehouse(database_url=url, lake_url=str(tmp_path / "lake"))
        site = Turning(warehouse, Landing(folder=str(tmp_path)))
        site.put_model(lived.site.tracking.path, model_sha256(lived.site), "2025-10")
        found = {}
        for night in (date(2025, 10, 4), date(2025, 10, 8)):
            site.night(night)
            found[night.day] = site.rows(t.rul_prediction)
    assert set(found[4]["source"]) == {"digital_twin"} and found[4]["model_id"].null_count() == 8
    assert set(found[8]["source"]) == {"ml_model"}
    sound = found[8].filter(pl.col("failure_probability_90d") < 0.05)
    assert sound.height >= 3
    before = found[4].join(sound, on="battery_id", how="semi")
    assert before["failure_probability_90d"].max() < 0.2


def model_sha256(site: Turning) -> str:
    [text] = site.warehouse.read(t.ml_model).collect()["hyperparameters_json"]
    return json.loads(text)["model_sha256"]
