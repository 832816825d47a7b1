"""How good a remaining-life prediction is, on rows that `labels.labelled` made.

Each figure is taken over the rows for which the answer could have been seen either way: a 90-day probability
is judged on jars that were known to be good for 90 days, or to have ended. Of a pair of jars, one must have
ended for certain while the other was known to be good.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from battery_assets.learning.life.prediction import COLUMNS, HORIZONS_DAYS, LONGEST_DAYS, prediction_frame
from battery_assets.learning.life.survival import kaplan_meier, share_ended

_BLOCK_PAIRS = 1 << 20  # of booleans: what a core keeps near


def observed(examples: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Days to the end, or survived so far, and whether the end was seen; one value per row."""
    ended = examples["upper_days"].is_not_null().to_numpy()
    return examples["upper_days"].fill_null(examples["lower_days"]).to_numpy(), ended


def concordance(examples: pl.DataFrame, days: np.ndarray) -> float:
    """Share of comparable pairs of different jars that `days` puts in the right order, ties as one half.

    A pair is comparable when one end was proven while the other jar was known to be good. NaN without one.
    Source: Harrell et al., Statistics in Medicine 15 (1996) 361.
    """
    return pairs(examples, days, of_a_month=False).share


def month_concordance(examples: pl.DataFrame, days: np.ndarray) -> float:
    """Concordance among jars of the same month: which of this month's goes first. NaN without such a pair.

    Pairs of different months flatter whatever falls with time, since follow-up is tied to the calendar.
    """
    return pairs(examples, days, of_a_month=True).share


@dataclass(frozen=True)
class Pairs:
    """Number of the jar, pairs in the right order and pairs, (E,), of each row whose end was seen."""

    jar: np.ndarray
    right: np.ndarray
    comparable: np.ndarray

    @property
    def share(self) -> float:
        """Pairs in the right order among all; NaN without any."""
        return float(self.right.sum() / self.comparable.sum()) if self.comparable.any() else float("nan")

    def without_each(self) -> np.ndarray:
        """`share` without each jar that ended, in turn."""
        right, comparable = (np.bincount(self.jar, part) for part in (self.right, self.comparable))
        mine = comparable > 0
        return (right.sum() - right[mine]) / np.maximum(comparable.sum() - comparable[mine], 1e-9)


