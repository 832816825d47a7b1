"""People rank, tag and find experiments; what noise cannot part shares a rank."""

import numpy as np
import pytest

from battery_assets.errors import BadInput
from battery_assets.experiments.making import books as datasets
from battery_assets.experiments.trying import books, comparison, finding
from battery_assets_tests.experiments.test_datasets import rows


def tried(
    model: str,
    score: float,
    *,
    seeds: int = 1,
    sd: float | None = None,
    control: str = "",
    split: str = "system",
) -> dict:
    return {
        "model_type": model, "macro_auroc": score, "low": score - 0.02, "high": score + 0.02, "seeds": seeds, "sd": sd,
        "split": split, "control": control, "epochs": None, "campaign": None,
    }  # fmt: skip


def test_rows_that_overlap_share_a_rank_and_the_next_one_is_counted_on():
    rows, missing = comparison.compared([
        tried("forest_lines", 0.95), tried("forest_own_lines", 0.96), tried("rule", 0.80),
        tried("cnn1d", 0.95, seeds=2, sd=0.007),
    ])  # fmt: skip
    assert [(row.rank, row.label, row.seeds) for row in rows] == [
        (1, "forest_own_lines", 1), (1, "cnn1d", 2), (1, "forest_lines", 1), (4, "rule", 1),
    ]  # fmt: skip
    assert missing == ["rule_own", "rule_labels", "forest_moments"]


def test_a_control_or_a_split_by_window_never_stands_above_an_honest_row():
    rows, missing = comparison.compared([
        tried("forest_lines", 0.99, split="window"), tried("rule", 0.8), tried("cnn1d", 0.9, control="shuffled_labels"),
    ])  # fmt: skip
    assert rows[0].label == "rule"
    assert [row.label for row in rows[1:]] == ["forest_lines (split by window)", "cnn1d (shuffled labels)"]
    assert rows[1].rank > rows[0].rank
    assert "forest_lines" in missing, "a split by window is no classical row"


@pytest.fixture(scope="module")
def two(place, small):
    for name, model in (("find-rule", "rule_own"), ("find-forest", "forest_own_lines")):
        assert place.run("experiment", name, dataset=small, model_type=model).success
    return place.warehouse


def test_seeds_of_a_model_are_one_group(two, place, small):
    assert place.run(
        "experiment", "other-forest", dataset=small, model_type="forest_own_lines", seed=2
    ).success
    plain = {"model_type": "forest_own_lines", "split": "system", "control": "", "campaign": None}
    number = datasets.dataset(two, small).id
    [group] = [one for one in books.grouped(two, number) if plain.items() <= one.items()]
    alike = rows(
        place,
        "SELECT metrics FROM experiments.experiments WHERE model_type = 'forest_own_lines' AND status = 'completed' "
        f"AND hpo_campaign_id IS NULL AND config ->> 'split' = 'system' AND config ->> 'control' = '' AND dataset_id = {number}",
    )
    scores = [one["metrics"]["macro_auroc"] for one in alike]
    assert group["seeds"] == len(scores) >= 2
    assert group["macro_auroc"] == pytest.approx(sum(scores) / len(scores))
    assert group["sd"] == pytest.approx(np.std(scores, ddof=1))


def names(found: list[dict]) -> set[str]:
    return {row["name"] for row in found if row["name"].startswith("find-")}


def test_searches_by_key_score_word_and_tag(two):
    assert names(finding.search(two, "model_type:rule_own")) == {"find-rule"}
    assert names(finding.search(two, "both_named>0.5")) == {"find-forest"}
    assert names(finding.search(two, "find-rule status:completed split:system")) == {"find-rule"}
    finding.put_tag(two, "find-rule", "Gate Way")
    finding.put_tag(two, "find-rule", "Gate Way")
    assert names(finding.search(two, "tag:gate-way")) == {"find-rule"}


def test_a_search_that_is_kept_counts_its_uses(two):
    import sqlalchemy as sa

    finding.keep_search(two, "rules", "model_type:rule_own")
    assert finding.use_search(two, "rules") == finding.use_search(two, "rules") == "model_type:rule_own"
    with two.reading() as connection:
        row = connection.execute(sa.text("SELECT * FROM experiments.saved_searches")).mappings().one()
    assert (row["usage_count"], row["last_used_at"] is not None) == (2, True)


@pytest.mark.parametrize("query", ["'; drop table x", "a=b", "model_type:", "x>y", '"'])
def test_a_part_that_is_no_condition_is_refused(two, query):
    with pytest.raises(BadInput, match="in a search"):
        finding.search(two, query)


def test_a_tag_without_a_letter_is_refused(two):
    with pytest.raises(BadInput, match="some of them letters"):
        finding.put_tag(two, "find-rule", "--")
