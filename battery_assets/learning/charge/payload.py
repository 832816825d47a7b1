"""Points of a cell that someone states, as JSON: checked field by field before a model sees them.

{"nominal_capacity_ah": 5.0, "capacity_ah": 4.6, "points": [{"time_s": 0, "voltage_v": 3.9, "current_a": -1,
"temperature_c": 25}, ...]}, oldest first; positive current charges. capacity_ah, what the cell held when it
was last measured, may be left out, as may the temperature by a model that sees none.
"""

import math
from typing import Any

import numpy as np

from battery_assets.features.lab.cycle_rows import Points
from battery_assets.learning.charge.sequence import Fitted
from battery_assets.learning.charge.series import Series, pieces_of
from battery_assets.learning.networks.payload import BadPayload

LONGEST = 100_000
NAME = "payload"


def series_of_payload(payload: Any, fitted: Fitted) -> Series:
    """The payload's record as one series. Raises BadPayload, which names the field."""
    if not isinstance(payload, dict):
        raise BadPayload("payload", "is no object", '{"nominal_capacity_ah": 5, "points": [...]}', payload)
    strange = sorted(set(payload) - {"points", "nominal_capacity_ah", "capacity_ah"})
    if strange:
        raise BadPayload(f"payload.{strange[0]}", "there is no such field", "leave it out")
    if "nominal_capacity_ah" not in payload:
        raise BadPayload("payload.nominal_capacity_ah", "is missing", "state it in ampere-hours")
    nominal = _number("payload.nominal_capacity_ah", payload["nominal_capacity_ah"], 1e-6, 1e6)
    held = _number("payload.capacity_ah", payload.get("capacity_ah", nominal), 1e-6, 1e6)
    points = payload.get("points")
    if not isinstance(points, list) or not 2 <= len(points) <= LONGEST:
        many = f"a list of 2 to {LONGEST} points is needed"
        raise BadPayload("payload.points", many, "state the record's points")
    names = ("time_s", "voltage_v", "current_a", *(("temperature_c",) if fitted.scaling.warm else ()))
    rows = np.array([_row(f"payload.points[{place}]", one, names) for place, one in enumerate(points)])
    late = np.flatnonzero(np.diff(rows[:, 0]) <= 0)
    if late.size:
        at = int(late[0]) + 1
        fault = "follows one that is as late or later"
        raise BadPayload(f"payload.points[{at}].time_s", fault, "oldest first", float(rows[at, 0]))
    warmth = rows[:, 3] if fitted.scaling.warm else np.full(len(rows), np.nan)
    record, unknown = Points(rows[:, 0], rows[:, 2], rows[:, 1], warmth), np.full(len(rows), np.nan)
    share = np.full(len(rows), held / nominal)
    pieces = pieces_of(record, unknown, nominal, fitted.recipe.step_s, share)
    if not pieces or pieces[-1].time_s[-1] + fitted.recipe.step_s <= rows[-1, 0]:
        fault = f"the last unbroken stretch is shorter than a step of {fitted.recipe.step_s:g} s"
        raise BadPayload("payload.points", fault, "state more points before the last one")
    return Series.of([(NAME, nominal, pieces[-1])], fitted.recipe.step_s)


def _row(at: str, row: Any, names: tuple[str, ...]) -> list[float]:
    takes = f"state {', '.join(names)}"
    if not isinstance(row, dict):
        raise BadPayload(at, "is no object", takes, row)
    strange = sorted(set(row) - {*names, "temperature_c"})
    if strange:
        raise BadPayload(f"{at}.{strange[0]}", "the model takes no such field", takes)
    for name in names:
        if name not in row:
            raise BadPayload(f"{at}.{name}", "is missing", takes)
    return [_number(f"{at}.{name}", row[name], -1e12, 1e12) for name in names]


def _number(at: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadPayload(at, "is no finite number", "state a number", value)
    if not low <= value <= high:
        raise BadPayload(at, f"is not within {low:g} to {high:g}", "state it in its unit", value)
    return float(value)
