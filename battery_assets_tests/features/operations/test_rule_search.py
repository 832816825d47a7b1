"""A rule as four numbers speaks as it says; on planted failures the search's measure and front are right."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.errors import BadInput
from battery_assets.features.operations import rule_search as rs
from battery_assets.features.operations.alert_rules import Threshold, episodes
from battery_assets.features.operations.replay import OUTCOMES

START = datetime(2025, 1, 1, tzinfo=UTC)
NONE_LEFT = pl.DataFrame(schema={"battery_id": pl.String, "left_at": pl.Datetime("us", "UTC")})


def rows(*units: list[float]) -> pl.DataFrame:
    return pl.concat([
        pl.DataFrame({
            "unit_id": [f"u{k}"] * len(values), "at": [START + timedelta(hours=h) for h in range(len(values))],
            "value": [float(x) for x in values],
        }).with_columns(pl.col("at").cast(pl.Datetime("us", "UTC")))
        for k, values in enumerate(units)
    ])  # fmt: skip


def begins(values: list[float], rule: rs.Rule) -> list[int]:
    found = rs.onsets(rows(values), rule, "x")
    return [int((at - START).total_seconds() // 3600) for at in found["at"]]


@pytest.mark.parametrize(
    ("values", "rule", "at"),
    [
        ([0, 2, 0, 2, 2], rs.Rule(1, 1, 1, 0), [1, 3]),
        ([0, 2, 0, 2, 2], rs.Rule(1, 2, 1, 0), [4]),
        ([0, 2, 0, 2, 0, 0], rs.Rule(1, 3, 0.6, 0), [3]),
        ([2, 0.95, 2, 0.5, 2], rs.Rule(1, 1, 1, 10), [0, 4]),
        ([0, 1, 1], rs.Rule(1, 1, 1, 0), []),
    ],
)
def test_n_of_m_and_hysteresis(values, rule, at):
    assert begins(values, rule) == at


def test_a_unit_does_not_lend_its_evidence_to_the_next_one():
    assert rs.onsets(rows([0, 2], [2, 0]), rs.Rule(1, 2, 1, 0), "x").is_empty()


def test_whole_persistence_is_what_episodes_of_the_fleet_say():
    rng = np.random.default_rng(1)
    units = [np.abs(np.cumsum(rng.standard_normal(400))).tolist() for _ in range(10)]
    threshold = Threshold("voltage_low", "x", "warning", 5.0, "above", "V", 180, "min", 10.0, "jar", "s", "")
    theirs = episodes(rows(*units), threshold).select("unit_id", "opened_at").rows()
    ours = rs.onsets(rows(*units), rs.Rule(5.0, 3, 1.0, 10.0), "x").select("battery_id", "at").rows()
    assert len(ours) > 10
    assert sorted(ours) == sorted(theirs)


@pytest.fixture(scope="module")
def world():
    """40 jars of 60 days: eight rise to 0.3 V and are replaced on day 50; four sound ones spike for two hours."""
    rng, units = np.random.default_rng(2), []
    for k in range(40):
        values = 0.02 * rng.standard_normal(1440)
        if k < 8:
            values[600:] += np.linspace(0, 0.3, 840)
        elif k < 12:
            values[400 + k : 402 + k] += 0.5
        units.append(values.tolist())
    came = pl.DataFrame(
        {"unit_id": [f"u{k}" for k in range(8)], "at": [START + timedelta(days=50)] * 8, "kind": ["jar"] * 8},
        schema=OUTCOMES,
    )
    strings = pl.DataFrame({"battery_id": [f"u{k}" for k in range(40)], "string_id": ["s"] * 40})
    until = START + timedelta(days=400)
    return lambda rule: rs.worth(rows(*units), rule, "x", came, NONE_LEFT, strings, until)


def test_persistence_saves_drives_and_a_high_limit_misses_failures(world):
    quick, patient, deaf = world(rs.Rule(0.1, 1)), world(rs.Rule(0.1, 24, 0.75, 60)), world(rs.Rule(0.6, 1))
    assert (quick["missed"], quick["false_alarms"]) == (0, 4)
    assert (patient["missed"], patient["truck_rolls"], patient["false_alarms"]) == (0, 8, 0)
    assert (deaf["missed"], deaf["truck_rolls"], deaf["failures"]) == (8, 0, 8)
    assert quick["lead_days"] > 0


def test_the_front_holds_what_no_other_point_beats():
    points = [
        {"missed": m, "truck_rolls": t}
        for m, t in ((5, 1), (2, 4), (2, 6), (0, 9), (1, 9), (5, 1), (9, 0), (3, 3))
    ]
    assert rs.front(points) == [6, 0, 7, 1, 3]


def test_the_rule_as_it_is_comes_from_the_threshold_data():
    assert rs.as_it_is("float_below_median").limit == 0.25
    with pytest.raises(BadInput, match="next step: one of"):
        rs.as_it_is("moon")
