"""The jar model against the data sheet of its class, and the numbers that other rooms took from the model."""

from dataclasses import replace

import numpy as np
import pytest

from battery_assets.features.samples import rated_capacity
from battery_assets.features.twin import circuit
from battery_assets.physics.ageing import capacity_scale
from battery_assets.physics.calibration import (
    FITTED,
    FITTED_TO_SHEET,
    TO_SHEET,
    calibrated,
    minutes_to,
    sheet_errors,
)
from battery_assets.physics.discharge import Jars
from battery_assets.physics.open_circuit import cell_voltage, depth, full_acid, open_circuit_v
from battery_assets.physics.parameters.leoch_ma12_100 import POINTS
from battery_assets.physics.parameters.ma12_100_sheet import MA12_100_SHEET
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120


@pytest.mark.parametrize(("end_v", "minutes", "amps"), POINTS)
def test_a_new_jar_lasts_as_long_as_the_data_sheet_says(end_v, minutes, amps):
    assert abs(minutes_to(end_v, -amps) / minutes - 1) <= 0.07


def test_the_sheet_has_28_points_from_five_minutes_to_twenty_hours():
    minutes = [minutes for _, minutes, _ in POINTS]
    assert (len(POINTS), len(set(POINTS)), min(minutes), max(minutes)) == (28, 28, 5, 1200)


def test_the_rated_ten_hour_test_comes_out_within_two_percent():
    ampere_hours = minutes_to(1.80, -12.0) * 12.0 / 60
    assert ampere_hours == pytest.approx(120.0, rel=0.02)
    assert ampere_hours == pytest.approx(HX12_120.model_c10_ah, abs=0.1)


def test_fitting_again_does_not_find_a_better_set_nor_another_one():
    again = calibrated()
    assert np.abs(sheet_errors(again)).max() > np.abs(sheet_errors()).max() - 0.002
    for name in FITTED:
        assert getattr(again, name) == pytest.approx(getattr(HX12_120, name), rel=0.01)


def test_the_fit_finds_the_set_from_afar():
    afar = replace(
        HX12_120, exchange_a=150.0, depletion_per_a=0.015, depletion_growth=1.5, diffusion_s=3000.0
    )
    assert np.abs(sheet_errors(afar)).max() > 0.15
    assert np.abs(sheet_errors(calibrated(afar))).max() < np.abs(sheet_errors()).max() + 0.002


def test_the_constants_stay_within_what_the_class_shows():
    # SOURCES 1.1 and 1.2: instrument resistance, open-circuit voltage full and after the 10 h test.
    assert 3.6 <= HX12_120.ohmic_mohm <= 5.0
    assert 12.8 <= open_circuit_v(1.0) <= 13.0
    assert 11.5 <= open_circuit_v(0.0) <= 11.8
    assert all(low < getattr(HX12_120, name) < high for name, (low, high) in FITTED.items())


def test_a_current_that_the_jar_cannot_carry_lasts_no_time():
    assert minutes_to(1.85, -2000.0) == 0.0
    with pytest.raises(ValueError, match="not reached"):
        minutes_to(-5.0, -12.0)


def test_health_in_the_ten_hour_test_is_what_the_capacity_scale_was_asked_for():
    fresh = minutes_to(1.80, -12.0, jars=Jars.new(1, HX12_120.acceptance_scale))
    for soh in (0.9, 0.8, 0.6):
        scale = float(capacity_scale(soh)) * HX12_120.acceptance_scale
        assert minutes_to(1.80, -12.0, jars=Jars.new(1, scale)) / fresh == pytest.approx(soh, abs=0.005)


@pytest.mark.parametrize(("end_v", "minutes", "amps"), POINTS)
def test_the_sheets_own_set_follows_every_point_within_five_percent(end_v, minutes, amps):
    assert abs(minutes_to(end_v, -amps, MA12_100_SHEET) / minutes - 1) <= 0.05


def test_fitting_the_sheets_set_again_finds_no_better_one():
    again = calibrated(MA12_100_SHEET, FITTED_TO_SHEET, TO_SHEET[-1:])
    found, kept = (np.abs(sheet_errors(one)).max() for one in (again, MA12_100_SHEET))
    assert kept < found + 0.002
    assert HX12_120.model_c10_ah == pytest.approx(MA12_100_SHEET.model_c10_ah, rel=0.002)


@pytest.mark.parametrize("row", rated_capacity.LOWER_ROWS, ids=lambda row: f"{row.end_v_cell}")
def test_ratings_under_1_80_volts_are_the_models_and_the_sheets_points(row):
    lasted = [minutes_to(row.end_v_cell, -amps, MA12_100_SHEET) for amps in row.amps]
    assert lasted == pytest.approx(row.minutes, rel=0.09)
    for end_v, minutes, amps in POINTS:
        if end_v == row.end_v_cell:
            assert row.amps[row.minutes.index(minutes)] == amps


def test_the_twins_priors_are_the_models_equivalent_circuit():
    # Small-signal charge transfer plus fast polarisation, and acid depletion, of SOURCES 1.3.
    jar, z = HX12_120, depth(circuit.PRIOR_SOC_PCT / 100)
    exchange = jar.exchange_a * (z + jar.depth_reserve) ** jar.exchange_exponent
    r1 = 1e3 * jar.cells * jar.kinetic_v / (2 * exchange) + jar.fast_mohm
    np.testing.assert_allclose(circuit.PRIOR_R1_MOHM, r1, atol=0.01)
    slope = [jar.cells * (at(z0 + 5e-4) - at(z0 - 5e-4)) / 1e-3 for z0 in z]
    r2 = 1e3 * np.array(slope) * jar.depletion_per_a * (1 + jar.depletion_growth * (1 - z) ** 2)
    np.testing.assert_allclose(circuit.PRIOR_R2_MOHM, r2, atol=0.1)
    for name, values in (("r1_mohm", r1), ("r2_mohm", r2)):
        assert all(circuit.VALID[name][0] <= value <= circuit.VALID[name][1] for value in values)
    assert all(
        circuit.VALID["c2_f"][0] <= 1e3 * jar.diffusion_s / value <= circuit.VALID["c2_f"][1] for value in r2
    )


def at(depth_z: float) -> float:
    return cell_voltage(depth_z, *full_acid())
