"""Loops over pairs of jars against what arrays of all pairs say, with bins that are missing."""

import numpy as np
import pytest

from battery_assets.features.credible.agreement_kernels import agreements, first_of_bins, moves, nearness
from battery_assets.features.samples.runs import row_medians

BIN_US, BINS = 900_000_000, 96


def bins_shown(seed: int, kind: type) -> np.ndarray:
    """Voltages (J, B) of jars that move together in steps of 10 mV; the last jar shows nothing."""
    draw = np.random.default_rng(seed)
    shown = (13.6 + 0.02 * draw.standard_normal((6, BINS))).round(2)
    shown[1] = shown[0] + 0.05
    shown[draw.random(shown.shape) < 0.2] = np.nan
    shown[-1] = np.nan
    return shown.astype(kind)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_pairs_agree_as_arrays_of_all_pairs_do(kind):
    shown = bins_shown(3, kind)
    moved = moves(shown)
    for row, of in zip(shown, moved, strict=True):
        there = np.flatnonzero(np.isfinite(row))
        assert np.flatnonzero(of).tolist() == there[1:][np.diff(row[there]) != 0].tolist()
    there = np.isfinite(shown)
    common = there[:, None] & there[None] & (moved[:, None] | moved[None])
    bins, equal = agreements(shown, moved)
    assert (bins == common.sum(axis=2)).all()
    assert (equal == ((shown[:, None] == shown[None]) & common).sum(axis=2)).all()
    level = shown - row_medians(shown)[:, None]
    width = kind(0.016)
    expected = ((np.abs(level[:, None] - level[None]) <= width) & common).sum(axis=2)
    assert (nearness(level, moved, width) == expected).all()
    assert expected[0, 1] > equal[0, 1], "a copy with an offset is near and not equal"


def test_the_median_of_a_row_is_that_of_its_numbers_to_the_bit():
    shown = bins_shown(4, np.float32)
    expected = [np.median(row[np.isfinite(row)]) for row in shown[:-1]]
    assert row_medians(shown)[:-1].tolist() == expected
    assert np.isnan(row_medians(shown)[-1])


def test_a_bin_shows_its_first_sample_and_nothing_where_none_was_sent():
    day = 20_000 * BINS * BIN_US
    ts = day + np.array([5, BIN_US - 1, 3 * BIN_US, 95 * BIN_US, 2, 96 * BIN_US + 7])
    volts = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], np.float32)
    shown = first_of_bins(ts, volts, np.array([0, 4]), np.array([4, 6]), BIN_US, BINS)
    assert {k: float(shown[0, k]) for k in np.flatnonzero(np.isfinite(shown[0]))} == {0: 1.0, 3: 3.0, 95: 4.0}
    # A run that reaches over midnight is shown by its last day.
    assert {k: float(shown[1, k]) for k in np.flatnonzero(np.isfinite(shown[1]))} == {0: 6.0}
