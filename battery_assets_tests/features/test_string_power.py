"""Power and ripple distortion of a string."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.features.string_power import filtered_thd_pct, string_calc_day, thd_from_waveform
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.features.days import instants, string_rows

DAY = date(2026, 3, 1)
FLOAT_V = 326.9


def string_day(volts_rms, amps_rms, mode="float", current=0.05, hours=24.0) -> pl.DataFrame:
    us = instants(DAY, 60, hours)
    rows = string_rows("s1", us, current, mode, FLOAT_V, volts_rms)
    return rows.with_columns(ripple_current_rms_a=pl.Series(amps_rms * np.ones(len(us)), nan_to_null=True))


def lines(seconds: np.ndarray, **volts_rms: float) -> np.ndarray:
    return sum(
        np.sqrt(2) * v * np.cos(2 * np.pi * float(name[1:]) * seconds) for name, v in volts_rms.items()
    )


def test_power_is_positive_when_the_string_charges():
    rows = string_calc_day(string_day(0.2, 1.7, current=10.0, hours=1))
    assert rows["power_w"].to_list() == pytest.approx([3269.0] * 60)
    assert string_calc_day(string_day(0.2, 1.7, current=-10.0, hours=1))["power_w"].max() < 0
    assert dict(rows.schema) == polars_schema(t.telemetry_string_calc)


def test_a_healthy_bus_shows_7_to_10_percent():
    thd = string_calc_day(string_day(0.195, 1.65))["thd_pct"]
    assert 7.0 < thd.min() <= thd.max() < 10.0


def test_a_lost_capacitor_raises_ripple_and_distortion():
    # SOURCES 4: 0.24, 0.43 and 0.82 V at 80, 40 and 0 % of the capacitor.
    thd = filtered_thd_pct(np.array([0.195, 0.24, 0.31, 0.43, 0.64, 0.82]) / FLOAT_V)
    assert np.all(np.diff(thd) > 0)
    assert thd[0] == pytest.approx(7.5, abs=0.2)
    assert thd[-1] == pytest.approx(15.2, abs=0.2)


def string_ohm(hz: float) -> float:
    return float(np.hypot(0.111, 2 * np.pi * hz * 20e-6))


def test_an_unbalanced_phase_for_an_hour_stands_out_in_that_hour():
    share = np.where((np.arange(1440) >= 300) & (np.arange(1440) < 360), 0.5, 0.0)
    volts = np.full(1440, 0.4)
    amps = volts * np.sqrt((1 - share) / string_ohm(300) ** 2 + share / string_ohm(100) ** 2)
    thd = string_calc_day(string_day(volts, amps))["thd_pct"].to_numpy()
    assert thd[330] == pytest.approx(100.0, abs=5.0)
    assert thd[:300].max() < 10.0


def test_noise_on_the_two_channels_is_not_distortion():
    rng = np.random.default_rng(1)
    volts = 0.2 * (1 + 0.03 * rng.standard_normal(1440))
    amps = 0.2 / string_ohm(300) * (1 + 0.03 * rng.standard_normal(1440))
    thd = string_calc_day(string_day(volts, amps))["thd_pct"]
    assert thd.median() < 8.0
    assert thd.quantile(0.9) < 10.0


def test_distortion_is_null_where_it_cannot_be_told():
    us = instants(DAY, 60, 1)
    assert string_calc_day(string_day(0.2, 1.7, "discharge", -60.0, 1))["thd_pct"].null_count() == len(us)
    assert string_calc_day(string_day(0.008, 0.07, hours=1))["thd_pct"].null_count() == len(us)
    assert string_calc_day(string_day(0.2, np.nan, hours=1))["thd_pct"].null_count() == len(us)
    # 40 Ω between ripple voltage and current is no string of 24 jars.
    assert string_calc_day(string_day(0.67, 0.017, hours=1))["thd_pct"].null_count() == len(us)


def test_an_empty_day_gives_an_empty_frame():
    assert string_calc_day(string_day(0.2, 1.7, hours=1).clear()).height == 0


def test_an_ideal_six_pulse_bridge_has_28_percent():
    seconds = np.arange(0, 0.2, 1 / 12800)
    phases = [np.cos(2 * np.pi * 50 * seconds - k * np.pi / 3) for k in range(6)]
    assert thd_from_waveform(FLOAT_V * np.max(phases, axis=0), 12800) == pytest.approx(28.0, abs=0.3)


def test_lines_of_a_waveform_add_as_squares():
    seconds = np.arange(0, 0.2, 1 / 12800)
    ripple = FLOAT_V + lines(seconds, f300=1.0, f600=0.3, f100=0.4)
    assert thd_from_waveform(ripple, 12800) == pytest.approx(50.0, abs=0.01)
    assert thd_from_waveform(ripple, 12800, f1_hz=600.0) == pytest.approx(100 * np.sqrt(1.16) / 0.3, rel=1e-3)
    shorter = thd_from_waveform(ripple[: int(0.1 * 12800)], 12800)
    assert shorter == pytest.approx(50.0, abs=0.01)


def test_a_waveform_under_the_noise_floor_has_no_distortion():
    seconds = np.arange(0, 0.2, 1 / 12800)
    assert np.isnan(thd_from_waveform(lines(seconds, f300=0.005, f100=1.0), 12800))
    with pytest.raises(ValueError, match="mains cycle"):
        thd_from_waveform(np.zeros(100), 12800)
    with pytest.raises(ValueError, match="kHz"):
        thd_from_waveform(np.zeros(1000), 1000)
