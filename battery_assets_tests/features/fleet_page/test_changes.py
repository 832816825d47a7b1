"""What changed since the month before is what crossed a limit, came or went; no more."""

from dataclasses import replace

import polars as pl

from battery_assets.features.fleet_page.changes import changes, compared, listed
from battery_assets_tests.features.fleet_page.reported import MARKUP, empty_month, month


def found(at) -> dict[str, list[str]]:
    return dict(changes(at))


def test_a_month_of_one_of_each():
    assert found(month()) == {
        "Renewed jars": ["PKT-S1-J02"],
        "New incidents": [f"{MARKUP} (INC-NEW)"],
        "Incidents that ended": ["hot room (INC-GONE)"],
    }


def test_a_jar_that_was_below_the_limit_before_is_no_news():
    at = month()
    before = pl.when(pl.col("jar") == "BKK-S1-J06").then(80.5).otherwise("soh_before_pct")
    now = replace(at, jars=at.jars.with_columns(soh_before_pct=before))
    assert found(now)["Jars that fell below 80 % of health"] == ["BKK-S1-J06"]
    assert "Jars that fell below 80 % of health" not in found(at)


def test_chances_that_cross_a_half_are_told_either_way():
    at = month()
    jars = at.jars.with_columns(p90=pl.col("p90_before"), p90_before=pl.lit(0.1))
    up = found(replace(at, jars=jars))["Jars now likely to fail within 90 days"]
    down = found(replace(at, jars=jars.rename({"p90": "p90_before", "p90_before": "p90"})))
    assert up[0] == "BKK-S1-J06", "the likeliest first"
    assert set(up) == set(down["Jars no longer likely to fail within 90 days"])
    assert set(up) == set(jars.filter(pl.col("p90") >= 0.5)["jar"])


def test_a_string_that_lost_its_load_is_told():
    at = month()
    lost = at.strings.with_columns(p=pl.when(pl.col("string") == "BKK-S2").then(0.4).otherwise("p"))
    assert found(replace(at, strings=lost))["Strings that may no longer carry their load"] == ["BKK-S2"]


def test_many_are_counted_and_the_first_named():
    said = listed([("Renewed jars", [f"J{k:02d}" for k in range(11)])])
    assert "Renewed jars, <b>11</b>: J00, " in said
    assert said.count("J0") == 8
    assert "and 3 more" in said


def test_of_nothing_nothing_is_told():
    assert changes(empty_month()) == []
    assert "Nothing" in listed([])


def test_without_a_month_before_that_is_said_beside_what_came_and_went():
    at = month()
    alone = replace(
        at,
        jars=at.jars.with_columns(pl.lit(None, pl.Float64).alias("soh_before_pct")),
        strings=at.strings.with_columns(pl.lit(None, pl.Float64).alias("p_before")),
    )
    assert "Nothing of the month before is there" in compared(alone)
    assert "INC-NEW" in compared(alone)
    assert "Nothing" not in compared(at)
