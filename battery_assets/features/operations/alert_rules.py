"""Alert thresholds as data, and the one rule that turns a measured value into an episode.

A rule is a row of `alert_thresholds.csv`: the signal, the limit, how long the value must
stay beyond it and how far it must come back. `episodes` is the only place where a limit is applied.
"""

import csv
import math
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path

import polars as pl

PACKAGED = Path(__file__).with_name("alert_thresholds.csv")

ALERT_TYPES = (
    "voltage_low", "voltage_high", "temperature_high", "current_high", "ripple_high", "resistance_drift",
    "rul_warning", "rul_critical", "soh_degraded", "anomaly_detected", "data_quality",
)  # fmt: skip
SEVERITIES = ("info", "warning", "critical")

_WORDS = {
    "alert_type": ALERT_TYPES,
    "severity": SEVERITIES,
    "direction": ("above", "below"),
    "persistence_unit": ("s", "min", "reading"),
    "unit_kind": ("jar", "string", "location"),
}
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Threshold:
    """One row of the threshold data: when `signal` of a jar, string or location raises `alert_type`."""

    alert_type: str
    signal: str
    severity: str
    value: float
    direction: str
    unit: str
    persistence: int
    persistence_unit: str
    hysteresis_pct: float
    unit_kind: str
    source: str
    note: str

    @property
    def steps(self) -> int:
        """Consecutive pieces of evidence needed: readings, or hours (a part of an hour counts as one)."""
        if self.persistence_unit == "reading":
            return self.persistence
        return max(1, math.ceil(self.persistence / {"s": 3600, "min": 60}[self.persistence_unit]))

    @property
    def release(self) -> float:
        """The value at which the alert resolves: the limit less its hysteresis."""
        margin = abs(self.value) * self.hysteresis_pct / 100.0
        return self.value - margin if self.direction == "above" else self.value + margin


def thresholds(path: Path | None = None) -> list[Threshold]:
    """The rules of a CSV file, the packaged one by default.

    Raises ValueError that names file, line and column where a cell cannot be read, a column is missing
    or extra, a row is stated twice, or a severity ladder is not in order.
    """
    path = path or PACKAGED
    names = [field.name for field in fields(Threshold)]
    with path.open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        if reader.fieldnames != names:
            wrong = set(names) ^ set(reader.fieldnames or [])
            raise ValueError(f"{path.name} line 1: columns must be {','.join(names)}; check {sorted(wrong)}")
        rules = [_threshold(row, f"{path.name} line {reader.line_num}") for row in reader]
    _check_ladders(rules, path.name)
    return rules


def _threshold(row: dict[str, str], where: str) -> Threshold:
    if None in row or None in row.values():
        raise ValueError(f"{where}: the row does not have as many cells as the header")
    for column, words in _WORDS.items():
        if row[column] not in words:
            raise ValueError(f"{where}, column {column!r}: {row[column]!r} is not one of {', '.join(words)}")
    for column in ("signal", "unit", "source"):
        if not row[column].strip():
            raise ValueError(f"{where}, column {column!r}: empty")
    value = _number(row, "value", where, low=-math.inf)
    hysteresis = _number(row, "hysteresis_pct", where, low=0.0)
    persistence = _number(row, "persistence", where, low=1.0)
    if persistence != int(persistence):
        raise ValueError(f"{where}, column 'persistence': {row['persistence']!r} is not a whole number")
    return Threshold(
        **{**row, "value": value, "hysteresis_pct": hysteresis, "persistence": int(persistence)}  # type: ignore[arg-type]
    )


def _number(row: dict[str, str], column: str, where: str, low: float) -> float:
    try:
        number = float(row[column])
    except ValueError:
        raise ValueError(f"{where}, column {column!r}: {row[column]!r} is not a number") from None
    if not math.isfinite(number) or number < low:
        raise ValueError(f"{where}, column {column!r}: {row[column]!r} must be finite and at least {low:g}")
    return number


def _check_ladders(rules: list[Threshold], name: str) -> None:
    ladders: dict[tuple[str, str, str, str], list[Threshold]] = {}
    for rule in rules:
        ladders.setdefault((rule.alert_type, rule.signal, rule.direction, rule.unit_kind), []).append(rule)
    for (alert_type, signal, direction, _), ladder in ladders.items():
        levels = [SEVERITIES.index(rule.severity) for rule in ladder]
        limits = [rule.value if direction == "above" else -rule.value for rule in ladder]
        if levels != sorted(set(levels)) or limits != sorted(set(limits)):
            raise ValueError(f"{name}, column 'value': {alert_type}/{signal} must rise from info to critical")


def beyond(value: pl.Expr, rule: Threshold) -> pl.Expr:
    """True where the value is strictly beyond the rule's limit."""
    return value > rule.value if rule.direction == "above" else value < rule.value


def episodes(evidence: pl.DataFrame, rule: Threshold) -> pl.DataFrame:
    """Stretches in which a rule holds, one row each.

    evidence: unit_id, at (instant), value; any order, nulls are no evidence. Hourly evidence counts as
    consecutive when the hours touch; readings whenever they follow each other.
    An episode opens at the piece of evidence that completes the persistence and closes at the first one
    back past the hysteresis. Returns unit_id, opened_at, closed_at (null: still open), worst, count.
    """
    is_known, over = pl.col("value").is_not_nan(), beyond(pl.col("value"), rule)
    # Most rules hold nowhere: that is found in one look at the values.
    touched = evidence.lazy().filter(is_known & over).select("unit_id").unique().collect()
    if touched.is_empty():
        return evidence.clear().select(
            "unit_id", opened_at="at", closed_at="at", worst="value", count=pl.lit(0, pl.Int64)
        )
    # An unknown value is no evidence: a comparison with null is null, which no filter lets through.
    measured = evidence.join(touched, on="unit_id", how="semi").filter(is_known)
    rows = measured.sort("unit_id", "at")
    back = pl.col("value") <= rule.release if rule.direction == "above" else pl.col("value") >= rule.release
    apart = (
        pl.lit(False)
        if rule.persistence_unit == "reading"
        else pl.col("at").diff().over("unit_id").fill_null(HOUR) > HOUR
    )
    rows = rows.with_columns(over=over, run=(~over | apart).cum_sum().over("unit_id"))
    held = pl.col("over").cum_sum().over("unit_id", "run") >= rule.steps
    switch = pl.when(pl.col("over") & held).then(True).when(~pl.col("over") & back).then(False)
    rows = rows.with_columns(on=switch).with_columns(
        on=pl.col("on").forward_fill().over("unit_id").fill_null(False),
        next_at=pl.col("at").shift(-1).over("unit_id"),
    )
    rose = pl.col("on") & ~pl.col("on").shift(1).over("unit_id").fill_null(False)
    worst = pl.col("value").max() if rule.direction == "above" else pl.col("value").min()
    return (
        rows.with_columns(episode=rose.cum_sum().over("unit_id"))
        .filter("on")
        .group_by("unit_id", "episode", maintain_order=True)
        .agg(
            opened_at=pl.col("at").first(),
            closed_at=pl.col("next_at").last(),
            worst=worst,
            count=pl.len().cast(pl.Int64),
        )
        .drop("episode")
    )
