"""What each rule would have decided month by month, and what came of it: the scoreboard of decisions.

A rule names a jar once, at the first snapshot at which it asks for its replacement. Costs are conventions in
prices of one replacement: what matters is which rule costs less, at any price of a failure that is credible.
"""

from dataclasses import astuple, dataclass, fields

import numpy as np
import polars as pl

from battery_assets.learning.life.forward import forward_predictions
from battery_assets.learning.life.straight_line import twin_predictions

# In replacements: a failure under load (an outage, a hurried visit), and a drive to the site.
FAILURE_COST, VISIT_COST = 10.0, 0.5
AHEAD_DAYS = 365.0
# A probable jar is replaced where its failure would cost more: P * 10 > 1 + 0.5.
WORTH_IT = (1.0 + VISIT_COST) / FAILURE_COST
RESISTANCE_PCT = 150.0  # IEEE 1188: 30 to 50 % above new is significant
CALENDAR_DAYS = 8 * 365.25  # 80 % of a design life of 10 years


@dataclass(frozen=True)
class Score:
    """Of one rule: failures it did not name, jars named that were known good a year later, median days from
    naming to the proof of the end, visits (a string in a month), and the cost of a hundred jars.
    """

    policy: str
    missed: float
    needless: float
    lead_days: float
    visits: float
    cost: float


def scoreboard(examples: pl.DataFrame, held_out: pl.DataFrame) -> list[Score]:
    """The rules on rows of `labels.labelled`, cheapest first; `held_out`: the model's word on each row."""
    posterior = forward_predictions(examples)
    named = {
        "model": held_out["failure_probability_365d"].to_numpy() > WORTH_IT,
        "posterior": posterior["failure_probability_365d"].to_numpy() > WORTH_IT,
        "fused": _fused(held_out, posterior) > WORTH_IT,
        "soh_line": twin_predictions(examples)["rul_days"].to_numpy() < AHEAD_DAYS,
        "resistance_line": _filled(examples, "resistance_trend_days", np.inf) < AHEAD_DAYS,
        "ohmic_rule": _filled(examples, "r_internal_baseline_pct_168h", 0.0) >= RESISTANCE_PCT,
        "calendar": _filled(examples, "age_days", 0.0) >= CALENDAR_DAYS,
        "nobody": np.zeros(examples.height, dtype=bool),
    }
    return sorted((_score(name, examples, asked) for name, asked in named.items()), key=lambda row: row.cost)


def _fused(held_out: pl.DataFrame, posterior: pl.DataFrame) -> np.ndarray:
    """The mean of what model and posterior tell of a year."""
    parts = [frame["failure_probability_365d"].to_numpy() for frame in (held_out, posterior)]
    return (parts[0] + parts[1]) / 2.0


def _filled(examples: pl.DataFrame, name: str, otherwise: float) -> np.ndarray:
    return examples[name].cast(pl.Float64).fill_null(otherwise).to_numpy()


def _score(policy: str, examples: pl.DataFrame, asked: np.ndarray) -> Score:
    rows = examples.select("battery_id", "string_id", "snapshot_at", "lower_days", "upper_days")
    first = rows.filter(pl.Series(asked)).sort("snapshot_at").unique("battery_id", keep="first")
    jars = rows["battery_id"].n_unique()
    ended = rows.filter(pl.col("upper_days").is_not_null())["battery_id"].n_unique()
    right = first.filter(pl.col("upper_days").is_not_null())
    needless = first.filter(pl.col("upper_days").is_null(), pl.col("lower_days") >= AHEAD_DAYS).height
    missed = ended - right.height
    visits = first.select("string_id", "snapshot_at").n_unique() if first.height else 0
    lead = right["upper_days"].median()
    cost = FAILURE_COST * missed + first.height + VISIT_COST * visits
    return Score(
        policy,
        float(missed),
        float(needless),
        float(lead) if isinstance(lead, float) else float("nan"),
        float(visits),
        100.0 * cost / max(jars, 1),
    )


def as_metrics(scores: list[Score]) -> dict[str, float]:
    """decisions_<policy>_<figure>, as MLflow and ml_model keep them."""
    return {
        f"decisions_{row.policy}_{item.name}": value
        for row in scores
        for item, value in list(zip(fields(row), astuple(row), strict=True))[1:]
    }


def as_frame(scores: list[Score]) -> pl.DataFrame:
    """A row per rule, cheapest first."""
    return pl.DataFrame([astuple(row) for row in scores], [item.name for item in fields(Score)], orient="row")
