"""Cycles of a cell that someone states, as JSON: checked field by field before a model sees them.

{"cycles": [{"cycle_num": 1, "feature_1": 0.01, "pcl": 0.002}, ...]}, oldest first. pcl may be left out by a
model that does not see health.
"""

import math
from typing import Any

import polars as pl

from battery_assets.learning.networks.cells import Cells

LONGEST = 100_000
NAME = "payload"
_NOTHING = object()


class BadPayload(ValueError):
    """A field of a payload cannot be. `field` names it; `fault` says why, without the value."""

    def __init__(self, field: str, fault: str, next_step: str, value: Any = _NOTHING) -> None:
        shown = "" if value is _NOTHING else f"{_shown(value)} "
        super().__init__(f"{field}: {shown}{fault}; next step: {next_step}")
        self.field, self.fault, self.next_step = field, fault, next_step


def cells_of(payload: Any, features: tuple[str, ...], sees_health: bool) -> Cells:
    """The payload's cell. Raises BadPayload, which names the field."""
    if not isinstance(payload, dict):
        raise BadPayload("payload", "is no object", '{"cycles": [...]}', payload)
    strange = sorted(set(payload) - {"cycles"})
    if strange:
        raise BadPayload(f"payload.{strange[0]}", "there is no such field", "leave it out")
    cycles = payload.get("cycles")
    if not isinstance(cycles, list) or not 0 < len(cycles) <= LONGEST:
        many = f"a list of 1 to {LONGEST} cycles is needed"
        raise BadPayload("payload.cycles", many, "state the cell's cycles")
    needed = ("cycle_num", *features, *(("pcl",) if sees_health else ()))
    rows = [_row(f"payload.cycles[{place}]", one, needed) for place, one in enumerate(cycles)]
    for place in range(1, len(rows)):
        if rows[place]["cycle_num"] <= rows[place - 1]["cycle_num"]:
            fault = "follows one that is as late or later"
            raise BadPayload(f"payload.cycles[{place}].cycle_num", fault, "oldest first, each once",
                             rows[place]["cycle_num"])  # fmt: skip
    kinds = {name: pl.Float64 for name in ("cycle_num", *features, "pcl")}
    frame = pl.DataFrame(rows, schema=kinds).with_columns(
        pl.col("cycle_num").cast(pl.Int64), cell_id=pl.lit(NAME), rul=pl.lit(None, pl.Int64)
    )
    return Cells.of(frame, features)


def _row(at: str, row: Any, needed: tuple[str, ...]) -> dict[str, float]:
    takes = f"state {', '.join(needed)}"
    if not isinstance(row, dict):
        raise BadPayload(at, "is no object", takes, row)
    strange = sorted(set(row) - {*needed, "pcl"})
    if strange:
        raise BadPayload(f"{at}.{strange[0]}", "the model takes no such field", takes)
    for name in needed:
        if name not in row:
            raise BadPayload(f"{at}.{name}", "is missing", takes)
    for name, value in row.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise BadPayload(f"{at}.{name}", "is no finite number", "state a number", value)
    if row["cycle_num"] != int(row["cycle_num"]) or not 0 < row["cycle_num"] < 1e7:
        fault = "is no number of a cycle, 1 or above"
        raise BadPayload(f"{at}.cycle_num", fault, "number the cycles", row["cycle_num"])
    if not -1.0 <= row.get("pcl", 0.0) <= 1.0:
        fault = "is no share of lost capacity, -1 to 1"
        raise BadPayload(f"{at}.pcl", fault, "state a share", row["pcl"])
    return {**row, "pcl": row.get("pcl")}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
