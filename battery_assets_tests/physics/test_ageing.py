"""Ageing laws: what the profiles promise at 25 C and what heat does to it."""

import numpy as np
import pytest

from battery_assets.physics import ageing


@pytest.mark.parametrize(("profile", "years"), list(zip(ageing.PROFILES, (10.0, 2.5, 0.8), strict=True)))
def test_a_mean_jar_reaches_80_percent_at_the_stated_life(profile, years):
    assert ageing.years_to_end(profile.rate) == pytest.approx(years)
    assert ageing.state_of_health(years, profile.rate) == pytest.approx(0.80, abs=0.002)


def test_ten_kelvin_halve_the_life():
    assert ageing.ageing_factor([25.0, 35.0, 30.0]) == pytest.approx([1.0, 2.0, 1.414], abs=0.001)
    year_at_35 = ageing.state_of_health(5.0 * ageing.ageing_factor(35.0), 0.02)
    assert year_at_35 == pytest.approx(0.80, abs=0.002)


def test_capacity_falls_faster_after_the_knee():
    loss = -np.diff(ageing.state_of_health(np.array([3.0, 4.0, 9.9, 10.0]), 0.02)) / [1.0, 1.0, 0.1]
    assert loss[0] == pytest.approx(0.6 * 0.02, rel=0.05)
    assert loss[2] == pytest.approx(3.5 * 0.02, rel=0.05)


def test_resistance_at_end_of_life_lies_in_the_significant_band():
    at_end = [ageing.resistance_ratio(1.0, profile.rise_at_end) for profile in ageing.PROFILES]
    assert at_end == pytest.approx([1.50, 1.375, 1.32])


def test_dry_out_shows_in_resistance_before_capacity_and_sulfation_after():
    corrosion, dry_out, sulfation = (
        ageing.resistance_ratio(0.3, 0.375, m.lead_exponent, m.rise) for m in ageing.MECHANISMS
    )
    assert dry_out > corrosion > sulfation


def test_new_jars_come_85_12_3():
    assert [profile.share for profile in ageing.PROFILES] == [0.85, 0.12, 0.03]
