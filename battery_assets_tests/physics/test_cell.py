"""One cell under any current: the jar's equations, and what a rest and a broken record do."""

from dataclasses import replace

import numpy as np
import pytest

from battery_assets.physics.calibration import minutes_to
from battery_assets.physics.cell import CellParameters, cell_voltage_curve, open_circuit_curve
from battery_assets.physics.cell_fit import capacity_ah
from battery_assets.physics.discharge import Jars, discharge
from battery_assets.physics.open_circuit import open_circuit_v
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

CELL = CellParameters.of_jar(HX12_120.depth_capacity_ah)


@pytest.mark.parametrize("amps", [6.0, 60.0, 200.0])
def test_six_cells_of_the_jars_constants_are_the_jar(amps):
    seconds = np.arange(0.0, 0.8 * 3600 * minutes_to(1.75, -amps) / 60, 1.0)
    ran = discharge(Jars.new(), seconds, current_a=-amps)
    cells = 6 * cell_voltage_curve(CELL, seconds, np.full(seconds.size, -amps))
    # Ten double-layer time constants after the start both are the same.
    assert cells[2:] == pytest.approx(ran.jar_v[0, 2:], abs=0.003)


def test_a_battery_of_another_size_lasts_as_long_at_the_same_rate():
    small = CellParameters.of_jar(HX12_120.depth_capacity_ah / 10)
    seconds = np.arange(0.0, 3000.0, 5.0)
    large_v = cell_voltage_curve(CELL, seconds, np.full(seconds.size, -60.0))
    assert cell_voltage_curve(small, seconds, np.full(seconds.size, -6.0)) == pytest.approx(large_v, abs=1e-9)


def test_a_rested_cell_shows_its_open_circuit_voltage_again():
    seconds = np.concatenate([np.arange(0, 7201, 10.0), 7200 + np.arange(0, 90_000, 60.0)])
    current = np.where(np.arange(seconds.size) <= 720, -30.0, 0.0)
    volts = cell_voltage_curve(CELL, seconds, current)
    assert volts[720] < volts[721] < volts[-1]
    assert volts[-1] == pytest.approx(open_circuit_curve(CELL, 60.0), abs=1e-4)
    assert 6 * volts[-1] == pytest.approx(open_circuit_v(0.5), abs=1e-3)


def test_the_result_does_not_depend_on_how_often_a_steady_current_is_sampled():
    seconds = np.arange(0.0, 3601.0, 1.0)
    often = cell_voltage_curve(CELL, seconds, np.full(seconds.size, -60.0))
    seldom = cell_voltage_curve(CELL, seconds[::60], np.full(61, -60.0))
    assert seldom == pytest.approx(often[::60], abs=5e-4)


def test_positive_current_charges_back():
    seconds = np.arange(0.0, 7200.0, 10.0)
    current = np.where(seconds < 3600, -30.0, 30.0)
    volts = cell_voltage_curve(CELL, seconds, current)
    assert np.diff(volts[5:360]).max() < 0
    assert np.diff(volts[365:]).min() > 0
    assert volts[-1] > open_circuit_curve(CELL, 0.0)


def test_an_exhausted_cell_keeps_a_finite_voltage_that_falls():
    seconds = np.arange(0.0, 50 * 3600.0, 60.0)
    volts = cell_voltage_curve(CELL, seconds, np.full(seconds.size, -12.0))
    assert np.isfinite(volts).all()
    assert np.diff(volts[1:]).max() <= 0


def test_capacity_is_the_charge_until_the_end_voltage():
    assert capacity_ah(CELL, -12.0, 1.80) == pytest.approx(HX12_120.model_c10_ah, rel=0.002)
    assert capacity_ah(replace(CELL, ohmic_ohm=1.0), -12.0, 1.80) == 0.0
    with pytest.raises(ValueError, match="not reached"):
        capacity_ah(CELL, -12.0, -9.0)


@pytest.mark.parametrize(
    ("seconds", "amps", "words"),
    [
        ([0, 10], [-1.0], "two equal rows"),
        ([0, 20, 10], [-1.0, -1.0, -1.0], "time falls after 20 s"),
        ([0, 10], [-1.0, np.nan], "finite"),
    ],
)
def test_a_record_that_is_none_is_refused(seconds, amps, words):
    with pytest.raises(ValueError, match=words):
        cell_voltage_curve(CELL, seconds, amps)
