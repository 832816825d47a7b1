"""A capacity test shows every jar of its string, however slowly the monitor samples."""

import numpy as np
import polars as pl
import pytest

from battery_assets.features.charge.kernels import SETPOINT_V
from battery_assets.features.samples.strings import zero_current_a
from battery_assets.features.twin.month import twin_month
from battery_assets.features.windows.discharges import discharge_windows
from battery_assets.features.windows.feature_rows import TelemetryDay
from battery_assets_tests.worlds.estimation import string_tests as strings
from battery_assets_tests.worlds.estimation import world
from battery_assets_tests.worlds.months.telemetry_days import instants, jar_rows, string_rows

BEFORE = pl.DataFrame(
    schema={"battery_id": pl.String, "captured_at": pl.Datetime("us", "UTC"), "filter_json": pl.String}
)


@pytest.fixture(scope="module")
def ten_hours() -> strings.Tested:
    """Three strings at the 10 h rate; seeds of nothing that was chosen."""
    return strings.string_tests(41, 3, 12.0, 1.80)


@pytest.fixture(scope="module")
def three_hours() -> strings.Tested:
    return strings.string_tests(42, 3, 30.5, 1.75)


@pytest.mark.parametrize("interval_s", strings.INTERVALS_S)
def test_a_ten_hour_test_shows_the_health_of_every_jar_at_any_sampling(ten_hours, interval_s):
    found = strings.identified_by(ten_hours, interval_s)
    assert np.isfinite(found.soh_pct).sum() == len(ten_hours.soh_pct)
    assert strings.rmse(strings.after(ten_hours, interval_s), ten_hours) <= 1.5
    off = (found.soh_pct - ten_hours.soh_pct) / found.soh_std_pct
    assert np.sqrt(np.mean(off**2)) < 1.3


@pytest.mark.parametrize("interval_s", strings.INTERVALS_S)
def test_no_test_makes_health_worse(three_hours, interval_s):
    assert strings.rmse(strings.after(three_hours, interval_s), three_hours) < strings.rmse(
        strings.before(three_hours), three_hours
    )


def test_a_test_without_telemetry_of_jars_makes_no_health_worse(ten_hours, three_hours):
    for known in (ten_hours, three_hours):
        assert strings.rmse(strings.after(known, None), known) <= 1.03 * strings.rmse(
            strings.before(known), known
        )


@pytest.mark.parametrize("interval_s", [60, 300, 900])
def test_the_twin_of_a_slow_monitor_is_calibrated_by_a_test(ten_hours, interval_s):
    day = strings.telemetry(ten_hours, interval_s)
    at = strings.AT
    ids = ten_hours.jars["battery_id"]
    features = pl.DataFrame({"battery_id": ids}).with_columns(
        feature_ts=pl.lit(at).cast(pl.Datetime("us", "UTC")),
        r_internal_latest=pl.lit(4.6),
        t_mean=pl.lit(26.0),
    )
    rows = twin_month(
        ten_hours.jars,
        BEFORE,
        [(day.day, day.jars, day.strings)],
        features,
        lambda fits, _: strings.with_fits(ten_hours, fits),
    )
    assert rows["last_calibrated_at"].null_count() == 0
    assert rows["calibration_rmse_v"].max() < 0.030
    assert rows["evidence"].str.contains("discharge").all()


def test_two_tests_of_a_day_stay_two_where_samples_are_slow():
    us = instants(strings.TEST_DAY.date(), 300)
    hour = (us - us[0]) / 3.6e9
    amps = np.where((hour >= 3) & (hour < 4), -40.0, np.where((hour >= 9) & (hour < 10), -40.0, 0.03))
    jars = strings.string_tests(1, 1, 67.1, 1.80).jars.head(1)
    name, string = jars.row(0)[:2]
    one = TelemetryDay(
        strings.TEST_DAY.date(), jar_rows(name, us, 12.5), string_rows(string, us, amps, "float", 13.62),
        world.NO_THD, world.NO_ROOM,
    )  # fmt: skip
    windows = discharge_windows([one], jars)
    # The second begins with a jar that is not full: only the first counts.
    assert windows["window_start"].n_unique() == 1
    assert (windows["current_a"] < -1).sum() == 12
    lost = one.strings.filter((pl.col("current_a") > -1) | (pl.int_range(pl.len()) % 6 != 3))
    again = discharge_windows([TelemetryDay(one.day, one.jars, lost, world.NO_THD, world.NO_ROOM)], jars)
    assert again["window_start"].unique().to_list() == windows["window_start"].unique().to_list()


def test_a_sensors_zero_is_known_from_an_hour_of_slow_samples():
    current = np.full(12, 0.33)
    floats = np.full(12, SETPOINT_V + 0.3) >= SETPOINT_V
    assert zero_current_a(current, floats, 300e6) == pytest.approx(0.30)
    assert zero_current_a(current, floats, 5e6, 0.1) == 0.1
