"""Strings renewed because many failed: what remains is too sound, and weights by what was seen put it right."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.learning.life.renewals import HEAVIEST, RENEWAL, renewal_weights

START, MONTH = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=30)
MONTHS, JARS = 24, 8


def population(seed: int, strings: int, renewed: tuple[float, ...]) -> tuple[pl.DataFrame, np.ndarray]:
    """Rows as `labelled` gives them, of strings some of which age six times as fast; and the month in which
    each jar would end if nobody renewed anything.

    renewed: P(a string is renewed in a month) with 0, 1, 2 ... of its jars ended.
    """
    rng = np.random.default_rng(seed)
    fast = np.where(rng.random(strings) < 0.3, 6.0, 1.0)
    ends = rng.exponential(60.0 / fast[:, None], (strings, JARS))
    rows = []
    for string in range(strings):
        for month in range(MONTHS):
            alive = np.flatnonzero(ends[string] > month)
            gone = int((ends[string] <= month).sum())
            taken = rng.random() < renewed[min(gone, len(renewed) - 1)]
            rows += [
                {
                    "battery_id": f"{string}-{jar}", "string_id": str(string),
                    "snapshot_at": START + month * MONTH, "month": month, "taken": taken,
                    "upper_days": 30.0 * (ends[string, jar] - month),
                }
                for jar in alive.tolist()
            ]  # fmt: skip
            if taken:
                break
    frame = pl.DataFrame(rows)
    # An end counts as seen where the jar was still there in its last month.
    seen = pl.col("upper_days").last() <= 30.0
    of_jar = frame.group_by("battery_id").agg(
        ended=seen & ~pl.col("taken").last(), renewed=pl.col("taken").any()
    )
    frame = frame.join(of_jar, on="battery_id", maintain_order="left")
    reason = pl.when("renewed").then(pl.lit(RENEWAL)).otherwise(pl.lit("in_service"))
    known = pl.when(pl.col("ended")).then("upper_days")
    return frame.with_columns(reason=reason, upper_days=known), ends.ravel()


def share_ended(rows: pl.DataFrame, weight: np.ndarray) -> float:
    """Share of jars that end within MONTHS, from weighted jar-months at risk."""
    ends_now = pl.col("upper_days").is_not_null() & (pl.col("upper_days") <= 30.0)
    of_month = (
        # A month in which the string is taken away tells of no end.
        rows.with_columns(weight=pl.Series(weight))
        .filter(~pl.col("taken"))
        .group_by("month")
        .agg(ended=(pl.col("weight") * ends_now).sum(), there=pl.col("weight").sum())
    )
    return float(1.0 - (1.0 - of_month["ended"] / of_month["there"]).product())


def test_renewals_by_failures_hide_ends_and_weights_show_them() -> None:
    off = []
    for seed in range(5):
        rows, ends = population(seed, 400, (0.0, 0.03, 0.08, 0.08))
        truth = float((ends <= MONTHS).mean())
        naive = share_ended(rows, np.ones(rows.height))
        off.append((naive - truth, share_ended(rows, renewal_weights(rows)) - truth))
    naive, weighted = np.mean(off, axis=0)
    assert naive < -0.03, "who remains is sounder than who was there"
    assert abs(weighted) < 0.25 * abs(naive)


def test_renewals_by_the_calendar_change_nothing() -> None:
    rows, ends = population(7, 400, (0.03,))
    truth = float((ends <= MONTHS).mean())
    assert share_ended(rows, np.ones(rows.height)) == pytest.approx(truth, abs=0.03)
    assert share_ended(rows, renewal_weights(rows)) == pytest.approx(truth, abs=0.03)


def test_rows_without_strings_or_renewals_weigh_one() -> None:
    rows, _ = population(1, 20, (0.0,))
    assert (renewal_weights(rows) == 1.0).all()
    rows, _ = population(1, 20, (0.2,))
    assert (renewal_weights(rows.drop("string_id")) == 1.0).all()


def test_no_row_weighs_more_than_can_be_learned_from() -> None:
    rows, _ = population(3, 40, (0.0, 0.5, 0.9, 0.99))
    weight = renewal_weights(rows)
    assert weight.min() >= 1.0 and weight.max() <= HEAVIEST
    assert weight.max() > 1.0
