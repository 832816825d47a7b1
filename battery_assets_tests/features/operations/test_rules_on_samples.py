"""Every rule on the samples themselves: its persistence is time, a spike and flapping samples are nothing."""

import polars as pl
import pytest

from battery_assets.features.operations.alert_rules import Threshold, thresholds
from battery_assets.features.operations.alerts import alerts
from battery_assets_tests.worlds.rules import samples as world

RULES = thresholds()
TIMED = [rule for rule in RULES if rule.signal in world.RECIPES]


def ladder(rule: Threshold) -> list[Threshold]:
    return [one for one in RULES if (one.alert_type, one.signal) == (rule.alert_type, rule.signal)]


def reached(rule: Threshold) -> dict[str, list[str]]:
    """The highest severity that each case's alerts of the signal reached, one for each alert."""
    highest = pl.col("context_json").str.json_path_match("$.highest")
    found = alerts(world.reduced(rule), ladder(rule)).with_columns(highest=highest)
    of = {case: found.filter(pl.col("location_id") == case) for case in world.CASES}
    return {case: sorted(set(rows["highest"].to_list())) for case, rows in of.items()}


def test_every_rule_with_a_time_has_samples_or_hours_of_its_own():
    timed = {rule.signal for rule in RULES if rule.persistence_unit != "reading"}
    assert timed - set(world.RECIPES) == {"hvac_fault", "cell_short", "float_current_rise"}


@pytest.mark.parametrize("rule", TIMED, ids=lambda rule: f"{rule.signal}-{rule.severity}")
def test_a_rule_fires_after_its_time_and_not_before(rule: Threshold):
    found = reached(rule)
    below = ["info", "warning", "critical"]
    lower = below[: below.index(rule.severity)]
    assert found["kept"] == [rule.severity]
    assert set(found["short"]) <= set(lower)
    assert set(found["spike"]) <= (set(lower) if rule.signal == "jar_temperature" else set())
    assert set(found["flapping"]) <= set(lower)
