"""The month of a string and its deepest discharge: the right strings, the right event, pictures that are small."""

import io
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.pictures.discharge_events import deepest_discharge
from battery_assets.features.pictures.month import (
    hours_of_strings,
    month_of_string,
    three_strings,
)
from battery_assets.features.pictures.parts import MOST_BYTES
from battery_assets.features.pictures.ride import ride_picture
from battery_assets.features.pictures.runtime import runtime_bars

START = datetime(2026, 3, 1, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")


def jars(strings: int = 5) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "string_id": f"s{s}", "string_code": f"DC-UPS-01-S{s}", "battery_id": f"s{s}-j{k}",
            "battery_code": f"DC-UPS-01-S{s}-J{k:02d}", "initial_resistance_mohm": 4.3,
        }
        for s in range(strings)
        for k in range(1, 25)
    )  # fmt: skip


def states(weakest: dict[str, float], **more) -> pl.DataFrame:
    """Twin states in which jar 7 of each string has the given health and the others 95 to 97 %."""
    rows = [
        {"battery_id": jar, "soh_pct": weakest[string] if jar.endswith("-j7") else 95.0 + len(jar) % 3}
        for string, jar in jars(len(weakest)).select("string_id", "battery_id").iter_rows()
    ]
    return pl.DataFrame(rows).with_columns(**{name: pl.lit(value) for name, value in more.items()})


def test_the_strings_are_chosen_by_their_weakest_jar():
    chosen = three_strings(states({"s0": 88.0, "s1": 70.0, "s2": 92.0, "s3": 84.0, "s4": 81.0}), jars())
    assert [(c.place, c.string_id) for c in chosen] == [("best", "s2"), ("middle", "s3"), ("worst", "s1")]
    assert all(c.weakest_id == f"{c.string_id}-j7" != c.middle_id for c in chosen)
    assert "J07 at its end of life, estimated SOH 70 %" in chosen[-1].title
    assert "ageing" in chosen[1].title
    assert "sound" in chosen[0].title


def test_a_small_site_shows_each_string_once():
    assert len(three_strings(states({"s0": 88.0}), jars(1))) == 1
    assert len(three_strings(states({"s0": 88.0, "s1": 70.0}), jars(2))) == 2
    assert three_strings(states({"s0": 88.0}).clear(), jars(1)) == []


def test_the_twins_own_deviation_is_taken_where_it_states_one():
    health = {"s0": 88.0}
    assert three_strings(states(health), jars(1))[0].soh_sd_pct == 5.0
    assert three_strings(states(health, soh_std_pct=2.5), jars(1))[0].soh_sd_pct == 2.5


def month(hours: int) -> tuple[pl.DataFrame, ...]:
    """As `month_of_string` takes it: the string, its weakest jar, currents and charge."""
    rng = np.random.default_rng(3)
    at = pl.DataFrame(
        {"feature_ts": [START + timedelta(hours=k) for k in range(hours)]}, schema={"feature_ts": INSTANT}
    )
    one = jars(1).select("battery_id").join(at, how="cross")
    rows = one.with_columns(
        v_mean=13.6 + 0.05 * rng.standard_normal(one.height), t_mean=26.0 + rng.standard_normal(one.height),
        t_delta_ambient_mean=pl.lit(1.0), r_internal_latest=4.5 + 0.1 * rng.standard_normal(one.height),
    )  # fmt: skip
    currents = at.select(hour="feature_ts").with_columns(current_min=pl.lit(-100.0), current_max=pl.lit(18.0))
    charge = one.select("battery_id", ts="feature_ts").with_columns(
        soc_pct=pl.lit(99.0), soh_pct=pl.lit(80.0)
    )
    whole = hours_of_strings(rows.with_columns(string_id=pl.lit("s0")))
    return whole, rows.filter(pl.col("battery_id") == "s0-j7"), currents, charge


@pytest.mark.parametrize("hours", [744, 24, 1, 0])
def test_a_month_is_a_small_picture_of_full_size(hours):
    from PIL import Image

    [choice] = three_strings(states({"s0": 88.0}), jars(1))
    made = month_of_string(choice, *month(hours))
    assert len(made) < MOST_BYTES
    assert Image.open(io.BytesIO(made)).size[0] >= 650, "coarser than can be read"


