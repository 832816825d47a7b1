"""Jars of different make: equal health in the 10 h test, different minutes at high rates."""

from dataclasses import replace

import numpy as np
import pytest

from battery_assets.physics import ageing
from battery_assets.physics.discharge import Jars, discharge
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.physics.ten_hour_test import made_for_health, ten_hour_ah

RNG = np.random.default_rng(5)
COUNT = 60
MAKE = (1 + 0.03 * RNG.standard_normal(COUNT), *np.exp(0.15 * RNG.standard_normal((2, COUNT))))


def jars(soh: float, acid, exchange, depletion) -> Jars:
    """New resistance, so that the make alone is seen."""
    scale = ageing.capacity_scale(soh) * HX12_120.acceptance_scale
    plain = Jars.new(COUNT, made_for_health(np.full(COUNT, scale), acid, exchange, depletion))
    return replace(plain, acid_scale=acid, exchange_scale=exchange, depletion_scale=depletion)


def test_less_acid_and_more_depletion_cost_capacity():
    spread = replace(Jars.new(3), acid_scale=np.array([1, 0.95, 1]), depletion_scale=np.array([1, 1, 1.3]))
    plain, less_acid, more_depletion = ten_hour_ah(spread)
    assert less_acid < plain - 1
    assert more_depletion < plain - 1


@pytest.mark.parametrize("soh", [1.0, 0.8])
def test_a_jar_of_any_make_tests_at_its_state_of_health(soh):
    measured = ten_hour_ah(jars(soh, *MAKE)) / ten_hour_ah(jars(soh, *np.ones((3, COUNT))))
    assert measured == pytest.approx(1.0, abs=0.003)


def test_the_make_of_a_jar_decides_how_long_it_lasts_at_a_high_rate():
    run = discharge(jars(1.0, *MAKE), np.arange(0, 1800, 5.0), current_a=-200.0)
    minutes = (run.jar_v > 10.5).sum(axis=1) * 5 / 60
    assert 0.04 < minutes.std() / minutes.mean() < 0.25


def test_an_exhausted_jar_with_little_acid_keeps_a_finite_voltage():
    poor = replace(Jars.new(2), acid_scale=np.array([0.90, 1.1]))
    run = discharge(poor, np.arange(0, 16 * 3600, 60.0), current_a=-12.0)
    assert np.isfinite(run.jar_v).all()
