"""A process of a checkout that reads files when asked, and hands back what loaded. `reading_values` compares.

Modules have moved between checkouts: each is looked for under the names that it had.
"""

import importlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import polars as pl

NOW = datetime(2027, 1, 1, tzinfo=UTC)
EXPORT = {"timezone": "Asia/Bangkok", "json_dialect": "python-literal-ok"}
# Of files that no reader takes without a word of their lab.
_CUSTOM = (
    ("test_time", "test_time_s", 1.0), ("voltage", "voltage_v", 1.0), ("current", "current_a", 1e-3),
    ("cycle", "cycle_count", 1.0), ("charge_capacity", "charge_ah", 1e-3),
    ("discharge_Capacity", "discharge_ah", 1e-3),
)  # fmt: skip
_PYBAMM = (("time_s", "test_time_s", 1.0), ("current_A", "current_a", -1.0), ("v_cell_V", "voltage_v", 1.0))
_SAID: dict[str, dict[str, Any]] = {
    "custom_": {"columns": _CUSTOM},
    "pybamm_lead_acid": {"columns": _PYBAMM},
    "DLR__": {"time_scale": 1 / 3600, "nominal_capacity_ah": 0.0066},
}


class Asked(NamedTuple):
    """A file or an export's folder, and as what it is read."""

    path: Path
    how: str


class Reader:
    """A process of a checkout. `work` is where it leaves what it read."""

    def __init__(self, tree: Path, work: Path) -> None:
        work.mkdir()
        environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONWARNINGS": "ignore"}
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(work)],
            env=environment, cwd=work, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def answer(self, asked: Asked) -> dict[str, pl.DataFrame | str]:
        """By part, its rows, or why it was refused."""
        question, said = cast(IO[str], self.process.stdin), cast(IO[str], self.process.stdout)
        question.write(json.dumps([str(asked.path), asked.how]) + "\n")
        question.flush()
        parts: dict[str, str | None] = json.loads(said.readline())
        files = {part: text for part, text in parts.items() if text and text.endswith(".parquet")}
        frames = {part: pl.read_parquet(name) for part, name in files.items()}
        for name in files.values():
            Path(name).unlink()
        return {part: frames.get(part, str(text)) for part, text in parts.items()}


def serve(work: Path) -> None:
    """Read what stdin names, and say where each part's rows lie."""
    ways = {"lab": _lab, "discharge test": _discharge_test, "export": _export}
    for line in sys.stdin:
        path, how = json.loads(line)
        try:
            parts = ways[how](Path(path))
        except Exception as refused:
            parts = {"file": _why(refused)}
        said = {}
        for number, (part, value) in enumerate(parts.items()):
            said[part] = value
            if isinstance(value, pl.DataFrame):
                said[part] = str(work / f"{number}.parquet")
                value.write_parquet(said[part])
        print(json.dumps(said), flush=True)


def _why(refused: Exception) -> str:
    return str(getattr(refused, "reason", type(refused).__name__))


def module_of(*names: str) -> Any:
    """The first of the modules that this checkout has."""
    for name in names[:-1]:
        try:
            return importlib.import_module(f"battery_assets.{name}")
        except ModuleNotFoundError:
            continue
    return importlib.import_module(f"battery_assets.{names[-1]}")


def _lab(path: Path) -> dict[str, pl.DataFrame | str]:
    """Points, curves, and cycles with their capacities, as is, else tolerantly and with the lab's words."""
    contract, read = module_of("ingest.lab.contract").LabContract, module_of("ingest.lab.read").read
    words = next((said for part, said in _SAID.items() if part in str(path)), {})
    try:
        one = read(path, contract(timezone="UTC"))
        parts: dict[str, pl.DataFrame | str] = {}
    except Exception as refused:
        parts = {"file as it is": _why(refused)}
        one = read(path, contract(timezone="UTC", policy="tolerant", **words))
    parts["account"] = pl.DataFrame(one.account())
    charged, drawn = one.moved() if one.points.height else (None, None)
    if charged is not None and drawn is not None:
        parts["moved"] = pl.DataFrame({"charge_ah": [charged.ah], "discharge_ah": [drawn.ah]})
        parts["cycles"] = _cycles(one)
    return {**parts, "points": one.points, "curves": one.curves}


def _cycles(one: Any) -> pl.DataFrame | str:
    """Cycles as the lab's table has them; the cell's capacity is what its largest current draws in 1 h."""
    rows, tables = module_of("features.lab.cycle_rows"), module_of("features.lab.tables")
    test = {
        "session_id": "0" * 32, "cell_id": "0" * 32, "cell_code": "cell", "cutoff_v": None,
        "nominal_capacity_ah": float(one.points["current_a"].abs().max()) or 1.0,
    }  # fmt: skip
    try:
        table: pl.DataFrame = tables.cycle_table(test, rows.Points.of(one.points), NOW)
    except Exception as refused:
        return _why(refused)
    return table.drop("cycle_id")


def _discharge_test(path: Path) -> dict[str, pl.DataFrame | str]:
    record = module_of("ingest.discharge_tests.record", "ingest.discharge_test").read_discharge_test(path)
    numbers = ("first_row", "last_row", "started_at", "rate_a", "duration_min", "cutoff_voltage_v")
    found = {name: [getattr(record, name)] for name in (*numbers, "ah_out", "ah_in")}
    return {"capture": record.capture, "test": pl.DataFrame(found)}


def _export(folder: Path) -> dict[str, pl.DataFrame | str]:
    """Rows and account of each file of an export, each as the only one of its table."""
    landing = module_of("ingest.exports.landing", "ingest.landing")
    tables = module_of("ingest.exports.tables", "ingest.tables_from_files")
    contract = module_of("ingest.exports.contract", "ingest.contract").SourceContract(**EXPORT)
    known = {table.name: table for table in module_of("tables").TABLES}
    files, problems = landing.landing_files(folder.parent, folder.name)
    parts: dict[str, pl.DataFrame | str] = {problem.path.name: problem.reason for problem in problems}
    for file in files:
        one = tables.read_table([file], known[file.table], None, contract, now=NOW)
        name = file.path.name
        parts[name] = one.rows
        parts[f"{name}, account"] = one.files.drop("path")
        parts[f"{name}, quarantine"] = one.quarantine.select("line", "column", "reason", "rows")
    return parts


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
