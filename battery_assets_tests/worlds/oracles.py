"""The jar model against what it was not made from: PyBaMM's curves, a data sheet, real batteries.

`python -m battery_assets_tests.worlds.oracles` prints every comparison; `measure` gives the worst of each kind. The files are
looked for in ../shared/data, or where BATTERY_TEST_DATA says. The four curves of `pybamm/` lie beside this file:
PyBaMM 26.10.1.1, lead_acid.Full({"surface form": "differential"}), Sulzer2019, constant current to 1.75 V,
`Simulation(model, C_rate=rate).solve(times)`, thinned to 200 rows.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from battery_assets.ingest.discharge_tests.record import DischargeRecord, read_discharge_test
from battery_assets.physics.calibration import sheet_errors
from battery_assets.physics.cell import CellParameters, cell_voltage_curve
from battery_assets.physics.cell_fit import CellCurve, capacity_ah, fit_cell, fit_class, rmse_mv
from battery_assets.physics.parameters.leoch_ma12_100 import POINTS
from battery_assets.physics.parameters.ma12_100_sheet import MA12_100_SHEET
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

PYBAMM = ("Full_cc_C20", "Full_cc_C5", "Full_cc_1C", "Full_pulse_C5", "Full_1C_15min_rest")
# Fitted to these, the cell tells the rates between them (of `pybamm/`), and twice the fastest of them.
FITTED, BETWEEN, BEYOND = PYBAMM[:4], ("Full_cc_C10", "Full_cc_C3", "Full_cc_C2"), "Full_cc_2C"
OTHER_RATES = Path(__file__).parent / "pybamm"
END_V_CELL = 1.75
AGM = "lead_acid/agm_12v_100ah_charge_discharge.xlsx"
TUBULAR = tuple(f"lead_acid/tubular/TEST_{n}_processed.csv" for n in (1, 2, 3, 5, 10))
CELLS, CLASS_AH = 6, 116.0  # 100 Ah batteries; the class' depth capacity is 1.16 Ah per rated Ah
STUCK_SAMPLES, LEAST_V, ANSWERS_V = 8, 6.0, 0.05


def data_folder() -> Path:
    """Where the third-party files are; FileNotFoundError says what to set."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("BATTERY_TEST_DATA", beside))
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is absent: set BATTERY_TEST_DATA to the folder of real test data")
    return folder


def pybamm_curve(path: Path) -> CellCurve:
    """One of PyBaMM's records of a cell; there positive current discharges."""
    columns = np.genfromtxt(path, delimiter=",", names=True)
    return CellCurve(columns["time_s"], -columns["current_A"], columns["v_cell_V"])


def pybamm_curves(folder: Path) -> dict[str, CellCurve]:
    """PyBaMM's records up to 1C, by name."""
    return {name: pybamm_curve(folder / "pybamm_lead_acid" / f"{name}.csv") for name in PYBAMM}


def removed_ah(curve: CellCurve) -> np.ndarray:
    """Charge (Ah) out of the cell at each sample."""
    mean = (curve.current_a[1:] + curve.current_a[:-1]) / 2
    return -np.concatenate([[0.0], np.cumsum(mean * np.diff(curve.time_s))]) / 3600


def held_out(curves: dict[str, CellCurve]) -> Iterator[tuple[str, float, float | None]]:
    """Each curve told by a fit of all the others: name, mV, % of capacity to 1.75 V where it ends there."""
    for name, curve in curves.items():
        cell = fit_cell([other for key, other in curves.items() if key != name])
        ends = "_cc_" in name
        told = capacity_ah(cell, float(curve.current_a[-1]), END_V_CELL) if ends else None
        yield name, rmse_mv(cell, curve), 100 * (told / removed_ah(curve)[-1] - 1) if told else None


def at_other_rates(curves: dict[str, CellCurve]) -> Iterator[tuple[str, float, float | None]]:
    """One cell, fitted to `FITTED`, at each rate and load that it never saw: as of `held_out`."""
    cell = fit_cell([curves[name] for name in FITTED])
    rates = {name: pybamm_curve(OTHER_RATES / f"{name}.csv") for name in (*BETWEEN, BEYOND)}
    rest = {name: curve for name, curve in curves.items() if name not in FITTED}
    for name, curve in (rest | rates).items():
        ends = "_cc_" in name
        told = capacity_ah(cell, float(curve.current_a[-1]), END_V_CELL) if ends else None
        yield name, rmse_mv(cell, curve), 100 * (told / removed_ah(curve)[-1] - 1) if told else None


