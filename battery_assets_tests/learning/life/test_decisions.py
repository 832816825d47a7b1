"""The scoreboard of decisions, on cases small enough to count by hand and on a fleet."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from battery_assets.learning.life import decisions
from battery_assets_tests.learning.conftest import Fleet, Trained


def test_a_rule_is_scored_by_what_it_missed_named_in_vain_and_how_early() -> None:
    march, april = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    rows = pl.DataFrame(
        [
            ("early", "s1", march, 70.0, 80.0), ("early", "s1", april, 39.0, 49.0),
            ("missed", "s1", march, 20.0, 30.0), ("good", "s2", march, 400.0, None),
            ("unsure", "s2", march, 100.0, None),
        ],
        ["battery_id", "string_id", "snapshot_at", "lower_days", "upper_days"], orient="row",
    )  # fmt: skip
    score = decisions._score("rule", rows, np.array([True, True, False, True, True]))
    assert (score.missed, score.needless, score.lead_days, score.visits) == (1.0, 1.0, 80.0, 2.0)
    assert score.cost == pytest.approx(100 * (10 + 3 + 2 * 0.5) / 4)


def test_nobody_misses_everything_and_a_model_costs_less(known: Fleet, trained: Trained) -> None:
    assert trained.model.out_of_fold is not None
    board = {row.policy: row for row in decisions.scoreboard(known.examples, trained.model.out_of_fold)}
    ended = known.examples.filter(pl.col("upper_days").is_not_null())["battery_id"].n_unique()
    assert board["nobody"].missed == ended
    assert board["model"].cost < board["nobody"].cost
    assert board["calendar"].missed > board["model"].missed
    kept = decisions.as_metrics(list(board.values()))
    assert kept["decisions_nobody_missed"] == ended
    assert decisions.as_frame(list(board.values()))["cost"].is_sorted()
