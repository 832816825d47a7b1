"""Strings on float and the way back to it."""

import numpy as np
import pytest

from battery_assets.physics.float_charge import float_current_a, setpoint_v_cell, share_voltage, spread
from battery_assets.physics.recharge import recharge


def string_of(shift, cells=6.0, volts=326.88):
    shift = np.repeat(np.asarray(shift, dtype=float)[:, None], 3, axis=1)
    return share_voltage(
        np.full((1, 4), volts),
        shift,
        np.broadcast_to(np.asarray(cells, float).reshape(-1, 1), shift.shape),
        24,
    )


def test_a_new_jar_floats_at_nineteen_milliamperes():
    assert float_current_a(2.27) == pytest.approx(0.0186, abs=0.0005)
    assert float_current_a(2.27, 35.0) == pytest.approx(0.034, abs=0.0005)
    assert float_current_a(2.27, ageing=5.0) == pytest.approx(0.093, abs=0.001)
    _, current = string_of(np.zeros(24), np.full(24, 6.0))
    assert current[0, 0] == pytest.approx(0.0186, abs=0.0005)


def test_a_hot_room_lowers_the_float_setpoint_down_to_a_floor():
    assert setpoint_v_cell([25.0, 35.0]) * 6 == pytest.approx([13.62, 13.422])
    assert setpoint_v_cell(45.0) == pytest.approx(setpoint_v_cell(60.0))
    assert setpoint_v_cell(60.0) >= 2.21


def test_the_jars_of_a_string_share_exactly_what_the_charger_holds():
    shift = np.random.default_rng(1).normal(0, 0.1, 24)
    jar_v, _ = string_of(shift, np.full(24, 6.0))
    assert jar_v.sum(axis=0) == pytest.approx(np.full(4, 326.88), abs=1e-3)
    assert np.argmax(jar_v[:, 0]) == np.argmin(shift)


def test_settled_jars_spread_by_56_millivolts():
    assert spread(5.0) * 6 / 11 == pytest.approx(0.056, abs=0.001)
    assert spread(0.0) > 3 * spread(5.0)


def test_a_shorted_cell_takes_two_volts_and_its_neighbours_rise():
    cells = np.full(24, 6.0)
    sound, before = string_of(np.zeros(24), cells)
    cells[3] = 5.0
    jar_v, after = string_of(np.zeros(24), cells)
    assert jar_v[3, 0] - sound[3, 0] == pytest.approx(-2.2, abs=0.1)
    assert jar_v[0, 0] - sound[0, 0] == pytest.approx(0.095, abs=0.005)
    assert after[0, 0] / before[0, 0] == pytest.approx(1.19, abs=0.02)


def test_a_recharge_returns_seven_percent_more_than_was_taken():
    plan = recharge(100.0, 18.0)
    time = np.arange(0.0, plan.duration_s, 1.0)
    assert plan.current(time).sum() / 3600 == pytest.approx(107.0, rel=0.01)
    assert plan.current(0.0) == 18.0
    assert (np.diff(plan.current(time)) <= 0).all()


def test_a_tenth_of_capacity_brings_back_eighty_percent_in_nine_hours():
    # AlphaCell manual p.13: 80 % in about 9 h, 90 % in 11 h.
    plan = recharge(120.0, 12.0)
    assert 1 - plan.missing_charge(9 * 3600) == pytest.approx(0.84, abs=0.05)
    assert 1 - plan.missing_charge(11 * 3600) > 0.90


def test_a_charger_without_current_is_refused():
    with pytest.raises(ValueError, match="positive current limit"):
        recharge(10.0, 0.0)
