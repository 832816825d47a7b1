"""Rooms, climate and random streams."""

import numpy as np
import pytest

from battery_assets.physics import climate, thermal
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.physics.random_streams import stream, wander


def test_a_jar_takes_seven_hours_to_follow_its_room():
    target = np.full((1, 8 * 60 + 1), 35.0)
    rate = HX12_120.cooling_w_k / HX12_120.heat_capacity_j_k
    warm = thermal.lag(target, np.array([[rate]]), 60.0, np.array([25.0]))
    assert warm[0, int(7.18 * 60)] == pytest.approx(25 + 10 * (1 - np.exp(-1)), abs=0.05)


def test_without_cooling_a_room_heats_by_kelvins_in_the_first_hour():
    target, rate = thermal.room_pull(25.0, 30.0, np.zeros(61))
    room = thermal.lag(target[None] + np.zeros((1, 61)), rate[None], 60.0, np.array([25.0]))
    assert 3.0 < room[0, 60] - 25.0 < 8.0
    assert target[0] == pytest.approx(39.0)


def test_humidity_and_dew_point_are_inverse():
    assert thermal.humidity_pct(25.0, thermal.dew_point_c(25.0, 52.0)) == pytest.approx(52.0)


def test_bangkok_is_hottest_in_april_and_afternoon():
    days = np.arange("2024-01-01", "2025-01-01", dtype="datetime64[D]")
    mean = climate.daily_mean_c(climate.BANGKOK, days, np.zeros(days.size))
    assert str(days[mean.argmax()])[5:7] == "04"
    assert climate.diurnal_c(np.datetime64("2024-04-10"), np.arange(24)).argmax() == 8


def test_a_stream_depends_on_every_part_of_its_key_and_on_nothing_else():
    first = stream(1, "site", "noise", 7).standard_normal(3)
    stream(1, "site", "noise", 6).standard_normal(100)
    assert (stream(1, "site", "noise", 7).standard_normal(3) == first).all()
    assert (stream(1, "site", "noise", 8).standard_normal(3) != first).all()


def test_wander_goes_on_over_midnight():
    today = wander(1, ("x",), 5, 2, 24, 1441, closed=True)
    tomorrow = wander(1, ("x",), 6, 2, 24, 1440)
    assert today[:, -1] == pytest.approx(tomorrow[:, 0], abs=1e-6)
    assert wander(1, ("x",), 5, 400, 24, 240).std() == pytest.approx(1.0, abs=0.05)