def battery_curve(test: DischargeRecord) -> CellCurve:
    """A real battery's discharge as the record of one of its cells.

    Rows before the voltage first answers the current are left out (890 s in the AGM's sheet, at the voltage
    of the rest before, within its noise). A voltage that repeats for 8 samples, or that no battery
    shows, was not read; its current still counts.
    """
    rows = test.discharge
    time_s, current_a, volts = (rows[name].to_numpy() for name in ("elapsed_s", "current_a", "voltage_v"))
    rested_v = test.capture["voltage_v"][test.first_row - 1] if test.first_row else np.inf
    begins = int(np.argmax(volts < rested_v - ANSWERS_V))
    time_s, current_a, volts = time_s[begins:] - time_s[begins], current_a[begins:], volts[begins:]
    starts = np.flatnonzero(np.diff(volts, prepend=np.nan) != 0)
    lengths = np.diff(np.append(starts, volts.size))
    lost = (np.repeat(lengths, lengths) >= STUCK_SAMPLES) | (volts < LEAST_V)
    return CellCurve(time_s, current_a, np.where(lost, np.nan, volts) / CELLS)


def ah_until(cell: CellParameters, curve: CellCurve, end_v: float) -> float:
    """Ah out when the cell first shows end_v under the curve's current, the last of it held on."""
    more = 60.0 * np.arange(1, 601)
    time_s = np.append(curve.time_s, curve.time_s[-1] + more)
    current_a = np.append(curve.current_a, np.full(more.size, curve.current_a[-1]))
    volts = cell_voltage_curve(cell, time_s, current_a)
    if not (volts <= end_v).any():
        raise ValueError(f"the model does not reach {end_v:.3f} V per cell")
    return float(removed_ah(CellCurve(time_s, current_a, volts))[np.argmax(volts <= end_v)])


def real_battery(path: Path) -> tuple[float, float, float]:
    """A real discharge told by the class with three constants of its own.

    mV per 12 V battery, Ah out when it first was at its lowest voltage, and the model's error of that in %.
    """
    curve = battery_curve(read_discharge_test(path))
    cell = fit_class([curve], CLASS_AH)
    lowest = int(np.nanargmin(curve.voltage_v))
    out = float(removed_ah(curve)[lowest])
    until = CellCurve(*(values[: lowest + 1] for values in curve))
    told = ah_until(cell, until, float(curve.voltage_v[lowest]))
    return CELLS * rmse_mv(cell, curve), out, 100 * (told / out - 1)


def of_data_sheet(small: bool) -> dict[str, float]:
    """The worst error of the time to the cut-off over the points of the data sheet, in %, of the set that rates."""
    return {
        "datasheet_worst_time_error_pct": 100 * float(np.abs(np.expm1(sheet_errors(MA12_100_SHEET))).max())
    }


def measure(small: bool) -> dict[str, float]:
    """The worst of each comparison with files of third parties: mV per cell, mV per 12 V battery."""
    folder = data_folder()
    curves = pybamm_curves(folder)
    others = {name: mv for name, mv, _ in at_other_rates(curves)}
    return {
        "pybamm_other_rates_mv_per_cell": max(mv for name, mv in others.items() if name != BEYOND),
        "pybamm_2c_mv_per_cell": others[BEYOND],
        "pybamm_worst_held_out_mv_per_cell": max(mv for _, mv, _ in held_out(curves)),
        "agm_curve_rmse_mv": real_battery(folder / AGM)[0],
        "tubular_curve_rmse_mv": max(real_battery(folder / name)[0] for name in TUBULAR),
    }


def main() -> None:
    """Print every comparison."""
    folder = data_folder()
    errors = [np.expm1(sheet_errors(jar)) for jar in (MA12_100_SHEET, HX12_120)]
    for (end_v, minutes, amps), error, simulated in zip(POINTS, *errors, strict=True):
        print(
            f"data sheet {end_v:.2f} V/cell {minutes:5.0f} min at {amps:6.1f} A: time {100 * error:+.1f} %"
            f", of simulated jars {100 * simulated:+.1f} %"
        )
    curves = pybamm_curves(folder)
    for told, protocol in (
        (held_out, "told by the others"),
        (at_other_rates, "told by C/20, C/5, 1C, pulses"),
    ):
        for name, mv, capacity in told(curves):
            ends = "" if capacity is None else f", capacity {capacity:+.2f} %"
            print(f"PyBaMM {name} {protocol}: {mv:.2f} mV per cell{ends}")
    for name in (AGM, *TUBULAR):
        mv, out, error = real_battery(folder / name)
        print(f"{name}: {mv:.1f} mV per battery, {out:.2f} Ah to its lowest voltage, model {error:+.2f} %")


if __name__ == "__main__":
    main()
