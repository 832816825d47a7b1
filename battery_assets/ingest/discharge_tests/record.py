"""Records of discharge tests as instruments and people keep them: Excel sheets and processed CSV.

Current is positive while it charges. A row's current flowed during the interval that ends at its `elapsed_s`,
so that charge is the plain sum of current times interval.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from battery_assets.ingest.discharge_tests.sheet import (
    DischargeTestError,
    chosen_table,
    elapsed_seconds,
    numbers,
)

CAPTURE_SCHEMA = {
    "elapsed_s": pl.Float64,
    "voltage_v": pl.Float64,
    "current_a": pl.Float64,
    "temperature_c": pl.Float64,
}
# Currents below this share of the largest are rest, not charge or discharge.
_REST_SHARE = 0.01


@dataclass(frozen=True)
class DischargeRecord:
    """capture: the whole record, CAPTURE_SCHEMA; `discharge` says which of its rows are the discharge.

    started_at      wall clock of the record's beginning, without a zone, where the file has one
    rate_a          mean discharge current, as a magnitude
    duration_min, cutoff_voltage_v   of the discharge: its length, and the voltage of its last row
    """

    capture: pl.DataFrame
    first_row: int
    last_row: int
    started_at: datetime | None
    rate_a: float
    duration_min: float
    cutoff_voltage_v: float
    findings: list[str]

    @property
    def discharge(self) -> pl.DataFrame:
        return self.capture.slice(self.first_row, self.last_row - self.first_row + 1)

    @property
    def ah_out(self) -> float:
        """Charge taken out in the discharge, Ah, as a magnitude."""
        moved = _charge_ah(self.capture)[self.first_row : self.last_row + 1]
        return float(-moved[moved < 0].sum())

    @property
    def ah_in(self) -> float:
        """Charge put in over the whole record, Ah."""
        moved = _charge_ah(self.capture)
        return float(moved[moved > 0].sum())


def read_discharge_test(path: Path, *, sheet: str | None = None) -> DischargeRecord:
    """Read a discharge test from .xlsx or .csv; sheet and columns are found by their names.

    Calibrated columns are preferred, digital and raw ones never used. The sign of the current is held against
    the voltage: what lowers it discharges. Raises DischargeTestError.
    """
    path = Path(path)
    findings: list[str] = []
    frame, name, roles = chosen_table(path, sheet)
    if name:
        findings.append(f"sheet {name!r} read")
    findings.append("columns: " + ", ".join(f"{role} = {column!r}" for role, column in roles.items()))
    elapsed, started_at = elapsed_seconds(frame, roles, path, findings)
    size = len(elapsed)
    temperature = numbers(frame[roles["temperature"]]) if "temperature" in roles else np.full(size, np.nan)
    capture = pl.DataFrame(
        {
            "elapsed_s": elapsed,
            "voltage_v": numbers(frame[roles["voltage"]]),
            "current_a": numbers(frame[roles["current"]]),
            "temperature_c": temperature,
        },
        schema=CAPTURE_SCHEMA,
    ).with_columns(pl.col("temperature_c").fill_nan(None))
    _check_numbers(capture, path)
    capture = _positive_charges(capture, path, findings)
    first, last = _discharge_rows(capture, path, findings)
    return _described(capture, first, last, started_at, findings)


def _described(
    capture: pl.DataFrame, first: int, last: int, started_at: datetime | None, findings: list[str]
) -> DischargeRecord:
    intervals, moved = _intervals(capture), _charge_ah(capture)
    chosen = slice(first, last + 1)
    seconds = float(intervals[chosen].sum())
    out = -float(moved[chosen][moved[chosen] < 0].sum())
    return DischargeRecord(
        capture=capture,
        first_row=first,
        last_row=last,
        started_at=started_at,
        rate_a=out * 3600 / seconds,
        duration_min=seconds / 60,
        cutoff_voltage_v=float(capture["voltage_v"][last]),
        findings=findings,
    )


def _check_numbers(capture: pl.DataFrame, path: Path) -> None:
    for name in ("voltage_v", "current_a"):
        bad = ~np.isfinite(capture[name].to_numpy())
        if bad.any():
            line = int(np.argmax(bad)) + 2
            raise DischargeTestError(f"{path} line {line}: expected a number for {name}, found none")
    if capture.height < 3:
        raise DischargeTestError(f"{path}: expected at least 3 rows, found {capture.height}")


def _intervals(capture: pl.DataFrame) -> np.ndarray:
    return np.diff(capture["elapsed_s"].to_numpy(), prepend=0.0)


def _charge_ah(capture: pl.DataFrame) -> np.ndarray:
    return capture["current_a"].to_numpy() * _intervals(capture) / 3600


def _runs(capture: pl.DataFrame) -> list[tuple[int, int, int, float]]:
    """(sign, first row, last row, Ah) of each run of charge or discharge; rests do not end a run."""
    current, moved = capture["current_a"].to_numpy(), _charge_ah(capture)
    active = np.flatnonzero(np.abs(current) > _REST_SHARE * np.abs(current).max())
    signs = np.sign(current[active]).astype(int)
    edges = np.flatnonzero(np.diff(signs)) + 1
    return [
        (int(np.sign(current[part[0]])), int(part[0]), int(part[-1]), float(np.abs(moved[part]).sum()))
        for part in np.split(active, edges)
        if len(part)
    ]


def _rise(voltage: np.ndarray) -> float:
    """How far a voltage rose over a run, from its second tenth to its last."""
    tenth = max(1, len(voltage) // 10)
    return float(np.median(voltage[-tenth:]) - np.median(voltage[min(tenth, len(voltage) - 1) :][:tenth]))


def _positive_charges(capture: pl.DataFrame, path: Path, findings: list[str]) -> pl.DataFrame:
    """Turn the current so that what raises the voltage is positive; the largest runs decide."""
    runs = _runs(capture)
    if not runs:
        raise DischargeTestError(f"{path}: expected a current, found 0 A in every row")
    voltage = capture["voltage_v"].to_numpy()
    votes = 0.0
    for sign in (1, -1):
        own = [run for run in runs if run[0] == sign]
        if own:
            _, first, last, _ = max(own, key=lambda run: run[3])
            votes += sign * _rise(voltage[first : last + 1])
    if votes == 0:
        raise DischargeTestError(f"{path}: expected the voltage to follow the current; it stays the same")
    if votes < 0:
        findings.append("current turned round: in this file what lowers the voltage is positive")
        return capture.with_columns(-pl.col("current_a"))
    return capture


def _discharge_rows(capture: pl.DataFrame, path: Path, findings: list[str]) -> tuple[int, int]:
    discharges = [run for run in _runs(capture) if run[0] < 0]
    if not discharges:
        raise DischargeTestError(f"{path}: expected a discharge, found only charging")
    if len(discharges) > 1:
        findings.append(f"{len(discharges)} discharges in the record; the largest is taken")
    _, first, last, _ = max(discharges, key=lambda run: run[3])
    return first, last
