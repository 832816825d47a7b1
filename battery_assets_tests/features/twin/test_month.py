"""The twin over months: what one hands to the next, and that it is the same when a month is run again."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.health.estimate import state_of_health
from battery_assets.features.samples.strings import Units
from battery_assets.features.twin import carry
from battery_assets.features.twin.jar_model import PRODUCT_SD_V, STALE_SD
from battery_assets.features.twin.month import twin_month
from battery_assets.features.twin.readings import week_of_readings
from battery_assets_tests.worlds.estimation import world
from battery_assets_tests.worlds.months.telemetry_days import instants, jar_rows, string_rows

AT = datetime(2026, 3, 4, tzinfo=UTC)
NO_TESTS = pl.DataFrame(
    schema={
        "string_id": pl.String,
        "test_date": pl.Datetime("us", "UTC"),
        "capacity_pct_of_rated": pl.Float64,
    }
)
BEFORE = pl.DataFrame(
    schema={"battery_id": pl.String, "captured_at": pl.Datetime("us", "UTC"), "filter_json": pl.String}
)


def jars(*names: str) -> pl.DataFrame:
    return world.units(list(names)).with_columns(
        installed_date=pl.lit(datetime(2022, 3, 1).date()),
        initial_capacity_ah=pl.lit(121.0),
        initial_resistance_mohm=pl.lit(4.25),
    )


def days(seed: int, *names: str, amps: float = 60.0, minutes: float = 30.0, soh: float = 0.9, day=world.DAY):
    """A day of float, a discharge of each jar, and a day of float."""
    rng = np.random.default_rng(seed)
    one = world.jar(rng, soh, 1.2, spread=0.0)
    found = []
    for k in (-1, 1):
        us = instants(day + timedelta(days=k), 60)
        rows = [string_rows(name, us, 0.05, "float", 13.62) for name in names]
        found.append((day + timedelta(days=k), jar_rows("none", us[:0], 13.62).clear(), pl.concat(rows)))
    readings = [world.reading(rng, one, name, amps, minutes, day=day) for name in names]
    return [found[0], (day, *world.together(readings)), found[1]]


def features(*names: str, mohm: float = 5.1, at: datetime = AT) -> pl.DataFrame:
    return pl.DataFrame({"battery_id": list(names)}).with_columns(
        feature_ts=pl.lit(at, pl.Datetime("us", "UTC")), r_internal_latest=pl.lit(mohm), t_mean=pl.lit(25.0)
    )


def month(units: pl.DataFrame, before: pl.DataFrame, telemetry, at: datetime = AT) -> pl.DataFrame:
    names = units["battery_id"].to_list()
    readings = pl.DataFrame(
        {"battery_id": names, "resistance_mohm": 5.1, "temperature_c": 25.0}
    ).with_columns(measured_at=pl.lit(at - timedelta(days=1), pl.Datetime("us", "UTC")))
    warm = pl.DataFrame({"battery_id": names, "temperature_c": 25.0})
    known = carry.fits_of(before)

    def health(fits: pl.DataFrame, when: datetime) -> pl.DataFrame:
        return state_of_health(units, readings, NO_TESTS, warm, when, pl.concat([known, fits]))

    return twin_month(units, before, telemetry, features(*names, at=at), health)


@pytest.fixture(scope="module")
def first() -> pl.DataFrame:
    return month(jars("a", "b"), BEFORE, days(1, "a", "b"))


def later(seed: int, *names: str, **kw):
    """The next month's days, and its last instant."""
    return days(seed, *names, day=world.DAY + timedelta(days=30), **kw), AT + timedelta(days=30)


def test_a_month_run_again_gives_the_same_bytes(first):
    assert month(jars("a", "b"), BEFORE, days(1, "a", "b")).equals(first)
    telemetry, at = later(2, "a", "b")
    second = month(jars("a", "b"), first, telemetry, at)
    assert month(jars("a", "b"), first, telemetry, at).equals(second)


