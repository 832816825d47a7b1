"""A held value is decided by time: 15 s are 15 s, a spike is nothing, and a gap breaks what was held."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.samples.held import Held, held
from battery_assets.features.samples.held_kernels import _one_by_one, held_of_runs
from battery_assets.features.samples.hour_kernels import run_starts

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
HIGH, LOW = Held("high", "x", 15), Held("low", "x", 15, lowest=True)


def samples(values: list[float | None], step_s: int = 5, unit: str = "a") -> pl.DataFrame:
    at = [BEGIN + timedelta(seconds=step_s * k) for k in range(len(values))]
    rows = pl.DataFrame({"unit": unit, "ts": at, "x": pl.Series(values, dtype=pl.Float32)})
    return rows.with_columns(pl.col("ts").cast(pl.Datetime("us", "UTC")))


def one(values: list[float | None], step_s: int = 5, by: Held = HIGH) -> float | None:
    [value] = held(samples(values, step_s), "unit", (by,))[by.name].to_list()
    return value


@pytest.mark.parametrize(
    ("peak", "value"),
    [
        ([9], 1.0),
        ([9, 9], 1.0),
        ([9, 9, 9], 9.0),
        ([9, 9, 1, 9, 9], 9.0),  # two of three
        ([9, 1, 9, 1, 9, 1], 1.0),
        ([9, 9, None, 9], 9.0),
    ],
)
def test_fifteen_seconds_are_three_samples_at_five(peak, value):
    around = [1.0] * 6
    assert one([*around, *peak, *around]) == value
    assert one([-x if x is not None else None for x in [*around, *peak, *around]], by=LOW) == -value


def test_between_two_levels_the_lower_one_was_held():
    assert one([1.0, 1, 5, 9, 7, 6, 1, 1]) == 6.0


def test_a_unit_that_is_sampled_seldom_needs_two_of_three():
    assert one([1.0, 1, 9, 1, 1], step_s=300) == 1.0
    assert one([1.0, 1, 9, 9, 1], step_s=300) == 9.0


def test_a_gap_breaks_it_and_a_row_that_came_twice_is_one_row():
    rows = samples([1.0, 1, 9, 9, 9, 1, 1, 1, 1, 1, 1])
    late = rows.with_columns(
        ts=pl.when(pl.int_range(pl.len()) > 3).then(pl.col("ts") + timedelta(minutes=2)).otherwise("ts")
    )
    assert held(late, "unit", (HIGH,))["high"].to_list() == [1.0]
    twice = samples([1.0, 1, 1, 9, 1, 1, 1])[[0, 1, 2, 3, 3, 3, 4, 5, 6]]
    assert held(twice, "unit", (HIGH,))["high"].to_list() == [1.0]


def test_what_was_held_over_the_hour_counts_for_the_hour_in_which_it_ended():
    values = np.ones(1440)
    values[718:721] = 9.0  # ten seconds before the turn of the hour, five after it
    assert held(samples(values.tolist()), "unit", (HIGH,))["high"].to_list() == [1.0, 9.0]


def test_units_do_not_mix_and_nothing_is_held_by_one_sample():
    rows = pl.concat([samples([1.0, 1, 9, 9], unit="a"), samples([9.0, 1, 1, 1], unit="b")])
    assert held(rows, "unit", (HIGH,))["high"].to_list() == [1.0, 1.0]
    assert one([9.0]) is None
    assert held(rows.clear(), "unit", (HIGH,)).is_empty()


def brute(values: np.ndarray, count: int) -> float:
    """The same by its definition, without gaps: middle of three, lowest of a window, highest of all."""
    inner = np.sort(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)[1]
    voted = np.concatenate([[values[:2].min()], inner, [values[-2:].min()]])
    return max(voted[k : k + count].min() for k in range(voted.size - count + 1))


@pytest.mark.parametrize("seconds", [15, 300, 1800])
def test_it_is_what_its_definition_says(seconds):
    rng = np.random.default_rng(seconds)
    for _ in range(20):
        values = rng.choice(np.arange(8.0), 720, p=[0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.2, 0.1])
        values = np.repeat(values, 40)[:720] if seconds > 100 else values
        assert one(values.tolist(), by=Held("high", "x", seconds)) == brute(values, seconds // 5)


@pytest.mark.parametrize("step_s", [1, 5, 7, 60, 900])
def test_units_that_are_sampled_evenly_give_to_the_bit_what_each_sample_in_turn_gives(step_s):
    draw = np.random.default_rng(step_s)
    rows = 3600 // step_s + 40
    ts = np.tile(np.arange(rows) * step_s * 1_000_000, 3).astype(np.int64)
    unit = np.repeat(np.arange(3), rows)
    values = (13.0 + draw.standard_normal(3 * rows).round(2)).astype(np.float32)
    values[rows + 3] = np.nan  # the second unit is uneven: both ways are in one call
    starts = run_starts(unit, ts)
    step = np.full(len(starts) - 1, step_s * 1e6)
    for window_s in (15, 300, 1800, 3600):
        for sign in (1.0, -1.0):
            given = starts, unit, ts, values, step, window_s * 1_000_000, sign
            found = held_of_runs(*given)
            assert found.tobytes() == _one_by_one(*given).tobytes(), (window_s, sign)
            assert np.isfinite(found).any()


@pytest.mark.parametrize("step_s", [1, 5, 60, 900])
def test_samples_that_stray_and_are_missing_give_to_the_bit_what_each_in_turn_gives(step_s):
    draw = np.random.default_rng(step_s)
    rows, step_us = 7200 // step_s + 40, step_s * 1_000_000
    gaps = np.where(draw.random(rows) < 0.03, draw.integers(2, 9, rows), 1) * step_us
    ts = np.cumsum(gaps) + draw.integers(0, step_us // 5, rows)
    unit = np.repeat(np.arange(2), [rows // 2, rows - rows // 2])
    values = (13.0 + draw.standard_normal(rows).round(2)).astype(np.float32)
    starts = run_starts(unit, ts)
    for window_s in (15, 300, 1800):
        for sign in (1.0, -1.0):
            given = starts, unit, ts, values, np.full(len(starts) - 1, float(step_us)), window_s * 1e6, sign
            found = held_of_runs(*given)
            assert found.tobytes() == _one_by_one(*given).tobytes(), (window_s, sign)
            if window_s == 15:
                assert np.isfinite(found).any()
