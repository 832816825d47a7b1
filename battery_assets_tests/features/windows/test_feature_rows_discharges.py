"""Discharges, surges and throughput of the windows, and what silence leaves."""

import weakref
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.windows.feature_rows import feature_rows
from battery_assets_tests.worlds.months.telemetry_days import (
    NO_ROUNDS,
    instants,
    jar_rows,
    string_rows,
    telemetry,
    units,
)
from battery_assets_tests.worlds.months.windowed import DAY, at, quiet_day


def test_a_discharge_over_midnight_counts_once():
    days = []
    for k in range(2):
        day = DAY + timedelta(days=k)
        us = instants(day, 60)
        near = np.abs(us - instants(date(2026, 3, 2), 60)[0]) <= 30 * 60_000_000
        current = np.where(near, -60.0, 0.1)
        days.append(telemetry(day, jar_rows("a", us, 13.6), string_rows("s1", us, current, None)))
    rows = feature_rows(days, units("a"), NO_ROUNDS).filter(feature_window_hours=24)
    assert rows["discharge_cycles_count"].to_list() == [1, 0]
    # One hour at 60 A with a ramp of a minute on each side, and 47 hours at 0.1 A.
    assert rows["ah_throughput"].sum() == pytest.approx(61.0 + 4.7, abs=0.02)


def test_one_low_sample_is_no_discharge_but_a_mode_is():
    us = instants(DAY, 60, 1)
    current = np.where(np.arange(60) == 30, -20.0, 0.1)
    modes = [None] * 60
    spike = telemetry(DAY, jar_rows("a", us, 13.6), string_rows("s1", us, current, modes))
    assert feature_rows([spike], units("a"), NO_ROUNDS)["discharge_cycles_count"].max() == 0
    modes[30] = "discharge"
    told = telemetry(DAY, jar_rows("a", us, 13.6), string_rows("s1", us, current, modes))
    assert feature_rows([told], units("a"), NO_ROUNDS)["discharge_cycles_count"].max() == 1


def test_a_discharge_under_way_at_the_start_of_the_month_belongs_to_the_month_before():
    us = instants(DAY, 60, 2)
    day = telemetry(
        DAY, jar_rows("a", us, 12.2), string_rows("s1", us, np.where(np.arange(120) < 50, -60.0, 0.1))
    )
    assert feature_rows([day], units("a"), NO_ROUNDS)["discharge_cycles_count"].max() == 0


def test_a_surge_counts_when_it_starts_and_is_null_without_a_rating():
    us = instants(DAY, 60, 1)
    current = np.full(60, -20.0)
    current[20:30] = -80.0
    current[40] = -70.0
    day = telemetry(DAY, jar_rows("a", us, 12.2), string_rows("s1", us, current, "discharge"))
    assert feature_rows([day], units("a"), NO_ROUNDS)["surge_events_count"].to_list() == [2, 2]
    unrated = feature_rows([day], units("a").drop("capacity_ah"), NO_ROUNDS)
    assert unrated["surge_events_count"].null_count() == unrated.height


def test_throughput_does_not_bridge_a_gap():
    us = instants(DAY, 60, 1)
    gap = (np.arange(60) < 10) | (np.arange(60) >= 40)
    day = telemetry(DAY, jar_rows("a", us, 12.2), string_rows("s1", us[gap], -60.0, "discharge"))
    hour = feature_rows([day], units("a"), NO_ROUNDS).filter(feature_window_hours=1)
    assert hour["ah_throughput"].to_list() == pytest.approx([9.0 + 19.0])


def test_a_silent_string_leaves_null_and_not_zero():
    us = instants(DAY, 60, 1)
    day = telemetry(DAY, jar_rows("a", us, 13.6), string_rows("s1", us, 0.0).clear())
    row = feature_rows([day], units("a"), NO_ROUNDS).to_dicts()[0]
    assert [row[name] for name in ("ah_throughput", "discharge_cycles_count", "ripple_rms_mean")] == [
        None
    ] * 3


def test_a_silent_jar_has_no_row():
    rows = feature_rows([quiet_day(DAY)], units("a", "b", "c"), NO_ROUNDS)
    assert set(rows["battery_id"]) == {"a", "b"}


def test_only_one_day_is_held_at_a_time():
    alive: list[weakref.ref] = []

    def days():
        for k in range(10):
            day = quiet_day(DAY + timedelta(days=k), 3600)
            alive.append(weakref.ref(day))
            yield day
            del day
            assert sum(ref() is not None for ref in alive) <= 2

    assert feature_rows(days(), units("a", "b"), NO_ROUNDS).height > 0


def test_clock_skew_between_jars_does_not_part_an_instant():
    us = instants(DAY, 5, 1)
    jars = pl.concat([jar_rows("a", us + 1_400_000, 13.5), jar_rows("b", us - 100_000 + 5_000_000, 13.7)])
    rows = feature_rows([telemetry(DAY, jars, string_rows("s1", us, 0.0))], units("a", "b"), NO_ROUNDS)
    hour = rows.filter(feature_window_hours=1, feature_ts=at(1, 1))
    assert hour["v_balance_mean"].to_list() == pytest.approx([0.1, 0.1])
