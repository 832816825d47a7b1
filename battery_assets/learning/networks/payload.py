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


class BadPayload(ValueError):
    """A field of a payload cannot be; the message names it."""


def cells_of(payload: Any, features: tuple[str, ...], sees_health: bool) -> Cells:
    """The payload's cell. Raises BadPayload, which names the field."""
    if not isinstance(payload, dict):
        raise BadPayload(f"payload: {_shown(payload)} is no object; next step: " + '{"cycles": [...]}')
    strange = sorted(set(payload) - {"cycles"})
    if strange:
        raise BadPayload(f"payload.{strange[0]}: there is no such field; next step: leave it out")
    cycles = payload.get("cycles")
    if not isinstance(cycles, list) or not 0 < len(cycles) <= LONGEST:
        raise BadPayload(
            f"payload.cycles: a list of 1 to {LONGEST} cycles is needed; next step: state the cell's cycles"
        )
    needed = ("cycle_num", *features, *(("pcl",) if sees_health else ()))
    rows = [_row(f"payload.cycles[{place}]", one, needed) for place, one in enumerate(cycles)]
    for place in range(1, len(rows)):
        if rows[place]["cycle_num"] <= rows[place - 1]["cycle_num"]:
            raise BadPayload(
                f"payload.cycles[{place}].cycle_num: {rows[place]['cycle_num']:g} follows "
                f"{rows[place - 1]['cycle_num']:g}; next step: oldest first, each once"
            )
    kinds = {name: pl.Float64 for name in ("cycle_num", *features, "pcl")}
    frame = pl.DataFrame(rows, schema=kinds).with_columns(
        pl.col("cycle_num").cast(pl.Int64), cell_id=pl.lit(NAME), rul=pl.lit(None, pl.Int64)
    )
    return Cells.of(frame, features)


def _row(at: str, row: Any, needed: tuple[str, ...]) -> dict[str, float]:
    if not isinstance(row, dict):
        raise BadPayload(f"{at}: {_shown(row)} is no object; next step: state {', '.join(needed)}")
    strange = sorted(set(row) - {*needed, "pcl"})
    if strange:
        raise BadPayload(f"{at}.{strange[0]}: the model takes no such field; it takes {', '.join(needed)}")
    for name in needed:
        if name not in row:
            raise BadPayload(f"{at}.{name}: is missing; next step: state {', '.join(needed)}")
    for name, value in row.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise BadPayload(f"{at}.{name}: {_shown(value)} is no finite number")
    if row["cycle_num"] != int(row["cycle_num"]) or not 0 < row["cycle_num"] < 1e7:
        raise BadPayload(f"{at}.cycle_num: {row['cycle_num']} is no number of a cycle, 1 or above")
    if not -1.0 <= row.get("pcl", 0.0) <= 1.0:
        raise BadPayload(f"{at}.pcl: {row['pcl']} is no share of lost capacity, -1 to 1")
    return {**row, "pcl": row.get("pcl")}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
