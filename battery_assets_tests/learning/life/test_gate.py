"""The gate: each reason for a refusal seen red, and a model that passes."""

import pytest

from battery_assets.learning.life.gate import ASKED, RIVALS, verdict
from battery_assets_tests.learning.conftest import Trained

GOOD = {
    "c_index_month": 0.90, "out_of_fold_nll": 0.30, "out_of_fold_nll_posterior": 0.31,
    "early_failure_share": 0.02, **{f"c_index_month_{name}": 0.85 for name in RIVALS},
    **{f"margin_{asked}_{name}": 0.05 for asked in ASKED for name in RIVALS},
    **{f"margin_error_{asked}_{name}": 0.03 for asked in ASKED for name in RIVALS},
}  # fmt: skip


def test_a_model_that_ranks_and_covers_passes() -> None:
    assert verdict(GOOD).passed


@pytest.mark.parametrize("rival", RIVALS)
def test_no_model_serves_that_a_simple_rule_outranks(rival: str) -> None:
    judged = verdict(GOOD | {f"c_index_month_{rival}": 0.906})
    assert not judged.passed
    assert judged.words == f"refused: ranks a month's jars with C 0.900, {RIVALS[rival]} with 0.906"
    assert verdict(GOOD | {f"c_index_month_{rival}": 0.904}).passed


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("rival", RIVALS)
def test_no_model_serves_that_may_rank_worse_as_far_as_the_ends_tell(asked: str, rival: str) -> None:
    judged = verdict(GOOD | {f"margin_{asked}_{rival}": 0.02})
    assert (judged.passed, "+0.020" in judged.words) == (False, True)
    assert judged.words.endswith("give or take 0.030") and RIVALS[rival] in judged.words
    assert verdict(GOOD | {f"margin_{asked}_{rival}": 0.026}).passed
    assert not verdict(GOOD | {f"margin_error_{asked}_{rival}": float("nan")}).passed


def test_no_model_serves_that_finds_the_ends_less_likely_than_the_twin_did() -> None:
    assert "likelier" in verdict(GOOD | {"out_of_fold_nll": 0.32}).words


def test_no_model_serves_whose_jars_end_before_their_bounds() -> None:
    judged = verdict(GOOD | {"early_failure_share": 0.08})
    assert (judged.passed, "8.0% of jars ended before" in judged.words) == (False, True)


def test_the_worst_seed_counts() -> None:
    assert not verdict(GOOD | {"c_index_month_seed_8": 0.84, "c_index_month_seed_9": 0.95}).passed
    assert not verdict(GOOD | {"c_index_month_seed_8": float("nan")}).passed


def test_no_model_serves_that_ranks_the_months_since_worse_than_the_one_in_production() -> None:
    later = {"c_index_later": 0.90, "c_index_later_champion": 0.91}
    assert "the model in production with 0.910" in verdict(GOOD | later).words
    assert verdict(GOOD | later | {"c_index_later_champion": 0.904}).passed
    assert verdict(GOOD | later | {"c_index_later_champion": float("nan")}).passed


def test_no_model_serves_while_a_probe_is_red() -> None:
    assert verdict(GOOD, ["jar_index"]).words == "refused: jar_index foretold what it cannot know"


def test_scores_that_are_no_numbers_let_nothing_pass() -> None:
    for name in ("c_index_month", "early_failure_share"):
        assert not verdict(GOOD | {name: float("nan")}).passed


def test_training_gives_all_that_the_gate_asks_for(trained: Trained) -> None:
    assert verdict(trained.metrics).words
