"""Few uneven steps against the plain loop of `discharge` with very many: the same end, the same jar."""

from dataclasses import replace

import numpy as np
import pytest

from battery_assets.physics.discharge import Jars, State, discharge
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.physics.ride import Limits, records, rides

JARS, SPAN_S = 24, 2400.0
LIMITS = Limits(6 * 1.67, 1.60, np.inf, SPAN_S)


def aged(seed: int, **of_weak: float) -> Jars:
    """A string of unequal jars; `of_weak` changes the fifth."""
    rng = np.random.default_rng(seed)
    jars = Jars.new(JARS, 0.95 + 0.03 * rng.standard_normal(JARS), 1.3, 28.0 + rng.standard_normal(JARS))
    for name, value in of_weak.items():
        getattr(jars, name)[4] = value
    return jars


def solved(jars: Jars, depth: float = 1.0, steps: int = 48, limits: Limits = LIMITS, **of_product: float):
    one = State(np.full((1, JARS), depth), np.zeros((1, JARS)), np.zeros((1, JARS)))
    return rides(jars, one, records((replace(HX12_120, **of_product),)), 1500.0, True, limits, steps)


def plainly(jars: Jars, depth: float) -> tuple[float, int]:
    """Minutes and lowest jar by `discharge`, where only the string's sum ends it."""
    stop_v = LIMITS.mean_v * JARS
    ran = discharge(
        jars,
        np.linspace(0.0, SPAN_S, 20_000),
        power_w=1500.0,
        state=State.full(JARS, depth),
        stop_string_v=stop_v,
    )
    return float(ran.time_s[-1]) / 60.0, int(ran.jar_v[:, -1].argmin())


@pytest.mark.parametrize("depth", [1.0, 0.75])
@pytest.mark.parametrize(
    "of_weak",
    [{}, {"capacity_scale": 0.85}, {"temperature_c": 45.0}, {"resistance_scale": 3.0}, {"cells": 5.0}],
)
def test_few_steps_end_where_very_many_do(of_weak, depth):
    jars = aged(3, **of_weak)
    free = replace(LIMITS, reversal_v_cell=-1e6)
    minutes, lowest = plainly(jars, depth)
    ran = solved(jars, depth, limits=free)
    assert ran.minutes[0] == pytest.approx(minutes, rel=0.001)
    assert ran.lowest[0] == lowest


def test_a_jar_that_is_about_to_be_reversed_ends_it_sooner():
    weak = aged(3, capacity_scale=0.5)
    held = solved(weak)
    assert held.lowest[0] == 4
    assert held.minutes[0] < solved(weak, limits=replace(LIMITS, reversal_v_cell=-1e6)).minutes[0]
    assert held.minutes[0] == pytest.approx(solved(weak, steps=2000).minutes[0], rel=0.002)


def test_what_a_connection_drops_does_not_reverse_a_jar():
    loose = aged(3, resistance_scale=6.0)
    minutes = solved(loose, limits=replace(LIMITS, reversal_v_cell=-1e6)).minutes[0]
    assert solved(loose).minutes[0] == minutes


def test_a_power_that_is_too_much_at_once_carries_nothing():
    ran = solved(aged(3), depth=0.05)
    assert ran.minutes[0] == 0.0
    assert np.isfinite([ran.jar_v[0], ran.drawn_a[0]]).all()


def test_power_is_voltage_times_current():
    ran = solved(Jars.new(JARS))
    assert ran.jar_v[0] * ran.drawn_a[0] == pytest.approx(1500.0, rel=0.005)  # of means


def test_runs_that_are_solved_together_are_those_solved_alone():
    rng = np.random.default_rng(5)
    scale = rng.uniform(0.6, 1.0, (4, JARS))
    flat = np.ones((4, JARS))
    jars = Jars(scale, flat, 25.0 * flat, np.full(JARS, 6.0), 0 * flat, 0 * flat)
    sets = tuple(replace(HX12_120, exchange_a=289.0 * f) for f in (0.8, 0.9, 1.0, 1.2))
    state = State(flat, 0 * flat, 0 * flat)
    ran = rides(jars, state, records(sets), 150.0, False, LIMITS, 48)
    for k, one in enumerate(sets):
        single = replace(
            jars, capacity_scale=scale[k], resistance_scale=flat[k], temperature_c=25.0 * flat[k]
        )
        alone = solved_by_current(single, one)
        assert (ran.minutes[k], ran.lowest[k]) == (alone.minutes[0], alone.lowest[0])


def solved_by_current(jars: Jars, product):
    one = State(np.ones((1, JARS)), np.zeros((1, JARS)), np.zeros((1, JARS)))
    jars = replace(jars, surface_charge_v=np.zeros(JARS), coup_de_fouet_v=np.zeros(JARS))
    return rides(jars, one, records((product,)), 150.0, False, LIMITS, 48)


def test_a_product_with_less_acid_ends_as_well():
    """Its acid balance is used up above the reference set's least depth, where its logarithm had no value."""
    weak = aged(3, capacity_scale=0.4)
    slow = replace(LIMITS, mean_v=10.8, span_s=16 * 3600.0)
    one = State(np.ones((1, JARS)), np.zeros((1, JARS)), np.zeros((1, JARS)))
    less = records((replace(HX12_120, acid_ml_per_ah=0.93 * HX12_120.acid_ml_per_ah),))
    ran = rides(weak, one, less, 12.0, False, slow, 48)
    assert ran.minutes[0] < 400.0
    assert ran.lowest[0] == 4


def test_each_jar_has_its_own_minutes_and_one_that_did_not_get_there_those_of_the_run():
    jars = aged(3, capacity_scale=1.6)
    past = solved(jars, steps=192, limits=replace(LIMITS, last_v=9.0))
    own, rest = past.own_min[0, 4], np.delete(past.own_min[0], 4)
    assert own == past.own_min[0].max()
    assert rest.min() < past.minutes[0] < rest.max()
    alone = replace(LIMITS, last_v=LIMITS.mean_v, reversal_v_cell=-1e6)
    assert solved(Jars.new(JARS), limits=alone).own_min[0] == pytest.approx(
        np.full(JARS, solved(Jars.new(JARS), limits=alone).minutes[0]), rel=0.001
    )
