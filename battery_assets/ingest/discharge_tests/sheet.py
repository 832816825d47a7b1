"""The table inside a discharge test's file: which sheet, which columns, which time."""

import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from battery_assets.ingest.files.workbooks.size import too_large

_MINUTE_S = 60.0
_EXPECTED = "a column of voltage, one of current, and time (or 'Ah Out', which proves one row a minute)"
_ROLES = {
    "voltage": r"voltage|^v$|^u$",
    "current": r"current|^i$",
    "temperature": r"(battery|cell|jar) temp|^temperature",
    "elapsed": r"elapsed",
    "time": r"^(time|date|timestamp|datetime)\b(?!.*(elapsed|depletion))",
    "ah_step": r"^ah out$",
}
_UNUSABLE = r"\b(digital|raw)\b"


class DischargeTestError(ValueError):
    """A file that is no discharge test; the message names the file and what was expected."""

    def __init__(
        self, message: str, next_step: str = "export the test with time, current and voltage columns"
    ) -> None:
        super().__init__(message)
        self.next_step = next_step


def chosen_table(path: Path, sheet: str | None) -> tuple[pl.DataFrame, str | None, dict[str, str]]:
    """The first table of the file that has voltage and current, its sheet, and the columns' roles."""
    names: list[str] = []
    empty: list[str] = []
    for name, frame in _tables(path, sheet):
        roles = _roles(frame.columns)
        whole = {"voltage", "current"} <= roles.keys()
        if whole and any(frame[roles[role]].count() for role in ("voltage", "current")):
            return frame, name, roles
        if whole:
            empty.append(f"{path}" + (f", sheet {name!r}" if name else ""))
        names.append(f"{name or 'the file'}: {', '.join(map(str, frame.columns))}"[:300])
    if empty:
        raise DischargeTestError(
            f"{empty[0]} has no rows below its heading",
            "give the file of a test that was run: one that was cancelled before it began is no evidence",
        )
    raise DischargeTestError(f"{path}: expected {_EXPECTED}; found {'; '.join(names) or 'nothing'}")


def _tables(path: Path, sheet: str | None) -> Iterator[tuple[str | None, pl.DataFrame]]:
    ending = path.suffix.lower()
    try:
        if ending == ".csv":
            yield None, pl.read_csv(path, infer_schema=False)
        elif ending == ".xlsx":
            yield from _sheets(path, sheet)
        else:
            raise DischargeTestError(f"{path}: expected .xlsx or .csv, found {ending or 'no ending'}")
    except OSError as error:
        raise DischargeTestError(f"{path}: cannot be opened: {error.strerror or error}") from error
    except (pl.exceptions.PolarsError, zipfile.BadZipFile) as error:
        raise DischargeTestError(f"{path}: not a readable {ending} file: {error}") from error


def _sheets(path: Path, sheet: str | None) -> Iterator[tuple[str, pl.DataFrame]]:
    import fastexcel

    if more := too_large(path):
        raise DischargeTestError(f"{path}: {more}", "delete what stands outside of the table")
    try:
        workbook = fastexcel.read_excel(path)
        if sheet is not None and sheet not in workbook.sheet_names:
            raise DischargeTestError(f"{path}: no sheet {sheet!r}; found {', '.join(workbook.sheet_names)}")
        for name in [sheet] if sheet is not None else workbook.sheet_names:
            yield name, workbook.load_sheet(name).to_polars()
    except fastexcel.FastExcelError as error:
        raise DischargeTestError(f"{path}: not a readable workbook: {error}") from error


def _roles(names: list[str]) -> dict[str, str]:
    """Which column plays which part; of several, a calibrated one, else the first."""
    roles = {}
    for role, pattern in _ROLES.items():
        fitting = [
            name
            for name in names
            if re.search(pattern, name.strip(), re.IGNORECASE)
            and not re.search(_UNUSABLE, name, re.IGNORECASE)
        ]
        calibrated = [name for name in fitting if "calibrated" in name.lower()]
        if fitting:
            roles[role] = (calibrated or fitting)[0]
    return roles


def elapsed_seconds(
    table: pl.DataFrame, roles: dict[str, str], path: Path, findings: list[str]
) -> tuple[np.ndarray, datetime | None]:
    """Seconds since the record's beginning, and when that was."""
    if "time" in roles:
        times = _instants(table[roles["time"]])
        if times is not None and not times.null_count():
            elapsed = ((times - times[0]).dt.total_microseconds() / 1e6).to_numpy()
            return _forward(elapsed, path, findings), times[0]
    if "elapsed" in roles:
        series = table[roles["elapsed"]]
        if series.dtype.is_temporal():
            elapsed = ((series - series[0]).dt.total_microseconds() / 1e6).to_numpy()
        else:
            elapsed = numbers(series) - numbers(series)[0]
        return _forward(elapsed, path, findings), None
    if "ah_step" not in roles:
        raise DischargeTestError(f"{path}: expected {_EXPECTED}; found no time")
    current, steps = numbers(table[roles["current"]]), numbers(table[roles["ah_step"]])
    if not np.allclose(steps, current / 60, rtol=1e-3, atol=1e-4):
        row = int(np.argmax(~np.isclose(steps, current / 60, rtol=1e-3, atol=1e-4)))
        raise DischargeTestError(
            f"{path} line {row + 2}: expected 'Ah Out' = current / 60 (one row a minute), "
            f"found {steps[row]:g} Ah at {current[row]:g} A"
        )
    findings.append("no time column: one row a minute, as 'Ah Out' = current / 60 in every row proves")
    return _MINUTE_S * np.arange(1, len(current) + 1), None


def _instants(series: pl.Series) -> pl.Series | None:
    if series.dtype == pl.String:
        series = series.str.to_datetime(strict=False)
    return series if isinstance(series.dtype, pl.Datetime) else None


def _forward(elapsed: np.ndarray, path: Path, findings: list[str]) -> np.ndarray:
    steps = np.diff(elapsed)
    if (steps < 0).any() or np.isnan(elapsed).any():
        row = int(np.argmax((steps < 0) | np.isnan(steps)))
        raise DischargeTestError(f"{path} line {row + 3}: expected time to go forward, found a step back")
    usual = float(np.median(steps)) if len(steps) else 0.0
    gaps = int((steps > 1.5 * usual).sum())
    findings.append(f"one row each {usual:g} s" + (f", {gaps} longer steps" if gaps else ""))
    return elapsed


def numbers(series: pl.Series) -> np.ndarray:
    return series.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
