"""Power of a string, and its distortion as the latest burst of waveform shows it."""

import time
from datetime import date

import numpy as np
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.features.charge.string_power import string_calc_day
from battery_assets.features.ripple.bursts import burst_rows
from battery_assets.physics.rectifier import Bridge
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds.months.telemetry_days import instants, string_rows
from battery_assets_tests.worlds.recorded import FLOAT_V, START, burst, hours, lines

DAY = date(2026, 3, 1)
SOUND, LOW_PHASE, WORN = lines(), lines(Bridge(unbalance=0.05)), lines(loss=0.9)


def string_day(ripple_v, current=0.05, mode="float", length=24.0, unit="s1") -> pl.DataFrame:
    us = instants(DAY, 60, length)
    return string_rows(unit, us, current, mode, FLOAT_V, ripple_v)


def thd(day: pl.DataFrame, *bursts: pl.DataFrame) -> np.ndarray:
    return string_calc_day(day, burst_rows(pl.concat(bursts)))["thd_pct"].fill_null(np.nan).to_numpy()


def test_power_is_positive_when_the_string_charges():
    rows = string_calc_day(string_day(0.2, current=10.0, length=1))
    assert rows["power_w"].to_list() == pytest.approx([3269.0] * 60)
    assert string_calc_day(string_day(0.2, current=-10.0, length=1))["power_w"].max() < 0
    assert dict(rows.schema) == polars_schema(t.telemetry_string_calc)


def test_without_waveforms_distortion_is_unknown():
    assert string_calc_day(string_day(0.2))["thd_pct"].null_count() == 24 * 60


def test_a_balanced_sound_bus_shows_7_to_10_percent_from_its_burst_on():
    found = thd(string_day(0.195), burst(SOUND, START + hours(6)))
    assert np.isnan(found[:360]).all()
    assert 7.0 < found[360:].min() <= found[360:].max() < 10.0


def test_the_latest_burst_counts():
    found = thd(
        string_day(np.where(np.arange(1440) < 720, 0.195, WORN.volts_rms)),
        burst(SOUND, START, seed=1),
        burst(WORN, START + hours(12), seed=2),
    )
    assert found[719] == pytest.approx(7.5, abs=0.2)
    assert found[720] > 11.0


def test_a_low_phase_is_no_distortion_of_the_rectifiers_own_line():
    assert thd(string_day(LOW_PHASE.volts_rms), burst(LOW_PHASE)) == pytest.approx(7.5, abs=0.3)


def test_ripple_that_leaves_the_band_is_unknown_until_it_returns_or_is_recorded():
    volts = np.full(1440, 0.195)
    volts[300:360] *= 1.3
    volts[400:460] *= 1.2
    found = thd(string_day(volts), burst(SOUND))
    assert np.isnan(found[300:360]).all()
    assert not np.isnan(np.delete(found, np.s_[300:360])).any()


def test_on_discharge_there_is_no_rectifier_whose_line_could_be_distorted():
    loaded = np.zeros(1440, bool)
    loaded[[*range(100, 160), *range(700, 760)]] = True
    current, ripple = np.where(loaded, -90.0, 0.05), np.where(loaded, 0.6, 0.195)
    inverter = lines(Bridge(unbalance=0.05)).times(0.6 / LOW_PHASE.volts_rms)
    on_load = burst(inverter, START + hours(1 + 50 / 60), dc_a=-90.0, seed=2)
    found = thd(string_day(ripple, current), burst(SOUND, START, seed=1), on_load)
    assert np.isnan(found[loaded]).all()
    assert found[200] == pytest.approx(7.5, abs=0.2), "float has its own burst"


def test_a_burst_in_which_the_load_moves_says_nothing():
    rows = burst(SOUND)
    moved = rows["waveform_a"][0].to_numpy() + np.where(np.arange(2624) < 1280, 0.0, -90.0)
    rows = rows.with_columns(waveform_a=pl.Series([moved.tolist()], dtype=pl.List(pl.Float32)))
    [said] = burst_rows(rows).to_dicts()
    assert not said["steady"]
    assert said["diagnosis"] is None
    assert np.isnan(thd(string_day(0.195), rows)).all()


def test_a_first_line_under_the_noise_floor_has_no_distortion():
    weak = lines(Bridge(12))
    assert np.isnan(thd(string_day(weak.volts_rms), burst(weak.times(0.5), pulses=12))).all()
    found = thd(string_day(weak.volts_rms), burst(weak, pulses=12))
    assert np.all(found < 30)


def test_missing_ripple_is_unknown():
    assert np.isnan(thd(string_day(np.nan, length=1), burst(SOUND))).all()


def test_what_does_not_fit_the_column_is_stored_as_its_most():
    rows = burst_rows(burst(SOUND)).with_columns(thd_pct=pl.lit(2000.0))
    found = string_calc_day(string_day(0.195), rows)["thd_pct"].to_numpy()
    assert np.all(found == 999.99)


def test_each_string_has_its_own_bursts():
    both = pl.concat([string_day(0.195), string_day(WORN.volts_rms, unit="s2")])
    found = thd(both, burst(SOUND), burst(WORN, string_id="s2", seed=2))
    assert found[:1440].max() < 10
    assert found[1440:].min() > 11


def test_an_empty_day_gives_an_empty_frame():
    assert string_calc_day(string_day(0.2, length=1).clear()).height == 0


def test_a_day_of_nine_strings_at_5_s_takes_a_moment():
    us = instants(DAY, 5)
    rows = pl.concat([string_rows(f"s{n}", us, 0.05, "float", FLOAT_V, 0.195) for n in range(9)])
    bursts = burst_rows(
        pl.concat([
            burst(SOUND, START + hours(h), string_id=f"s{n}", seed=h) for n in range(9) for h in range(0, 24, 6)
        ])
    )  # fmt: skip
    begun = time.process_time()
    calc = string_calc_day(rows, bursts)
    # 155,520 rows; a month of them in about a second needs a thirtieth, and this machine is shared.
    assert time.process_time() - begun < 0.3
    assert calc["thd_pct"].null_count() == 0
