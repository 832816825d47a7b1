"""Fitted cells against curves that the fit never saw: made by a known cell, by PyBaMM, by real batteries."""

from dataclasses import replace

import numpy as np
import pytest

from battery_assets.ingest.discharge_tests.record import read_discharge_test
from battery_assets.physics.cell import CellParameters, cell_voltage_curve, open_circuit_curve
from battery_assets.physics.cell_fit import CellCurve, capacity_ah, fit_cell, fit_class, rmse_mv
from battery_assets_tests.worlds import oracles

KNOWN = replace(
    CellParameters.of_jar(20.0), acid_molality=7.2, kinetic_v=0.06, exchange_a=15.0, depletion_per_a=0.01,
    diffusion_s=900.0, ohmic_ohm=0.002, resistance_growth=0.0,
)  # fmt: skip


def record(amps: float, end_v: float = 1.75) -> CellCurve:
    """A discharge of the known cell at a constant current."""
    seconds = np.linspace(0, 3600 * capacity_ah(KNOWN, -amps, end_v) / amps, 500)
    current = np.full(seconds.size, -amps)
    return CellCurve(seconds, current, cell_voltage_curve(KNOWN, seconds, current))


def test_a_fit_finds_a_known_cells_curve_at_a_rate_between():
    cell = fit_cell([record(1.0), record(4.0), record(20.0)])
    assert rmse_mv(cell, record(8.0)) < 1.0
    assert capacity_ah(cell, -8.0, 1.75) == pytest.approx(capacity_ah(KNOWN, -8.0, 1.75), rel=0.003)
    assert open_circuit_curve(cell, [0.0, 10.0]) == pytest.approx(
        open_circuit_curve(KNOWN, [0.0, 10.0]), abs=0.003
    )


def test_voltages_that_were_not_read_change_nothing_but_their_charge_counts():
    whole = record(4.0)
    voltage_v = whole.voltage_v.copy()
    voltage_v[100:200] = np.nan
    cell = fit_class([whole._replace(voltage_v=voltage_v)], 20.0)
    assert rmse_mv(cell, whole) == pytest.approx(rmse_mv(fit_class([whole], 20.0), whole), rel=0.2)
    assert cell.depth_capacity_ah == pytest.approx(fit_class([whole], 20.0).depth_capacity_ah, rel=0.02)


@pytest.mark.parametrize("size_ah", [10.0, 15.0, 26.0])
def test_a_start_of_the_wrong_size_leads_to_the_same_voltage(size_ah):
    cell = fit_cell([record(1.0), record(4.0), record(20.0)], CellParameters.of_jar(size_ah))
    assert rmse_mv(cell, record(8.0)) < 1.5


def test_only_what_is_named_is_fitted():
    start = CellParameters.of_jar(20.0)
    cell = fit_cell([record(4.0)], start, fitted=("ohmic_ohm",))
    assert cell.ohmic_ohm != start.ohmic_ohm
    assert replace(cell, ohmic_ohm=start.ohmic_ohm) == start


@pytest.mark.parametrize(
    ("curves", "words"),
    [
        ([], "at least one curve"),
        ([CellCurve(*([0.0, 10.0], [5.0, 5.0], [2.1, 2.0]))], "a discharge is negative"),
        ([CellCurve(*([0.0, 10.0], [-5.0, -5.0], [12.6, 12.5]))], "divide by the cells in series"),
        ([CellCurve(*([0.0, 10.0], [-5.0, -5.0], [2.1]))], "2 times have 1 voltages"),
    ],
)
def test_a_record_that_is_no_cells_discharge_is_refused(curves, words):
    with pytest.raises(ValueError, match=words):
        fit_cell(curves)


def test_a_constant_that_is_none_is_refused():
    with pytest.raises(ValueError, match="temperature"):
        fit_cell([record(4.0)], fitted=("temperature",))


@pytest.fixture(scope="module")
def pybamm(shared_data) -> dict[str, CellCurve]:
    return oracles.pybamm_curves(shared_data)


@pytest.mark.parametrize("name", oracles.PYBAMM)
def test_each_of_pybamms_curves_up_to_1c_is_told_by_the_others(pybamm, name):
    cell = fit_cell([curve for key, curve in pybamm.items() if key != name])
    curve = pybamm[name]
    assert rmse_mv(cell, curve) <= 2.2
    if "_cc_" in name:
        given = capacity_ah(cell, float(curve.current_a[0]), oracles.END_V_CELL)
        assert given == pytest.approx(oracles.removed_ah(curve)[-1], rel=0.01)


def test_rates_that_no_fit_saw_are_told_to_a_millivolt_and_twice_the_fastest_to_five(pybamm):
    told = {name: (mv, capacity) for name, mv, capacity in oracles.at_other_rates(pybamm)}
    assert set(told) == {*oracles.BETWEEN, oracles.BEYOND, "Full_1C_15min_rest"}
    assert max(mv for name, (mv, _) in told.items() if name != oracles.BEYOND) <= 0.8
    assert told[oracles.BEYOND][0] <= 5.2
    assert all(abs(capacity) <= 1.0 for _, capacity in told.values() if capacity is not None)


def test_constant_currents_tell_pulses_rests_and_pybamms_own_open_circuit_voltage(pybamm, shared_data):
    cell = fit_cell([pybamm[name] for name in ("Full_cc_C20", "Full_cc_C5", "Full_cc_1C")])
    assert rmse_mv(cell, pybamm["Full_pulse_C5"]) <= 1.5
    assert rmse_mv(cell, pybamm["Full_1C_15min_rest"]) <= 1.5
    # The column is the voltage at the mean acid concentration: never fitted, never under load.
    path = shared_data / "pybamm_lead_acid" / "Full_pulse_C5.csv"
    bulk = np.genfromtxt(path, delimiter=",", names=True)
    assert open_circuit_curve(cell, bulk["ah_out"][::50]) == pytest.approx(
        bulk["ocv_cell_V"][::50], abs=0.003
    )


def test_a_current_of_the_wrong_sign_cannot_pass(pybamm):
    with pytest.raises(ValueError, match="positive current charges"):
        fit_cell([curve._replace(current_a=-curve.current_a) for curve in pybamm.values()])


def test_the_class_tells_a_real_agm_discharge_with_three_constants(shared_data):
    test = read_discharge_test(shared_data / oracles.AGM)
    assert test.ah_out == pytest.approx(94.78, rel=0.01)
    mv, out, error = oracles.real_battery(shared_data / oracles.AGM)
    assert mv <= 25.0
    assert abs(error) <= 1.0
    # For 890 s the sheet's current flows while the voltage stays at rest: that charge never left.
    assert test.ah_out - out == pytest.approx(10.0 * 890 / 3600, abs=0.02)


@pytest.mark.parametrize(("name", "ah"), [(oracles.TUBULAR[1], 80.62), (oracles.TUBULAR[2], 91.13)])
def test_the_class_tells_where_a_real_tubular_discharge_ends(shared_data, name, ah):
    # Another construction (flooded tubular plates), loads that change each minute, voltages that stick.
    assert read_discharge_test(shared_data / name).ah_out == pytest.approx(ah, rel=0.01)
    mv, _, error = oracles.real_battery(shared_data / name)
    assert mv <= 170.0
    assert abs(error) <= 1.0


def test_absent_data_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("BATTERY_TEST_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="set BATTERY_TEST_DATA"):
        oracles.measure(small=False)
