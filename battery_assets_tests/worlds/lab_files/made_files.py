"""One small test of one cell, written as each cycler would write it: the truth is known, the layout differs."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

START = datetime(2026, 3, 2, 8, 30, 0)
INTERVAL_S = 60.0
CAPACITY_AH = 2.0
# (kind, current A, minutes): two cycles.
_STEPS = [("R", 0.0, 5), ("C", 1.0, 60), ("R", 0.0, 10), ("D", -1.0, 60), ("R", 0.0, 10)] * 2


def truth() -> pl.DataFrame:
    """Points as the reader should give them, with the counters of a step besides."""
    rows, time, charge, soc_ah = [], 0.0, [0.0, 0.0], 0.4
    energy = [0.0, 0.0]
    for number, (kind, current, minutes) in enumerate(_STEPS):
        step_ah = step_wh = 0.0
        for minute in range(1, minutes + 1):
            time += INTERVAL_S
            moved = current * INTERVAL_S / 3600
            soc_ah += moved
            voltage = round(3.0 + 0.5 * soc_ah + 0.08 * current, 5)
            side = 0 if current > 0 else 1
            charge[side] += abs(moved)
            energy[side] += abs(moved) * voltage
            step_ah += abs(moved)
            step_wh += abs(moved) * voltage
            rows.append(
                (time, minute * INTERVAL_S, voltage, current, 25.0 + 0.01 * (number % 5), 1 + number // 5, 1 + number % 5, kind,
                 *charge, *energy, step_ah, step_wh, charge[0] - charge[1], energy[0] - energy[1])
            )  # fmt: skip
    names = ["time", "step_time", "voltage", "current", "temperature", "cycle", "step", "kind", "charge_ah", "discharge_ah",
             "charge_wh", "discharge_wh", "step_ah", "step_wh", "net_ah", "net_wh"]  # fmt: skip
    return pl.DataFrame(rows, schema=names, orient="row").with_row_index("record", 1)


TRUTH = truth()


def text(rows: list[list[str]], separator: str, preamble: str = "") -> bytes:
    return (preamble + "".join(separator.join(row) + "\n" for row in rows)).encode()


def _clock(seconds: float, pattern: str) -> str:
    return (START + timedelta(seconds=seconds)).strftime(pattern)


def _hms(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def table(columns: dict[str, Callable[[dict], object]]) -> list[list[str]]:
    """Header and cells of the truth."""
    rows = [list(columns)]
    for row in TRUTH.iter_rows(named=True):
        cells = [make(row) for make in columns.values()]
        rows.append([f"{cell:.8g}" if isinstance(cell, float) else str(cell) for cell in cells])
    return rows


BDF = {
    "Test Time / s": lambda r: r["time"],
    "Voltage / V": lambda r: r["voltage"],
    "Current / A": lambda r: f"{r['current']:.5f}",
    "Unix Time / s": lambda r: f"{(START - datetime(1970, 1, 1)).total_seconds() + r['time']:.1f}",
    "Cycle Count / 1": lambda r: r["cycle"],
    "Step Index / 1": lambda r: r["step"],
    "Ambient Temperature / degC": lambda r: r["temperature"],
    "Charging Capacity / Ah": lambda r: r["charge_ah"],
    "Discharging Capacity / Ah": lambda r: r["discharge_ah"],
    "Net Capacity / Ah": lambda r: r["net_ah"],
}
ARBIN = {
    "Data_Point": lambda r: r["record"],
    "Test_Time(s)": lambda r: r["time"],
    "Date_Time": lambda r: _clock(r["time"], "%m/%d/%Y %H:%M:%S"),
    "Step_Time(s)": lambda r: r["step_time"],
    "Step_Index": lambda r: r["step"],
    "Cycle_Index": lambda r: r["cycle"],
    "Current(A)": lambda r: f"{r['current']:.5f}",
    "Voltage(V)": lambda r: r["voltage"],
    "Charge_Capacity(Ah)": lambda r: r["charge_ah"],
    "Discharge_Capacity(Ah)": lambda r: r["discharge_ah"],
    "Charge_Energy(Wh)": lambda r: r["charge_wh"],
    "Discharge_Energy(Wh)": lambda r: r["discharge_wh"],
    "Aux_Temperature_1(C)": lambda r: r["temperature"],
}
MACCOR = {
    "Rec#": lambda r: r["record"],
    "Cyc#": lambda r: r["cycle"],
    "Step": lambda r: r["step"],
    "TestTime": lambda r: f"  0d {_hms(r['time'])}.0000",
    "StepTime": lambda r: f"  0d {_hms(r['step_time'])}.0000",
    "Amp-hr": lambda r: r["step_ah"],
    "Watt-hr": lambda r: r["step_wh"],
    "Amps": lambda r: f"{abs(r['current']):.6f}",
    "Volts": lambda r: r["voltage"],
    "State": lambda r: r["kind"],
    "DPt Time": lambda r: _clock(r["time"], "%m/%d/%Y %H:%M:%S"),
    "Temp 1": lambda r: r["temperature"],
}
_NEWARE_KINDS = {"R": "Rest", "C": "CC Chg", "D": "CC DChg"}
NEWARE = {
    "DataPoint": lambda r: r["record"],
    "Cycle Index": lambda r: r["cycle"],
    "Step Index": lambda r: r["step"],
    "Step Type": lambda r: _NEWARE_KINDS[r["kind"]],
    "Time": lambda r: _hms(r["step_time"]),
    "Total Time": lambda r: _hms(r["time"]),
    "Current(mA)": lambda r: f"{1e3 * r['current']:.3f}",
    "Voltage(V)": lambda r: r["voltage"],
    "Chg. Cap.(mAh)": lambda r: 1e3 * r["step_ah"] if r["kind"] == "C" else 0.0,
    "DChg. Cap.(mAh)": lambda r: 1e3 * r["step_ah"] if r["kind"] == "D" else 0.0,
    "Date": lambda r: _clock(r["time"], "%Y-%m-%d %H:%M:%S"),
    "T1(℃)": lambda r: r["temperature"],
}
BIOLOGIC = {
    "Ns": lambda r: r["step"],
    "time/s": lambda r: r["time"],
    "Ecell/V": lambda r: r["voltage"],
    "I/mA": lambda r: f"{1e3 * r['current']:.3f}",
    "(Q-Qo)/mA.h": lambda r: 1e3 * r["net_ah"],
    "Q discharge/mA.h": lambda r: 1e3 * r["step_ah"] if r["kind"] == "D" else 0.0,
    "Q charge/mA.h": lambda r: 1e3 * r["step_ah"] if r["kind"] == "C" else 0.0,
    "cycle number": lambda r: f"{r['cycle']:.6E}",
    "Temperature/°C": lambda r: r["temperature"],
}
BASYTEC = {
    "~Time[s]": lambda r: r["time"],
    "DataSet": lambda r: r["record"],
    "t-Step[s]": lambda r: r["step_time"],
    "Line": lambda r: r["step"],
    "Command": lambda r: {"R": "Pause", "C": "Charge", "D": "Discharge"}[r["kind"]],
    "U[V]": lambda r: r["voltage"],
    "I[A]": lambda r: f"{r['current']:.5f}",
    "Ah[Ah]": lambda r: r["net_ah"],
    "T1[°C]": lambda r: r["temperature"],
    "Cyc-Count": lambda r: r["cycle"],
}
NOVONIX = {
    "Date and Time": lambda r: _clock(r["time"], "%Y-%m-%d %H:%M:%S"),
    "Cycle Number": lambda r: r["cycle"],
    "Step Type": lambda r: 7,
    "Run Time (h)": lambda r: f"{r['time'] / 3600:.9f}",
    "Step Time (h)": lambda r: f"{r['step_time'] / 3600:.9f}",
    "Current (A)": lambda r: f"{r['current']:.5f}",
    "Potential (V)": lambda r: r["voltage"],
    "Capacity (Ah)": lambda r: r["net_ah"],
    "Temperature (°C)": lambda r: r["temperature"],
    "Step Number": lambda r: r["step"],
}
PEC = {
    "Test": lambda r: 7,
    "Step": lambda r: r["step"],
    "Cycle": lambda r: r["cycle"],
    "Total Time (Hours in hh:mm:ss.xxx)": lambda r: f"{_hms(r['time'])}.000",
    "Load On Time (Hours in hh:mm:ss.xxx)": lambda r: "00:00:00.000",
    "Step Time (Seconds)": lambda r: r["step_time"],
    "Real Time": lambda r: _clock(r["time"], "%m/%d/%Y %H:%M:%S"),
    "Voltage (V)": lambda r: r["voltage"],
    "Current (A)": lambda r: f"{r['current']:.5f}",
    "Charge Capacity (mAh)": lambda r: 1e3 * r["charge_ah"],
    "Discharge Capacity (mAh)": lambda r: 1e3 * r["discharge_ah"],
    "Temp (°C)": lambda r: r["temperature"],
}
LANDT = {
    "cycle_index": lambda r: r["cycle"],
    "step_index": lambda r: r["step"],
    "date_time_iso_string": lambda r: _clock(r["time"], "%m/%d/%Y %H:%M:%S"),
    "test_time_s": lambda r: r["time"],
    "step_time_s": lambda r: r["step_time"],
    "current_A": lambda r: f"{r['current']:.5f}",
    "voltage_V": lambda r: r["voltage"],
    "discharge_capacity_Ah": lambda r: r["step_ah"] if r["kind"] == "D" else 0.0,
    "charge_capacity_Ah": lambda r: r["step_ah"] if r["kind"] == "C" else 0.0,
    "temperature_1_C": lambda r: r["temperature"],
    "step_name": lambda r: r["kind"],
}
# name of the dialect: its columns, separator, what stands above them.
LAYOUTS = {
    "battery data format": (BDF, ",", ""),
    "arbin": (ARBIN, ",", ""),
    "maccor": (MACCOR, "\t", "Today's Date\t03/05/2026\tDate of Test:\t03/02/2026\n"),
    "neware": (NEWARE, ",", ""),
    "biologic": (BIOLOGIC, "\t", "EC-Lab ASCII FILE\nNb header lines : 4\n\n"),
    "basytec": (BASYTEC, "\t", "~Resultfile from Basytec Battery Test System\n~Start of Test: 02.03.2026 08:30:00\n~\n"),
    "novonix": (NOVONIX, ",", "[Summary]\nNovonix UHPC data file\n[End Summary]\n[Data]\n"),
    "pec": (PEC, ",", "Test:,7\nTestRegime Name:,made\n"),
    "landt": (LANDT, ",", "cell id: ,,,\n"),
}  # fmt: skip
SIGNED = [name for name in LAYOUTS if name != "maccor"]
WITH_CLOCK = [name for name in LAYOUTS if name not in ("biologic", "basytec")]
WITH_RECORD = ["arbin", "maccor", "neware", "basytec"]


def rows_of(name: str) -> list[list[str]]:
    return table(LAYOUTS[name][0])


def made(name: str, rows: list[list[str]] | None = None) -> bytes:
    """The file's bytes, of the truth or of rows made from it."""
    _, separator, preamble = LAYOUTS[name]
    return text(rows or rows_of(name), separator, preamble)


def written(folder: Path, content: bytes, name: str = "export.dat") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def same_as_truth(points: pl.DataFrame, rows: int | None = None) -> None:
    """Every loaded number is that of the truth's first rows."""
    same_as(points, TRUTH.head(points.height if rows is None else rows))


def same_as(points: pl.DataFrame, expected: pl.DataFrame) -> None:
    """Every loaded number is that of these rows of the truth."""
    assert points.height == expected.height
    pairs = [
        ("test_time_s", "time"),
        ("voltage_v", "voltage"),
        ("current_a", "current"),
        ("temperature_c", "temperature"),
    ]
    for ours, theirs in pairs:
        known = points[ours].is_not_null().to_numpy()
        np.testing.assert_allclose(
            points[ours].to_numpy()[known], expected[theirs].to_numpy()[known], rtol=1e-6, atol=2e-5
        )
