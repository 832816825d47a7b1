"""Scores on cases small enough to count by hand."""

import numpy as np
import polars as pl
import pytest

from battery_assets.learning.life.folds import jar_folds, site_folds
from battery_assets.learning.life.metrics import brier, concordance, early_failure_share, marginal_predictions
from battery_assets_tests.learning.conftest import Fleet


def _examples(rows: list[tuple[str, float, float | None, float]]) -> pl.DataFrame:
    names = ["battery_id", "lower_days", "upper_days", "followup_days"]
    frame = pl.DataFrame(rows, schema=names, orient="row", schema_overrides={"upper_days": pl.Float64})
    return frame.with_columns(group="battery_id")


def test_concordance_counts_only_pairs_whose_order_was_seen() -> None:
    rows = _examples([("a", 9, 10.0, 100), ("b", 50, None, 50), ("c", 5, None, 5), ("d", 19, 20.0, 100)])
    assert concordance(rows, np.array([1.0, 4.0, 0.0, 2.0])) == 1.0
    assert concordance(rows, np.array([3.0, 2.0, 0.0, 1.0])) == 0.0 + 1 / 3
    assert concordance(rows, np.ones(4)) == 0.5


def test_two_snapshots_of_one_jar_are_no_pair() -> None:
    rows = _examples([("a", 9, 10.0, 100), ("a", 39, 40.0, 100)])
    assert np.isnan(concordance(rows, np.array([1.0, 2.0])))


def test_the_brier_score_leaves_out_who_was_not_followed_long_enough() -> None:
    rows = _examples([("a", 9, 10.0, 100), ("b", 100, None, 100), ("c", 20, None, 20), ("d", 5, 6.0, 20)])
    assert brier(rows, np.array([1.0, 0.5, 0.9, 0.0]), 30.0) == pytest.approx((0.0 + 0.25) / 2)


def test_jars_that_end_before_their_own_lower_bound_are_counted() -> None:
    rows = _examples([("a", 9, 10.0, 100), ("b", 100, None, 100), ("c", 20, None, 20)])
    assert early_failure_share(rows, np.array([30.0, 30.0, 30.0])) == 0.5
    assert early_failure_share(rows, np.array([5.0, 30.0, 30.0])) == 0.0


def test_the_marginal_baseline_tells_all_jars_the_same(known: Fleet) -> None:
    told = marginal_predictions(known.examples, known.examples)
    assert all(told[name].n_unique() == 1 for name in told.columns[1:])
    followed = known.examples.filter(pl.col("followup_days") >= 90)
    ended = (followed["upper_days"] <= 90).fill_null(False).mean()
    assert told["failure_probability_90d"][0] == pytest.approx(ended, abs=0.01)


def test_no_jar_and_no_slot_lies_in_two_folds(known: Fleet) -> None:
    examples = known.examples.with_columns(group=pl.col("group").str.replace("jar-0001", "jar-0000"))
    fold = pl.Series("fold", jar_folds(examples, 4, seed=7))
    assert examples.with_columns(fold).group_by("group").agg(pl.col("fold").n_unique())["fold"].max() == 1


def test_every_fold_has_its_share_of_ends_and_sites(known: Fleet) -> None:
    rows = known.examples.with_columns(fold=jar_folds(known.examples, 4, seed=7))
    ends = rows.filter(pl.col("upper_days").is_not_null()).group_by("fold").agg(pl.col("group").n_unique())
    assert ends["group"].max() - ends["group"].min() <= 1
    jars = rows.group_by("fold", "site").agg(pl.col("group").n_unique())
    assert jars["group"].max() - jars["group"].min() <= 2
    assert site_folds(known.examples.drop("site")) is None


def test_folds_follow_the_slots_and_not_the_order_of_rows(known: Fleet) -> None:
    shuffled = known.examples.sample(fraction=1.0, shuffle=True, seed=5)
    there = known.examples.with_columns(fold=jar_folds(known.examples, 4, 7)).select("group", "fold").unique()
    here = shuffled.with_columns(fold=jar_folds(shuffled, 4, 7)).select("group", "fold").unique()
    assert there.sort("group").equals(here.sort("group"))
