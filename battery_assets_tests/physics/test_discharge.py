"""The discharge model against its own physics; against the data sheet: test_calibration."""

import numpy as np
import pytest

from battery_assets.physics.calibration import minutes_to
from battery_assets.physics.capacity_law import capacity_factor
from battery_assets.physics.discharge import (
    Jars,
    State,
    discharge,
    jar_voltage,
    ohmic_factor,
)
from battery_assets.physics.open_circuit import open_circuit_v
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

SECONDS = np.arange(0.0, 6000.0)


def test_a_rested_jar_shows_its_open_circuit_voltage():
    soc = np.array([1.0, 0.9, 0.8, 0.5, 0.2, 0.0])
    expected = [12.890, 12.778, 12.665, 12.317, 11.942, 11.651]
    assert open_circuit_v(soc) == pytest.approx(expected, abs=0.001)
    assert jar_voltage(Jars.new(), State.full(), 0.0)[0] == pytest.approx(12.890, abs=0.001)


def test_a_warm_jar_rests_a_little_higher():
    assert open_circuit_v(0.5, 35.0) - open_circuit_v(0.5, 25.0) == pytest.approx(0.012)


def test_positive_current_charges():
    ran = discharge(Jars.new(), SECONDS, current_a=-60.0)
    assert (ran.current_a < 0).all()
    assert ran.jar_v[0, 0] < 12.89
    assert ran.jar_v[0, -1] < ran.jar_v[0, 0]
    assert ran.removed_ah > 0
    assert jar_voltage(Jars.new(), State.full(), 12.0)[0] > 12.89
    with pytest.raises(ValueError, match="positive current charges"):
        discharge(Jars.new(), SECONDS, current_a=60.0)


@pytest.mark.parametrize(
    ("amps", "volts", "minutes"),
    [
        (60, (12.60, 12.56, 12.48, 12.29), 77.2),
        (100, (12.41, 12.35, 12.21, 11.86), 40.0),
        (150, (12.17, 12.07, 11.85, 11.24), 23.0),
        (200, (11.92, 11.80, 11.49), 14.8),
    ],
)
def test_constant_current_shows_the_published_voltages(amps, volts, minutes):
    # SOURCES 1.3, computed from the constants that follow the data sheet.
    ran = discharge(Jars.new(), SECONDS, current_a=-float(amps), stop_jar_v=10.5)
    at = [ran.jar_v[0, second] for second in (5, 60, 300, 900)[: len(volts)]]
    assert at == pytest.approx(volts, abs=0.006)
    assert ran.time_s[-1] / 60 == pytest.approx(minutes, abs=0.06)


def test_the_short_circuit_current_is_that_of_the_class():
    # SOURCES 1.1: 2,240 A of a 6FM150X scaled per Ah, 2.0 to 3.2 kA in the class.
    amps = np.arange(1000.0, 4000.0, 10.0)
    volts = np.array([jar_voltage(Jars.new(), State.full(), -drawn)[0] for drawn in amps])
    assert 2000.0 < amps[np.argmax(volts < 0)] < 3200.0


def test_a_weak_jar_loses_more_of_its_quarter_hour_than_of_its_ten_hours():
    worn = Jars.new(1, 0.8, 1.4)
    long = minutes_to(1.80, -12.0, jars=worn) / minutes_to(1.80, -12.0)
    short = minutes_to(1.75, -200.0, jars=worn) / minutes_to(1.75, -200.0)
    assert 0.70 < long < 0.80
    assert short < long - 0.10


def test_a_new_jar_delivers_its_rating_in_the_ten_hour_test():
    ran = discharge(
        Jars.new(1, HX12_120.acceptance_scale), np.arange(0, 50_000, 5.0), current_a=-12.0, stop_jar_v=10.8
    )
    assert ran.removed_ah == pytest.approx(120.0, rel=0.01)


def test_constant_power_draws_more_current_as_the_voltage_falls():
    ran = discharge(Jars.new(24), SECONDS, power_w=1200.0, stop_string_v=24 * 10.2)
    assert ran.reason == "string"
    assert -ran.current_a[-1] > -ran.current_a[0]
    assert -ran.current_a * ran.jar_v.mean(axis=0) == pytest.approx(
        np.full(ran.time_s.size, 1200.0), rel=1e-3
    )


def test_the_weakest_jar_falls_first_and_can_stop_a_test():
    scale = np.array([1.0] * 23 + [0.7])
    jars = Jars(scale, np.ones(24), np.full(24, 25.0), np.full(24, 6.0), np.zeros(24), np.zeros(24))
    ran = discharge(jars, np.arange(0, 50_000, 5.0), current_a=-12.0, stop_string_v=259.2, stop_jar_v=9.6)
    assert ran.reason == "jar"
    assert ran.jar_v[:, -1].argmin() == 23


def test_rest_after_a_discharge_recovers_towards_open_circuit():
    ran = discharge(Jars.new(), np.arange(0, 3600.0), current_a=-60.0)
    rest = discharge(Jars.new(), np.arange(0, 100_000.0, 10.0), current_a=0.0, state=ran.state)
    assert rest.jar_v[0, -1] > rest.jar_v[0, 0] > ran.jar_v[0, -1]
    assert rest.jar_v[0, -1] == pytest.approx(open_circuit_v(1 - 60 / 120), abs=0.005)


def test_cold_takes_capacity_and_heat_gives_little_back():
    assert capacity_factor([0.0, 25.0, 40.0]) == pytest.approx([0.85, 1.0, 1.027])
    assert ohmic_factor(35.0) == pytest.approx(0.944, abs=0.005)