def test_the_next_month_begins_where_this_one_ended(first):
    told = carry.documents_of(first)
    nothing = jar_rows("none", instants(world.DAY, 60, 0), 0.0)
    strings = pl.concat(
        [string_rows(name, instants(world.DAY, 60, 1), 0.05, "float", 13.62) for name in "ab"]
    )
    state = carry.restored(told, nothing, strings, jars("a", "b"))
    # Not full again after 30 minutes at 60 A: no charge came back.
    assert state.x[0, 0] == told["a"]["x"][0] < 0.8
    assert state.cov[0].ravel().tolist() == told["a"]["cov"]
    assert state.anchors[0].tolist() == told["a"]["anchors"]
    assert state.zero_a[0] == told["a"]["zero_a"] != 0.0


def test_what_goes_through_the_database_comes_back_bit_for_bit(first):
    """JSONB sorts keys and rewrites numbers, not their values."""
    rewritten = first.with_columns(
        filter_json=pl.col("filter_json").map_elements(
            lambda text: json.dumps(json.loads(text), sort_keys=True), return_dtype=pl.String
        )
    )
    telemetry, at = later(2, "a", "b")
    assert month(jars("a", "b"), rewritten, telemetry, at).equals(month(jars("a", "b"), first, telemetry, at))


def test_what_was_identified_is_where_the_next_month_looks(first):
    told = carry.documents_of(first)["a"]
    again = carry.carried({"a": told}, jars("a"), np.array([told["soh_pct"]]), np.array([told["ohmic_mohm"]]))
    assert again.parameters.values[0].tolist() == list(told["parameters"].values())
    fresh = carry.carried({}, jars("a"), np.array([told["soh_pct"]]), np.array([told["ohmic_mohm"]]))
    assert (again.theta_sd[0] <= fresh.theta_sd[0]).all()
    assert (again.theta_sd[0] < fresh.theta_sd[0]).any()


def test_capacity_moves_with_health_and_resistance_with_its_reading(first):
    told = carry.documents_of(first)["a"]
    worse = carry.carried(
        {"a": told}, jars("a"), np.array([told["soh_pct"] * 0.9]), np.array([told["ohmic_mohm"] * 1.2])
    )
    p, before = dict(zip(told["parameters"], worse.parameters.values[0], strict=True)), told["parameters"]
    assert p["capacity_ah"] == pytest.approx(0.9 * before["capacity_ah"])
    assert p["acid_ah"] == pytest.approx(0.9 * before["acid_ah"])
    assert p["r0_ohm"] == pytest.approx(1.2 * before["r0_ohm"])
    assert p["offset_v"] == before["offset_v"]


def test_a_replaced_jar_starts_anew_and_the_others_go_on(first):
    telemetry, at = later(3, "a", "new")
    rows = month(jars("a", "new"), first, telemetry, at)
    assert rows["battery_id"].to_list() == ["a", "new"]
    begun = carry.carried(
        carry.documents_of(first), jars("a", "new"), np.full(2, np.nan), np.array([np.nan, 4.25])
    )
    assert begun.parameters.values[1, 2] == pytest.approx(4.25e-3)
    assert begun.parameters.values[0, 2] != begun.parameters.values[1, 2]


def test_a_discharge_of_an_earlier_month_is_evidence_in_later_ones(first):
    at = AT + timedelta(days=60)
    quiet = days(4, "a", "b", day=world.DAY + timedelta(days=60))[::2]
    rows = month(jars("a", "b"), first, quiet, at)
    assert rows["evidence"].to_list() == ["age+resistance+discharge"] * 2
    assert rows["calibration_rmse_v"].to_list() == [None, None]
    assert carry.documents_of(rows)["a"]["fit"] is None
    assert carry.documents_of(rows)["a"]["parameters"]["offset_v"] == pytest.approx(
        carry.documents_of(first)["a"]["parameters"]["offset_v"]
    )


