"""Remaining lives against uncensored truth, on strings never learned from, in the months after a cut-off."""

from datetime import timedelta

import numpy as np
import polars as pl

from battery_assets.features.operations.alert_rules import beyond, thresholds
from battery_assets.learning.life.prediction import LONGEST_DAYS
from battery_assets.learning.life.straight_line import twin_predictions
from battery_assets.synthetic.worlds import SULFATION
from benchmarks.decision_fleets import LATER, Cut, Lived

NEAR_DAYS = 730.0  # ends within two years are ranked against all later ones
BANDS = ((0, 90), (90, 180), (180, 365), (365, 730), (730, 1500))
# An end counts as foreseen a month ahead, an alert as false where the jar has half a year and more to go.
AHEAD_DAYS, OBSERVED_DAYS, FALSE_DAYS = 30.0, 60.0, 180.0


def scores(of: Lived, cut: Cut) -> dict[str, float]:
    """C of what serves and of the lines beside it, MAE of wear by true life, coverage and width."""
    until = cut.at + timedelta(days=30.44 * LATER - 15)
    later = (pl.col("snapshot_at") >= cut.at) & (pl.col("snapshot_at") < until)
    mask = of.snaps.select(later & pl.col("unseen") & (pl.col("left").fill_null(1.0) > 0)).to_series()
    rows, served = of.snaps.filter(mask), cut.served.filter(mask)
    left = rows["left"].fill_null(np.inf).to_numpy()
    jars = rows["battery_id"].rank("dense").to_numpy()
    days = {
        "served": served["rul_days"].to_numpy(),
        "posterior": of.posterior.filter(mask)["rul_days"].to_numpy(),
        "health_line": twin_predictions(rows)["rul_days"].to_numpy(),
        "resistance_line": rows["resistance_trend_days"].fill_null(LONGEST_DAYS).to_numpy(),
        "ohmic_rule": -rows["r_internal_baseline_pct_168h"].fill_null(100.0).to_numpy(),
        "calendar": -rows["age_days"].fill_null(0.0).to_numpy(),
    }
    found = {f"c_{name}": concordance(left, told, jars) for name, told in days.items()}
    month = rows["snapshot_at"].rank("dense").to_numpy()
    risk = -served["failure_probability_365d"].to_numpy()
    found["c_month"] = concordance(left, risk, jars, month)
    wear = ~rows["sudden"].to_numpy()
    for name in ("served", "health_line", "resistance_line"):
        off = np.abs(days[name] - left)
        for low, high in BANDS:
            band = wear & (left >= low) & (left < high)
            found[f"mae_{name}_{low}_{high}"] = float(off[band].mean()) if band.any() else np.nan
    lower, upper = (served[f"rul_{end}_ci_days"].to_numpy() for end in ("lower", "upper"))
    inside = (lower <= left) & ((left <= upper) | (upper >= LONGEST_DAYS - 1))
    near, band = left < NEAR_DAYS, wear & (left >= 180) & (left < 365)
    found |= {"covers": float(inside.mean()), "covers_near": _mean(inside[near])}
    found["covers_wear"] = _mean(inside[near & wear])
    width = upper[band] - lower[band]
    return found | {
        "width": float(np.median(width)) if width.size else np.nan,
        "ends_near": len(set(jars[near])),
    }


def concordance(
    left: np.ndarray, told: np.ndarray, jars: np.ndarray, month: np.ndarray | None = None
) -> float:
    """Share of pairs of different jars, one of which ends within NEAR_DAYS, that `told` orders as truth does.

    left: true days (N,). month: where given, pairs are of one month. NaN without a pair.
    """
    early = np.flatnonzero(left < NEAR_DAYS)
    later = (left[None, :] > left[early, None]) & (jars[None, :] != jars[early, None])
    if month is not None:
        later &= month[None, :] == month[early, None]
    ahead, same = told[None, :] > told[early, None], told[None, :] == told[early, None]
    pairs = int(later.sum())
    return float(((ahead & later).sum() + 0.5 * (same & later).sum()) / pairs) if pairs else float("nan")


def foreseen(of: Lived) -> dict[str, float]:
    """Ends by wear that the life rules named 30 days ahead, and what they said falsely, on unseen strings."""
    rules = [rule for rule in thresholds() if rule.alert_type in ("rul_warning", "rul_critical")]
    told = of.served().select("rul_days", "failure_probability_30d", "failure_probability_90d")
    said = told.select(pl.any_horizontal(beyond(pl.col(rule.signal), rule) for rule in rules)).to_series()
    rows = of.snaps.with_columns(said=said).filter("unseen").sort("battery_id", "snapshot_at")
    alive = rows.filter(pl.col("left").fill_null(np.inf) > 0)
    new = ~pl.col("said").shift(1).over("battery_id").fill_null(value=False)
    false = pl.col("said") & (pl.col("left").fill_null(np.inf) > FALSE_DAYS)
    jar_months = max(alive.height, 1)
    counts = alive.select(active=false.sum(), new=(false & new).sum()).row(0, named=True)
    ends = _ends(of, rows)
    sulfated = ends.filter(pl.col("mechanism") == SULFATION)
    return {
        "ends": ends.height,
        "foreseen": _mean(ends["foreseen"].to_numpy()),
        "sulfated": sulfated.height,
        "sulfated_foreseen": _mean(sulfated["foreseen"].to_numpy()),
        "false_new": 1000.0 * counts["new"] / jar_months,
        "false_active": 1000.0 * counts["active"] / jar_months,
    }


def _ends(of: Lived, rows: pl.DataFrame) -> pl.DataFrame:
    """Jars that wore out in service and had been watched for two months: mechanism, foreseen."""
    gone = of.fleet.batteries.select("battery_id", "replaced_date")
    last = pl.lit(of.snaps["snapshot_at"].max()).dt.date()
    own = rows.join(gone, on="battery_id", how="left").filter(
        ~pl.col("sudden"),
        pl.col("failure_date") <= last,
        pl.col("replaced_date").is_null() | (pl.col("failure_date") <= pl.col("replaced_date")),
    )
    ahead = pl.col("left") >= AHEAD_DAYS
    return (
        own.group_by("battery_id", "mechanism")
        .agg(foreseen=(pl.col("said") & ahead).any(), observed=pl.col("left").max())
        .filter(pl.col("observed") >= OBSERVED_DAYS)
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")