def loaded(*spans: tuple[str, int, int, float]) -> pl.DataFrame:
    """Samples each 5 s: string, first second, seconds, amperes."""
    rows = [
        (string, START + timedelta(seconds=s), 290.0, amps)
        for string, begin, lasts, amps in spans
        for s in range(begin, begin + lasts + 1, 5)
    ]
    schema = {"string_id": pl.String, "ts": INSTANT, "voltage_v": pl.Float64, "current_a": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_the_deepest_discharge_is_the_one_that_drew_most_charge():
    event = deepest_discharge(loaded(("a", 0, 20, -150.0), ("a", 9000, 3600, -12.0), ("b", 500, 600, -60.0)))
    assert (event.string_id, event.begun) == ("a", START + timedelta(seconds=9000))
    assert event.drawn_ah == pytest.approx(12.0, rel=0.01)
    assert event.shown_from < event.begun < event.ended < event.shown_to
    assert deepest_discharge(loaded()) is None


def test_short_pauses_do_not_part_a_discharge_and_long_ones_do():
    near, far = (loaded(("a", 0, 600, -60.0), ("a", 600 + pause, 600, -60.0)) for pause in (300, 3600))
    assert deepest_discharge(near).drawn_ah > 1.9 * deepest_discharge(far).drawn_ah


def ridden(step_s: int, seconds: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    since = np.arange(-600, seconds + 1200, step_s)
    at = [START + timedelta(seconds=int(s)) for s in since]
    on = (since >= 0) & (since <= seconds)
    string = pl.DataFrame(
        {"ts": at, "voltage_v": np.where(on, 290.0, 326.0), "current_a": np.where(on, -100.0, 0.1)}
    )
    own = [
        pl.DataFrame(
            {"ts": at, "voltage_v": np.where(on, 12.0 - 0.01 * k - 1.5 * (k == 7), 13.6)}
        ).with_columns(battery_code=pl.lit(f"J{k:02d}"))
        for k in range(1, 25)
    ]
    return string, pl.concat(own)


@pytest.mark.parametrize(("step_s", "seconds"), [(5, 36_000), (5, 20), (300, 900), (60, 60)])
def test_a_discharge_is_a_small_picture_of_full_size(step_s, seconds):
    from PIL import Image

    made = ride_picture("a ride", *ridden(step_s, seconds), START, START + timedelta(seconds=seconds))
    assert len(made) < MOST_BYTES
    assert Image.open(io.BytesIO(made)).size[0] >= 650


def test_the_ride_through_of_a_site_is_a_picture_even_where_nothing_is_known():
    from battery_assets.features.ride_through.runtime import SCHEMA

    known = {
        "string_id": "s0", "load_basis": "measured_load", "load_kind": "constant_power", "load_w": 30e3,
        "required_min": 15.0, "runtime_min": 20.0, "runtime_lower_min": 17.0, "runtime_upper_min": 24.0,
        "ride_through_probability": 0.99, "weakest_battery_id": "s0-j7", "limited_by": "capacity", "repair_gain_min": 3.0,
    }  # fmt: skip
    open_one = known | {
        "string_id": "s1", "runtime_min": 0.0, "runtime_lower_min": 0.0, "runtime_upper_min": 0.0,
        "ride_through_probability": 0.0, "limited_by": "missing_jar", "weakest_battery_id": None, "note": "gone",
    }  # fmt: skip
    both = pl.DataFrame([dict.fromkeys(SCHEMA) | row for row in (known, open_one)], schema=SCHEMA)
    strings = jars(2).unique("string_id", maintain_order=True)
    for rows in (both, both.clear()):
        assert runtime_bars(rows, strings, jars(2))[:4] == b"\x89PNG"


def test_a_time_axis_of_any_length_has_dates():
    """A warning here stopped the run of a site that has two days of data."""
    from battery_assets.features.pictures.parts import panels, set_dates

    for most in (6, 10):
        for hours in (1, 7, 24, 30, 49, 72, 100, 170, 300, 500, 744, 9000):
            _, axes = panels(4, 2, 1, 1, "")
            axes[0, 0].plot([START, START + timedelta(hours=hours)], [0.0, 1.0])
            set_dates(axes[0, 0], most)
            assert 1 <= len(axes[0, 0].get_xticks()) <= most + 3, (most, hours)
