"""The fleets, scores and tables of `python -m benchmarks.decisions`, on fleets that take seconds."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from benchmarks import decision_work
from benchmarks.decision_fleets import Sizes, lived
from benchmarks.decision_lives import foreseen, scores
from benchmarks.decision_work import opened_again, work_of
from benchmarks.decisions import BANDS, LINES, MARKS, Measured, lives_tables, rules_table, work_table, write


@pytest.fixture(scope="module")
def lived_fleet():
    """Two sites of two strings, half of them learned from, at cut-offs of two and four months."""
    return lived("rates_x1.5", 55, Sizes(2, 2, 4))


def _as_told(of, days: pl.Series):
    """What would be served if each jar were told these days, for certain."""
    certain = {f"failure_probability_{n}d": (days <= n).cast(pl.Float64) for n in (30, 90)}
    certain["failure_probability_365d"] = 1.0 - days / 7305.0
    ends = dict.fromkeys(("rul_days", "rul_lower_ci_days", "rul_upper_ci_days"), days)
    return of.posterior.with_columns(**ends, **certain)


@pytest.mark.parametrize(
    ("told_of", "rank", "holds", "foretold", "false"),
    [
        (lambda left: left, 1.0, 1.0, 1.0, False),
        (lambda left: left / 10.0, 1.0, 0.0, 1.0, True),
        (lambda left: 7305.0 - left, 0.0, 0.0, 0.0, False),
    ],
    ids=["the truth", "a tenth of it", "its opposite"],
)
def test_what_is_served_is_scored_by_the_truth(lived_fleet, told_of, rank, holds, foretold, false):
    told = _as_told(lived_fleet, told_of(lived_fleet.snaps["left"].fill_null(7305.0).clip(0.0, 7305.0)))
    cuts = [replace(cut, served=told) for cut in lived_fleet.cuts]
    found = scores(lived_fleet, cuts[0])
    assert (found["c_served"], found["c_month"]) == (rank, rank)
    assert found["covers_near"] == holds
    assert found["width"] == 0.0
    assert (found["mae_served_365_730"] == 0.0) is (holds == 1.0)
    alarms = foreseen(replace(lived_fleet, posterior=told, cuts=cuts))
    assert alarms["ends"] >= 3
    assert alarms["foreseen"] == foretold
    assert (alarms["false_active"] > 0.0) is false


def test_what_is_judged_was_not_learned_from(lived_fleet):
    own = lived_fleet.snaps.group_by("site").agg(
        pl.col("string_id").filter("unseen").n_unique().alias("unseen"), pl.col("string_id").n_unique()
    )
    assert own["unseen"].to_list() == [1, 1]
    assert own["string_id"].to_list() == [2, 2]
    assert [cut.months for cut in lived_fleet.cuts] == [2, 4]
    # Two months prove too few ends to learn from: the twin serves, and it is said why.
    assert "observed ends of life" in lived_fleet.cuts[0].words
    assert lived_fleet.served().equals(lived_fleet.posterior)


def test_a_fleets_work_is_counted_against_its_true_ends(monkeypatch):
    monkeypatch.setattr(decision_work, "WORKED_MONTHS", 3)
    done = work_of(lived("rates_x1.5", 55, Sizes(1, 2, 2)), 0)
    # Each of two strings whose telemetry is whole would have one of its data, were they judged by two months.
    assert 0 < done.orders <= done.incidents < 5
    assert done.in_time <= done.ends
    assert done.rules["alerts"].sum() > 0
    assert (done.rules["right"] <= done.rules["alerts"]).all()
    told = {"world": "rates_x1.5", "foreseen": 0.5, "ends": 4, "sulfated": 0, "sulfated_foreseen": float("nan"),
            "false_new": 1.25, "false_active": 2.0}  # fmt: skip
    found = Measured([], [told], [("rates_x1.5", done)])
    assert f"| 2 of 4 | 0 of 0 | 1.2 | 2.0 | {done.orders} | {done.ends} |" in work_table(found)
    assert "| `cell_short` |" in rules_table(found)


def test_an_incident_opened_again_where_nothing_new_had_begun():
    def day(number: int) -> datetime:
        return datetime(2025, 1, number, tzinfo=UTC)

    rows = [
        ("room|a", None, None, "a", day(3)),
        ("room|a", None, None, "a", day(20)),  # its cooling failed anew on the 19th
        ("room|a", None, None, "a", day(28)),  # and nothing since
        ("charger|s", None, "s", "a", day(4)),
        ("charger|s", None, "s", "a", day(25)),  # its system's fault began on the 26th: it was early
        ("jar|j", "j", "s", "b", day(5)),
    ]
    names = ("fault", "battery_id", "string_id", "location_id", "created_at")
    incidents = pl.DataFrame(rows, schema=names, orient="row")
    begins = pl.DataFrame({"unit_id": ["a", "a", "s"], "begin": [day(2), day(19), day(26)]})
    begins = begins.cast({"begin": decision_work.TIME})
    again = opened_again(incidents.cast({"created_at": decision_work.TIME}), begins)
    assert again.select("fault", "created_at").rows() == [("room|a", day(28))]


def test_the_worst_world_comes_first_and_the_page_keeps_its_words(tmp_path):
    def row(world: str, c: float, mae: float) -> dict:
        days = {f"mae_{name}_{low}_{high}": mae for name in ("served", "health_line", "resistance_line")
                for low, high in BANDS}  # fmt: skip
        return {"world": world, "months": 24, "proven": 12, "passed": 1.0, "c_served": c, "c_month": c, "covers": 0.9,
                "covers_near": 0.8, "covers_wear": 0.9, "width": 700.0, **{f"c_{name}": 0.9 for name in LINES}, **days}  # fmt: skip

    ranks, days = lives_tables([row("good", 0.95, 400.0), row("bad", 0.80, 100.0), row("bad", 0.84, 140.0)])
    assert [line.split(" | ")[0] for line in ranks.splitlines()[2:]] == ["| bad", "| good"]
    assert "| 0.820 (0.800 to 0.840) |" in ranks
    assert "-0.080 (-0.100 to -0.060)" in ranks
    assert [line.split(" | ")[0] for line in days.splitlines()[2:]] == ["| good", "| bad"]
    page = tmp_path / "page.md"
    page.write_text(f"before\n{MARKS[0]}\nold\n{MARKS[1]}\nafter\n")
    write(ranks, page)
    assert page.read_text().startswith(f"before\n{MARKS[0]}\n| world")
    assert page.read_text().endswith(f"{MARKS[1]}\nafter\n")
    assert "old" not in page.read_text()