def pairs(examples: pl.DataFrame, days: np.ndarray, *, of_a_month: bool) -> Pairs:
    """How `days` orders the comparable pairs of different jars, all of them or those of the same month."""
    time, ended = observed(examples)
    good = examples["lower_days"].to_numpy()
    _, jar = np.unique(examples["group"].to_numpy(), return_inverse=True)
    right, comparable = np.zeros(ended.size), np.zeros(ended.size)
    for others in _compared_rows(examples, of_a_month=of_a_month):
        ends = others[ended[others]]
        for some in np.array_split(ends, 1 + ends.size * others.size // _BLOCK_PAIRS):
            later = (good[others] >= time[some, None]) & (jar[others] != jar[some, None])
            in_order, tied = days[others] > days[some, None], days[others] == days[some, None]
            comparable[some] = np.count_nonzero(later, axis=1)
            right[some] = np.count_nonzero(later & in_order, axis=1)
            right[some] += 0.5 * np.count_nonzero(later & tied, axis=1)
    return Pairs(jar[ended], right[ended], comparable[ended])


def _compared_rows(examples: pl.DataFrame, *, of_a_month: bool) -> list[np.ndarray]:
    """Row numbers among which pairs are made: all of them, or those of each month."""
    if not of_a_month:
        return [np.arange(examples.height)]
    month = examples.select(pl.col("snapshot_at").dt.strftime("%Y-%m").rank("dense")).to_series().to_numpy()
    return np.split(np.argsort(month, kind="stable"), np.flatnonzero(np.diff(np.sort(month))) + 1)


def margin(own: Pairs, rival: Pairs) -> tuple[float, float]:
    """How much better `own` orders the same pairs than `rival`, and the standard error of that.

    Jackknife over the jars that ended: twelve snapshots of one end are one end. The error is infinite with
    fewer than two of them. Source: Efron, The Jackknife, the Bootstrap and Other Resampling Plans (1982).
    """
    apart = own.without_each() - rival.without_each()
    if apart.size < 2:
        return own.share - rival.share, float("inf")
    error = np.sqrt((apart.size - 1) / apart.size * ((apart - apart.mean()) ** 2).sum())
    return own.share - rival.share, float(error)


def brier(examples: pl.DataFrame, probability: np.ndarray, horizon_days: float) -> float:
    """Mean squared error of P(end within the horizon) over rows that tell; NaN without any."""
    tells, happened = told_within(examples, horizon_days)
    return float(np.mean((probability - happened)[tells] ** 2)) if tells.any() else float("nan")


def told_within(examples: pl.DataFrame, horizon_days: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows that were followed so long and tell whether an end came by then, and whether it did.

    Of a jar whose interval holds the horizon nobody knows on which side of it the end lies.
    """
    time, ended = observed(examples)
    happened = ended & (time <= horizon_days)
    good = examples["lower_days"].to_numpy() >= horizon_days
    followed = examples["followup_days"].to_numpy() >= horizon_days
    return followed & (happened | good), happened


def early_failure_share(examples: pl.DataFrame, lower_days: np.ndarray) -> float:
    """Share of jars that ended before their own lower 2.5 % bound; 0.025 when the bounds are calibrated.

    Taken over rows followed beyond that bound. The upper bound cannot be judged the same way: within a year
    few jars are followed so long. NaN without rows.
    """
    time, ended = observed(examples)
    followed = examples["followup_days"].to_numpy() >= lower_days
    return float((ended & (time < lower_days))[followed].mean()) if followed.any() else float("nan")


def scores(examples: pl.DataFrame, predicted: pl.DataFrame) -> dict[str, float]:
    """All figures for predictions in the row order of `examples`.

    c_index ranks by rul_days; c_index_month by the risk of a year, which is what a visit is planned by.
    c_index, c_index_month, brier_30d, brier_90d, mae_days and coverage_95 (both over seen ends: early ends,
    so a well calibrated model covers fewer than 95 % of them), early_failure_share, and verdict_90d_accuracy
    beside confidence_90d.
    """
    time, ended = observed(examples)
    days, low, high, near, far, year, confidence = (predicted[name].to_numpy() for name in COLUMNS[1:])
    tells, happened = told_within(examples, 90.0)
    verdict = (far >= 0.5) == happened
    # An end lies inside the bounds where its own interval reaches into them.
    covered = (low <= time) & (examples["lower_days"].to_numpy() <= high)
    return {
        "c_index": concordance(examples, days),
        "c_index_month": month_concordance(examples, -year),
        "brier_30d": brier(examples, near, 30.0),
        "brier_90d": brier(examples, far, 90.0),
        "mae_days": _mean(np.abs(days - time)[ended]),
        "coverage_95": _mean(covered[ended]),
        "early_failure_share": early_failure_share(examples, low),
        "verdict_90d_accuracy": _mean(verdict[tells]),
        "confidence_90d": _mean(confidence[tells]),
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")


def marginal_predictions(train: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The baseline that knows no jar: the Kaplan-Meier curve of `train`, the same for each of `rows`.

    A quantile that the curve never reaches is the longest life anyone has been followed for (a restricted
    median), the upper bound then `LONGEST_DAYS`.
    """
    time, ended = observed(train)
    times, alive = kaplan_meier(time, ended)

    def quantile(share: float, never: float) -> float:
        reached = np.flatnonzero(1.0 - alive >= share)
        return float(times[reached[0]]) if reached.size else never

    longest = float(time.max())
    low, middle, high = (
        np.full(rows.height, quantile(share, never))
        for share, never in ((0.025, longest), (0.5, longest), (0.975, LONGEST_DAYS))
    )
    within = [np.full(rows.height, share_ended(times, alive, horizon)) for horizon in HORIZONS_DAYS]
    return prediction_frame(rows["battery_id"], (low, middle, high), within)
