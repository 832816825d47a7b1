"""What a sound site does: float follows temperature, charge comes back, no jar cools itself."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.laws.operation import (
    charge_moved,
    charge_returned,
    float_compensation,
    no_jar_below_its_room,
    room_evidence,
)
from battery_assets.physics.float_charge import setpoint_v_cell
from battery_assets_tests.worlds.months import laws as months

START = datetime(2025, 3, 1, tzinfo=UTC)


def floated(volts_of, swing_k: float = 5.0, count: int = 300) -> pl.DataFrame:
    """Hours of one string whose room warms and cools, with a charger's wander."""
    rng = np.random.default_rng(3)
    hour = np.arange(count)
    warm = 27.0 + swing_k / 2 * np.sin(2 * np.pi * hour / 60.0)
    wander = 0.003 * np.sin(hour / 7.0) + 0.001 * rng.standard_normal(count)
    return pl.DataFrame(
        {
            "string_id": ["s1"] * count,
            "hour": [START + timedelta(hours=int(n)) for n in hour],
            "jar_v": 6 * (volts_of(warm) + wander),
            "mean_c": warm,
        }
    )


@pytest.mark.parametrize(
    "law", [setpoint_v_cell, lambda warm: np.full(warm.size, 2.27)], ids=["-3.3 mV/K", "none"]
)
def test_a_charger_that_compensates_or_does_not_is_sound(law):
    verdict = float_compensation(floated(law), {})
    assert verdict.holds, verdict.words
    assert verdict.facts["strings"] == 1


@pytest.mark.parametrize("slope", [0.0033, -0.012])
def test_a_charger_that_rises_with_heat_or_falls_too_far_is_warned_of(slope):
    [finding] = float_compensation(floated(lambda warm: 2.27 + slope * (warm - 25.0)), {"s1": "S1"}).findings
    assert finding.where == "string S1"
    assert finding.measured == pytest.approx(slope, abs=0.0005)


def test_a_room_that_holds_its_temperature_shows_no_slope():
    assert float_compensation(floated(setpoint_v_cell, swing_k=1.0), {}).judged.startswith("not judged")


def test_a_jar_below_its_room_for_hours_is_warned_of_and_one_reading_is_not():
    hours = pl.DataFrame(
        {
            "battery_id": ["b1"] * 10 + ["b2"] * 10,
            "feature_ts": [START + timedelta(hours=n) for n in range(10)] * 2,
            "t_delta_ambient_mean": [1.0] * 3 + [-6.0] * 7 + [1.0] * 9 + [-9.0],
        }
    )
    stretches = [room_evidence(hours.head(8)), room_evidence(hours.slice(8))]
    assert no_jar_below_its_room([room_evidence(hours)], {"b1": "J01"}) == no_jar_below_its_room(
        stretches, {"b1": "J01"}
    )
    [finding] = no_jar_below_its_room(stretches, {"b1": "J01"}).findings
    assert finding.where == "jar J01"
    assert "7 hours" in finding.found


@pytest.mark.parametrize("interval_s", [60, 900])
def test_what_a_test_took_comes_back(interval_s):
    made = months.site("hat-yai", seed=3, interval_s=interval_s)
    capacity = dict.fromkeys(months.strings(made)["string_id"], 120.0)
    stored = list(months.string_days(made, months.days(made, "2025-03")))
    verdict = charge_returned([charge_moved(rows, capacity) for _, rows in stored], capacity, {})
    assert verdict.holds, verdict.words
    assert verdict.facts["strings"] == 1
    for wrong in (pl.col("current_a").clip(upper_bound=4.0), pl.col("current_a").clip(lower_bound=-6.5)):
        days = [charge_moved(rows.with_columns(current_a=wrong), capacity) for _, rows in stored]
        assert not charge_returned(days, capacity, {}).holds
