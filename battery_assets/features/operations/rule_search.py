"""An alert rule as four numbers, replayed on months that are over: what it would have missed, and cost.

A rule speaks where N of the last M pieces of evidence lie over its limit, and is silent again where the value
is back past the hysteresis. The front holds every rule that no other one beats in missed failures and truck
rolls; people choose between these.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from battery_assets.errors import BadInput
from battery_assets.features.operations.alert_rules import thresholds
from battery_assets.features.operations.replay import replay

# Evidence by hours of feature_store, by the signal's name in the threshold data; all of them speak above.
_ON_FLOAT = pl.col("discharge_cycles_count").fill_null(0) == 0
_LOW = pl.col("v_mean").median().over("string_id", "feature_ts") - pl.col("v_mean")
EVIDENCE = {
    "float_below_median": pl.when(_ON_FLOAT).then(_LOW),
    "jar_above_room": pl.col("t_delta_ambient_mean"),
    "r_vs_baseline": pl.col("r_internal_baseline_pct") - 100.0,
}
SPACES: dict[str, dict[str, Any]] = {
    "float_below_median": {"limit": {"low": 0.03, "high": 0.6, "log": True, "steps": 6}},
    "jar_above_room": {"limit": {"low": 1.0, "high": 12.0, "log": True, "steps": 6}},
    "r_vs_baseline": {"limit": {"low": 5.0, "high": 80.0, "log": True, "steps": 6}},
}
# The replay looks at the type only for rectifiers and rooms; a rule that is searched here speaks of jars.
OF_JARS = "voltage_low"
PERSISTENCE: dict[str, Any] = {
    "m": {"choices": [1, 6, 24, 72]}, "share": {"choices": [0.5, 0.75, 1.0]},
    "hysteresis_pct": {"choices": [0, 10, 40]},
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """limit: over which a value counts; m: pieces of evidence looked at; share: of them that must count."""

    limit: float
    m: int = 1
    share: float = 1.0
    hysteresis_pct: float = 10.0

    @property
    def n(self) -> int:
        """Pieces of evidence of m that must count, one at least."""
        return max(int(np.ceil(self.share * self.m - 1e-9)), 1)


def as_it_is(signal: str) -> Rule:
    """The packaged rule of a signal that sends people: its warning. Raises BadInput where there is none."""
    for rule in thresholds():
        if rule.signal == signal and rule.severity == "warning" and signal in EVIDENCE:
            return Rule(rule.value, rule.steps, 1.0, rule.hysteresis_pct)
    raise BadInput(f"signal {signal!r}; next step: one of {', '.join(EVIDENCE)}")


def evidence(hours: pl.DataFrame, signal: str) -> pl.DataFrame:
    """Evidence (unit_id, at, value) of a signal by hours of features with their string_id."""
    readings = hours.select(unit_id="battery_id", at="feature_ts", value=EVIDENCE[signal])
    return readings.drop_nulls("value").sort("unit_id", "at")


def onsets(rows: pl.DataFrame, rule: Rule, signal: str) -> pl.DataFrame:
    """What a rule would have said, as `replay.onsets` has it. rows: `evidence`, in order."""
    over = (pl.col("value") > rule.limit).cast(pl.Int32)
    held = over.rolling_sum(rule.m, min_samples=1).over("unit_id") >= rule.n
    back = pl.col("value") <= rule.limit * (1 - rule.hysteresis_pct / 100)
    state = pl.when((over == 1) & held).then(True).when((over == 0) & back).then(False)
    on = pl.col("on")
    states = rows.with_columns(on=state.forward_fill().over("unit_id").fill_null(False)).with_columns(
        rose=on & ~on.shift(1).over("unit_id").fill_null(False)
    )
    spans = (
        states.with_columns(number=pl.col("rose").cum_sum().over("unit_id"))
        .filter("on")
        .group_by("unit_id", "number", maintain_order=True)
        .agg(at=pl.col("at").first(), over=pl.col("at").last())
    )
    none = pl.lit(None, pl.String)
    return spans.select(
        alert_type=pl.lit(OF_JARS), signal=pl.lit(signal), battery_id="unit_id", string_id=none,
        location_id=none, at="at", over="over", rank=pl.lit(1, pl.Int64),
    )  # fmt: skip


def worth(
    rows: pl.DataFrame, rule: Rule, signal: str, came: pl.DataFrame, left: pl.DataFrame,
    strings: pl.DataFrame, until: datetime,
) -> dict[str, float]:  # fmt: skip
    """What a rule would have been worth on evidence: missed failures, truck rolls, false ones, lead in days.

    came, left, strings: as `replay.replay` takes them. A truck roll is an onset, whatever came of it.
    """
    said = onsets(rows, rule, signal)
    failures = came.filter(pl.col("kind") == "jar").height
    first: Any = rows["at"].min()
    days = 0 if first is None else (until - first).days
    months = rows["unit_id"].n_unique() * max(days / 30.4, 1.0)
    if said.is_empty():
        return {
            "missed": failures,
            "truck_rolls": 0,
            "false_alarms": 0,
            "failures": failures,
            "jar_months": months,
        }
    [row] = replay(said, came, left, strings, round(months), until).to_dicts()
    lead = {} if row["lead_days"] is None else {"lead_days": row["lead_days"]}
    return {
        "missed": failures - row["foreseen"], "truck_rolls": row["alerts"],
        "false_alarms": row["false_alarms"], "failures": failures, "jar_months": months, **lead,
    }  # fmt: skip


def front(points: list[dict[str, Any]]) -> list[int]:
    """Places of points (missed, truck_rolls) that no other one beats, by truck rolls; twins count once."""
    order = sorted(range(len(points)), key=lambda k: (points[k]["truck_rolls"], points[k]["missed"], k))
    places: list[int] = []
    least = float("inf")
    for place in order:
        if points[place]["missed"] < least:
            places.append(place)
            least = points[place]["missed"]
    return places
