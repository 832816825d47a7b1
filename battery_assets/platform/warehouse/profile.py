"""What a partition looks like, computed while it is written, so that checking it later costs nothing.

A profile is a plain dictionary: rows, per column nulls/minimum/maximum/values, and for time series the
duplicate keys, backward steps and gaps within each unit. Profiles of days add up to that of the month, but
for what only a whole month can know: `units` and `usual_step_s` are those of the fullest and slowest day, and
a silence over midnight counts as a gap only where no unit broke it.
"""

from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl
import sqlalchemy as sa

from battery_assets.tables.projections import columns, key_columns, sort_columns

Profile = dict[str, Any]
_MOST_VALUES = 12
# A unit that misses two samples in a row has a gap.
_GAP_STEPS = 3


def profile_of(rows: pl.DataFrame, table: sa.Table) -> Profile:
    """Profile of rows that lie in stored order; decimals as numbers, or counted in their last digit."""
    profile: Profile = {"rows": rows.height, "columns": {}}
    aggregates = []
    for column in columns(table):
        name = column.name
        aggregates.append(pl.col(name).null_count().alias(f"{name}|nulls"))
        if column.info["kind"] in ("decimal", "integer", "instant", "date"):
            aggregates += [pl.col(name).min().alias(f"{name}|min"), pl.col(name).max().alias(f"{name}|max")]
        elif column.info["kind"] == "enum":
            aggregates.append(
                pl.col(name).unique().cast(pl.String).drop_nulls().implode().alias(f"{name}|values")
            )
    for name, value in rows.select(aggregates).row(0, named=True).items():
        column_name, word = name.split("|")
        if word in ("min", "max") and value is not None and _is_counted(rows, table, column_name):
            value /= 10 ** table.c[column_name].info["scale"]
        profile["columns"].setdefault(column_name, {})[word] = _plain(value)
    profile.update(_series(rows, table) if table.info["store"] == "lake" else _keys(rows, table))
    if table.info["store"] == "lake":
        unit = sort_columns(table)[0]
        profile["columns"][unit] |= _first_and_last(rows[unit])
    return profile


def _first_and_last(units: pl.Series) -> dict[str, str | None]:
    """First and last name of a column of units, in the order of text."""
    if units.dtype not in (pl.Enum, pl.Categorical, pl.String):
        return {}
    names = units.unique().cast(pl.String)
    return {"min": names.min(), "max": names.max()}  # type: ignore[dict-item]


def _is_counted(rows: pl.DataFrame, table: sa.Table, name: str) -> bool:
    return table.c[name].info["kind"] == "decimal" and rows.schema[name].is_integer()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, pl.Series | list):
        return sorted(value)[:_MOST_VALUES]
    return float(value) if value is not None and not isinstance(value, int) else value


def _keys(rows: pl.DataFrame, table: sa.Table) -> Profile:
    return {"duplicate_keys": rows.height - rows.select(pl.struct(key_columns(table)).n_unique()).item()}


def _series(rows: pl.DataFrame, table: sa.Table) -> Profile:
    """Order and gaps within each unit: rows are sorted by unit, then time."""
    unit, instant = sort_columns(table)
    if rows[instant].null_count():  # counted, and a reason to refuse all: it has no place in time
        rows = rows.filter(pl.col(instant).is_not_null())
    if rows.height < 2:
        nothing = dict.fromkeys(("duplicate_keys", "backward_steps", "unit_breaks", "gaps"), 0)
        return {**nothing, "units": rows.height, "usual_step_s": 0.0}
    ticks = rows[instant].to_physical().to_numpy()
    codes = _codes(rows[unit])
    steps = np.diff(ticks)
    within = codes[1:] == codes[:-1]
    inside = steps[within]
    usual = _median(inside)
    # Most days have neither copies nor gaps, which the least and the longest step say at once.
    least, longest = (int(inside.min()), int(inside.max())) if inside.size else (1, 0)
    starts, units = np.flatnonzero(~within).size + 1, rows[unit].n_unique()
    return {
        "duplicate_keys": int((inside == 0).sum()) if least <= 0 else 0,
        "backward_steps": int((inside < 0).sum()) if least < 0 else 0,
        "unit_breaks": starts - units,
        "gaps": int((inside > _GAP_STEPS * usual).sum()) if usual and longest > _GAP_STEPS * usual else 0,
        "usual_step_s": usual / 1e6,
        "units": units,
    }


def _median(steps: np.ndarray) -> float:
    """The median: the step that more than half of all are, where there is one, or else by ordering them."""
    if not steps.size:
        return 0.0
    likely = np.median(steps[:: steps.size // 1000 + 1])
    if 2 * np.count_nonzero(steps == likely) > steps.size:
        return float(likely)
    # polars finds it in a thirtieth of numpy's time where many steps are equal.
    return float(pl.Series(steps).median())  # type: ignore[arg-type]


def _codes(units: pl.Series) -> np.ndarray:
    """Each unit as a number; cheap for dictionary-coded columns."""
    if units.dtype in (pl.Enum, pl.Categorical):
        return units.to_physical().to_numpy()
    return units.cast(pl.Categorical).to_physical().to_numpy()


def merged(profiles: list[Profile]) -> Profile:
    """The profile of all the rows of several profiles; those of time series come in the order of time."""
    total: Profile = {"rows": 0, "columns": {}}
    for profile in profiles:
        if "gaps" in total:
            total["gaps"] += _silent_units(total, profile)
        for word, value in profile.items():
            if word == "columns":
                for name, facts in value.items():
                    column = total["columns"].setdefault(name, {})
                    for fact, number in facts.items():
                        column[fact] = _merged_fact(fact, column.get(fact), number)
            elif word in ("usual_step_s", "units"):
                total[word] = max(value, total.get(word, 0))
            else:
                total[word] = total.get(word, 0) + value
    return total


def _silent_units(before: Profile, after: Profile) -> int:
    """How many units were silent between two stretches of time, where all of them were."""
    usual = max(before["usual_step_s"], after["usual_step_s"])
    ends, starts = before["columns"]["ts"]["max"], after["columns"]["ts"]["min"]
    silence = datetime.fromisoformat(starts) - datetime.fromisoformat(ends)
    return min(before["units"], after["units"]) if 0 < _GAP_STEPS * usual < silence.total_seconds() else 0


def _merged_fact(fact: str, one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    if fact == "values":
        return sorted({*one, *other})[:_MOST_VALUES]
    if fact == "nulls":
        return one + other
    return min(one, other) if fact == "min" else max(one, other)
