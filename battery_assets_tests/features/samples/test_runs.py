"""Medians and steps of many runs at once are those of each run by itself."""

import numpy as np
import polars as pl
import pytest

from battery_assets.features.samples.runs import MANY, Runs, medians, numbers, steps_us


@pytest.fixture
def runs() -> Runs:
    """Runs of 1 to 400 rows, one after the other, with rows of nobody between them."""
    lengths = np.random.default_rng(3).integers(1, 400, size=40)
    stop = np.cumsum(lengths)
    return Runs(np.arange(20), (stop - lengths)[::2], stop[::2])


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_medians_pass_over_what_is_missing(runs, kind):
    rng = np.random.default_rng(4)
    values = rng.standard_normal(40 * 400).astype(kind)
    values[rng.random(values.size) < 0.3] = np.nan
    values[runs.start[5] : runs.stop[5]] = np.nan
    found = medians(values, runs.start, runs.stop)
    assert np.isnan(found[5])
    for k in set(range(20)) - {5}:
        of_one = values[runs.start[k] : runs.stop[k]]
        known = of_one[~np.isnan(of_one)]
        assert np.array_equal(found[k], np.median(known) if known.size else np.nan, equal_nan=True)
    assert medians(values, runs.start[:0], runs.stop[:0]).size == 0


def test_the_step_of_a_run_is_its_middle_one(runs):
    ts = np.cumsum(np.random.default_rng(5).choice([300_000_000, 300_000_001, 900_000_000], 40 * 400))
    found = steps_us(ts, runs)
    for k, (first, last) in enumerate(zip(runs.start, runs.stop, strict=True)):
        steps = np.diff(ts[first:last])
        if steps.size == 0:
            assert np.isnan(found[k])
        elif steps.size <= 200:
            assert found[k] == np.median(steps)
        else:
            assert steps.min() <= found[k] <= steps.max()


def test_a_long_column_that_is_mostly_absent_is_what_a_short_one_is():
    values = [None] * MANY
    values[3], values[-1] = 4.25, 5.5
    frame = pl.DataFrame({"r": values}, schema={"r": pl.Float32})
    shown = numbers(frame, "r")
    assert shown.dtype == np.float32
    assert np.flatnonzero(np.isfinite(shown)).tolist() == [3, MANY - 1]
    assert np.array_equal(shown[:9], numbers(frame[:9], "r"), equal_nan=True)
    assert shown[-1] == 5.5
