"""Health by world: every world is scored by true health, the worst row comes first, and the table is kept."""

import polars as pl
import pytest

from battery_assets.synthetic.worlds import WORLDS
from battery_assets_tests.worlds.estimation import by_world as bench


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    return bench.scored(small=True)


def test_every_world_is_scored_and_the_worst_row_comes_first(rows):
    assert {row["world"] for row in rows} == {*WORLDS, "every world"}
    enough = [row["inside"] for row in rows if row["jars"] >= bench.FEWEST]
    assert len(enough) >= len(WORLDS)
    assert enough == sorted(enough)
    assert all(row["jars"] < bench.FEWEST for row in rows[len(enough) :])


def test_the_classes_of_true_health_make_up_the_world(rows):
    for world in WORLDS:
        own = {row["health"]: row["jars"] for row in rows if row["world"] == world}
        assert sum(own[name] for name in bench.NAMES) == own["all"] == 6 * 24
        assert own["< 85"] == own["< 80"] + own["80-85"]


def _whole(rows: list[dict], seen_by: str, health: str = "all") -> dict[str, dict]:
    return {row["world"]: row for row in rows if row["health"] == health and row["seen_by"] == seen_by}


def test_the_estimate_holds_in_every_world_and_knows_how_far_acceptance_tests_are_off(rows):
    for seen_by in bench.SEEN_BY:
        whole = _whole(rows, seen_by)
        assert all(whole[world]["inside"] > 85 for world in WORLDS)
        assert abs(whole["matched"]["bias"]) < 1.5
    people = _whole(rows, bench.PEOPLE)
    assert people["acceptance_5"]["rmse"] < 1.5 * people["matched"]["rmse"]


def test_a_monitor_tells_more_than_people_who_come_four_times_a_year(rows):
    people, monitor = (_whole(rows, seen_by) for seen_by in bench.SEEN_BY)
    for world in WORLDS:
        assert monitor[world]["width"] < 0.8 * people[world]["width"]


def test_blocks_of_one_cell_are_estimated_as_well_as_jars_of_six(rows):
    for seen_by in bench.SEEN_BY:
        whole = _whole(rows, seen_by)
        assert whole["blocks_2v"]["rmse"] == pytest.approx(whole["matched"]["rmse"], rel=0.15)


def test_a_row_tells_bias_scatter_coverage_and_its_spread_over_seeds():
    own = pl.DataFrame({
        "seed": [1, 1, 2, 2], "true": [80.0, 80.0, 80.0, 80.0], "soh_pct": [81.0, 83.0, 80.0, 84.0],
        "soh_lower_pct": [79.0, 82.0, 79.0, 81.0], "soh_upper_pct": [85.0, 85.0, 85.0, 85.0],
    })  # fmt: skip
    row = bench._row("w", "all", own)
    assert (row["jars"], row["bias"], row["inside"]) == (4, 2.0, 50.0)
    assert row["rmse"] == pytest.approx((26 / 4) ** 0.5)
    assert (row["least"], row["most"]) == (50.0, 50.0)


def test_the_table_is_written_between_its_marks(rows, tmp_path):
    page = tmp_path / "figures.md"
    page.write_text(f"before\n{bench.MARKS[0]}\nold\n{bench.MARKS[1]}\nafter\n", encoding="utf-8")
    bench.write(rows, page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert text.count("\n| ") == sum(row["jars"] > 0 for row in rows) + 1
