"""Even series keep the charge that moved, end where a record has a gap, and see nothing of what comes later."""

import numpy as np
import pytest

from battery_assets.features.lab.cycle_rows import Points
from battery_assets.learning.charge.series import Series, joined, pieces_of
from battery_assets_tests.learning.charge.conftest import series


def points(time_s, current_a, voltage_v=None):
    time_s = np.asarray(time_s, float)
    volts = np.full(time_s.size, 3.7) if voltage_v is None else voltage_v
    return Points(time_s, np.asarray(current_a, float), volts, np.full(time_s.size, 25.0))


def test_the_charge_of_a_series_is_that_of_its_points():
    time = np.cumsum(np.random.default_rng(3).uniform(1, 50, 400))
    current = np.random.default_rng(4).uniform(-4, 2, 400)
    known = points(time, current)
    [one] = pieces_of(known, np.linspace(1, 0, 400), 2.0, 60.0, np.ones(400))
    even = np.arange(time[0], time[-1] + 1e-6, 60.0)
    whole = np.interp(even[-1], time, np.cumsum(known.moved_ah)) - np.cumsum(known.moved_ah)[0]
    assert one.moved.sum() * 2.0 == pytest.approx(whole, abs=1e-12)
    assert one.moved[0] == 0.0


def test_a_gap_ends_a_series():
    time = np.concatenate([np.arange(0, 3000, 30.0), np.arange(9000, 12000, 30.0)])
    found = pieces_of(points(time, np.zeros(time.size)), np.ones(time.size), 2.0, 60.0, np.ones(time.size))
    assert [one.time_s[0] for one in found] == [0.0, 9000.0]
    whole = Series.of([("a", 2.0, one) for one in found], 60.0)
    assert whole.first.sum() == 2
    assert (whole.piece[whole.past(20)] == whole.piece[:, None]).all()


def test_a_charge_that_nobody_recorded_ends_a_series_and_a_little_of_it_does_not():
    # Two discharges of 2 Ah, one behind the other: as files of discharges alone are read.
    time, current = np.arange(240) * 30.0, np.full(240, -2.0)
    moved, unsure = np.full(240, -2.0 * 30 / 3600), np.zeros(240)
    unsure[120], unsure[50] = np.inf, 0.001
    own = points(time, current)
    record = Points(own.time_s, own.current_a, own.voltage_v, own.temperature_c, moved, unsure)
    first, second = pieces_of(record, np.tile(np.linspace(1, 0, 120), 2), 2.0, 30.0, np.ones(240))
    assert (first.time_s.size, second.time_s[0], second.moved[0]) == (120, 3600.0, 0.0)


def test_a_row_knows_charge_only_between_known_samples():
    soc = np.linspace(1, 0, 100)
    soc[40:] = np.nan
    time = np.arange(100) * 30.0
    [one] = pieces_of(points(time, np.full(100, -1.0)), soc, 2.0, 60.0, np.ones(100))
    assert np.isfinite(one.soc[:20]).all()
    assert np.isnan(one.soc[20:]).all()


def test_cells_weigh_alike_and_those_of_two_sides_stay_apart():
    one, other = series((1, 2)), series((11,))
    both = joined(one, other)
    assert both.names == ("cell 001", "cell 002", "cell 011")
    weights = [both.shares[both.cell == place].sum() for place in range(3)]
    assert weights == pytest.approx([weights[0]] * 3)
    assert both.first.sum() == one.first.sum() + other.first.sum()
    again = both.only(2)
    assert np.array_equal(again.voltage_v, other.voltage_v)


def test_rows_of_unknown_charge_weigh_nothing():
    from dataclasses import replace

    one = series((1, 2))
    blind = np.full(len(one.soc), np.nan)
    assert not replace(one, soc=blind).shares.any()
    blind[np.flatnonzero(one.cell == 1)[:1]] = 0.5
    single = replace(one, soc=blind)
    assert single.shares.sum() == 1.0