def test_the_discharge_shows_health_and_the_row_says_how_sure(first):
    row = first.row(0, named=True)
    assert row["soh_lower_pct"] < row["soh_pct"] < row["soh_upper_pct"]
    assert row["soh_std_pct"] >= 5.0
    assert row["soh_pct"] == pytest.approx(90.0, abs=8.0)
    assert 0.0 < row["soc_std_pct"] < 5.0
    assert row["soc_pct"] == pytest.approx(100.0 - 30.0 / (0.9 * 120.0) * 100.0, abs=3.0)
    curve = json.loads(row["ocv_params_json"])
    assert curve["ocv_v"] == sorted(curve["ocv_v"])


def test_a_month_without_string_telemetry_tells_health_and_no_charge():
    row = month(jars("a"), BEFORE, []).row(0, named=True)
    assert row["soc_pct"] is row["soc_std_pct"] is None
    assert 50.0 < row["soh_pct"] < 110.0


def test_the_document_names_the_string_so_that_a_moved_jar_takes_no_strangers_clock(first):
    told = carry.documents_of(first)
    moved = jars("a", "b").with_columns(string_id=pl.Series(["elsewhere", "b"]))
    us = instants(world.DAY, 60, 1)
    strings = pl.concat([string_rows(name, us, 0.05, "float", 13.62) for name in ("elsewhere", "b")])
    state = carry.restored(told, jar_rows("none", us[:0], 0.0), strings, moved)
    assert state.x[0, 0] == told["a"]["x"][0]
    assert Units.of(moved).strings == list(state.strings)
    assert (state.anchors[0] == -1.0).all()


def test_a_jar_of_an_unknown_rating_goes_without_a_fit_and_stops_nobody():
    units = jars("a", "b").with_columns(capacity_ah=pl.Series([120.0, None]))
    rows = month(units, BEFORE, days(1, "a", "b"))
    assert rows["battery_id"].to_list() == ["a", "b"]
    assert carry.documents_of(rows)["b"]["fit"] is None
    assert rows["calibration_rmse_v"][0] is not None


def test_a_document_of_a_twin_without_a_bias_goes_on(first):
    told = carry.documents_of(first)["a"]
    old = {**told, "x": told["x"][:3], "cov": np.array(told["cov"]).reshape(4, 4)[:3, :3].ravel().tolist()}
    old["parameters"] = {name: old["parameters"][name] for name in list(old["parameters"])[:9]}
    units = jars("a")
    state = carry.restored({"a": old}, *(frame.clear() for frame in days(1, "a")[1][1:]), units)
    assert state.x[0].tolist() == [*told["x"][:3], 0.0]
    assert state.cov[0, :3, :3].ravel().tolist() == old["cov"]
    unknown = np.array([np.nan])
    values = carry.carried({"a": old}, units, unknown, unknown).parameters.values[0]
    assert values[:9].tolist() == list(old["parameters"].values())
    assert values[9:].tolist() == [PRODUCT_SD_V, STALE_SD]


def test_a_row_tells_the_age_of_each_kind_of_evidence(first):
    ages = json.loads(first["ocv_params_json"][0])["evidence_age_days"]
    assert ages["resistance"] == pytest.approx(1.0)
    assert 0.0 < ages["discharge"] < 3.0
    assert ages["capacity_test"] is None


def a_week(*mohm: float) -> pl.DataFrame:
    return pl.concat([features("a", mohm=one, at=AT + timedelta(days=k)) for k, one in enumerate(mohm)])


def test_all_readings_of_a_week_count_and_a_strap_that_opens_at_once():
    [row] = week_of_readings(a_week(9.0, 4.1, 4.2, 4.0, 4.1, 4.3, 4.1, 4.6)).to_dicts()
    assert row["r_internal_latest"] == pytest.approx(4.1)
    [row] = week_of_readings(a_week(4.1, 4.2, 4.0, 4.1, 4.3, 8.0)).to_dicts()
    assert row["r_internal_latest"] == pytest.approx(4.15)
    [row] = week_of_readings(a_week(4.1, 4.2, 4.0, 4.1, 8.0, 9.5)).to_dicts()
    assert row["r_internal_latest"] == pytest.approx(8.0)
