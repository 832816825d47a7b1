"""Scores on cases small enough to count by hand."""

import numpy as np
import polars as pl
import pytest

from battery_assets.learning.life.folds import fold_unit, jar_folds, site_folds
from battery_assets.learning.life.metrics import (
    brier,
    concordance,
    early_failure_share,
    margin,
    marginal_predictions,
    pairs,
)
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


def test_a_margin_tells_how_much_hangs_on_single_ends() -> None:
    rows = _examples([("a", 9, 10.0, 100), ("d", 19, 20.0, 100), ("b", 50, None, 50), ("c", 60, None, 60)])
    own, rival = np.array([1.0, 2.0, 3.0, 4.0]), np.array([9.0, 0.0, 5.0, 6.0])

    def ahead(examples: pl.DataFrame, times: int) -> tuple[float, float]:
        of = (pairs(examples, np.repeat(days, times), of_a_month=False) for days in (own, rival))
        return margin(*of)

    # The rival is wrong in the three pairs of "a" of five: without "a" nothing is between them, without "d" 1.
    assert ahead(rows, 1) == pytest.approx((0.6, 0.5))
    often = rows.select(pl.all().repeat_by(12).explode())
    assert ahead(often, 12) == pytest.approx((0.6, 0.5)), "twelve snapshots of an end are one end"
    alone = pairs(rows.head(1).vstack(rows.tail(2)), np.array([1.0, 2.0, 3.0]), of_a_month=False)
    assert margin(alone, alone) == (0.0, float("inf"))


def test_the_brier_score_leaves_out_who_was_not_followed_long_enough() -> None:
    rows = _examples([("a", 9, 10.0, 100), ("b", 100, None, 100), ("c", 20, None, 20), ("d", 5, 6.0, 20)])
    assert brier(rows, np.array([1.0, 0.5, 0.9, 0.0]), 30.0) == pytest.approx((0.0 + 0.25) / 2)


def test_an_end_whose_interval_holds_the_horizon_tells_nothing_of_it() -> None:
    rows = _examples([("a", 9, 10.0, 100), ("b", 20, 40.0, 100), ("c", 100, None, 100)])
    assert brier(rows, np.array([1.0, 0.0, 0.0]), 30.0) == 0.0
    assert brier(rows, np.array([0.0, 0.0, 0.0]), 30.0) == pytest.approx(0.5)


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


@pytest.mark.parametrize(("folds", "unit"), [(3, "site"), (4, "string_id"), (12, "group")])
def test_what_is_held_out_together_is_the_widest_that_gives_enough_folds(
    known: Fleet, folds: int, unit: str
) -> None:
    examples = known.examples.with_columns(group=pl.col("group").str.replace("jar-0001", "jar-0000"))
    assert fold_unit(examples, folds) == unit
    fold = pl.Series("fold", jar_folds(examples, folds, seed=7))
    assert examples.with_columns(fold).group_by(unit).agg(pl.col("fold").n_unique())["fold"].max() == 1
    assert fold.n_unique() == folds


def test_every_fold_has_its_share_of_ends_and_sites(known: Fleet) -> None:
    rows = known.examples.with_columns(fold=jar_folds(known.examples, 4, seed=7))
    ended = pl.col("upper_days").is_not_null()
    strings = rows.group_by("fold").agg(pl.col("string_id").filter(ended).n_unique())["string_id"]
    assert strings.max() - strings.min() <= 1
    assert rows.group_by("fold").agg(pl.col("site").n_unique())["site"].min() >= 2
    assert site_folds(known.examples.drop("site")) is None


def test_folds_follow_the_slots_and_not_the_order_of_rows(known: Fleet) -> None:
    shuffled = known.examples.sample(fraction=1.0, shuffle=True, seed=5)
    there = known.examples.with_columns(fold=jar_folds(known.examples, 4, 7)).select("group", "fold").unique()
    here = shuffled.with_columns(fold=jar_folds(shuffled, 4, 7)).select("group", "fold").unique()
    assert there.sort("group").equals(here.sort("group"))
