"""Which alerts are blind: late data, missing tables, empty columns, alerts that are older than their data."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from battery_assets.actions.overview.blindness import (
    ALERT,
    FEATURES,
    JAR,
    LATE_AFTER,
    LIFE,
    RESTS_ON,
    ROOM,
    SHOWN,
    STRING,
    TWIN,
    SiteData,
    judge,
)
from battery_assets.tables import TABLES

NOW = datetime(2025, 6, 30, 12, tzinfo=UTC)
BY_NAME = {table.name: table for table in TABLES}


def site(**changed: dict[str, Any] | None) -> SiteData:
    """A site whose every table is of this month and an hour old, but for what is changed."""
    usual = {
        "month": "2025-06",
        "rows": 9,
        "state": "current",
        "empty_columns": None,
        "newest": NOW - timedelta(hours=9),
    }
    at = SiteData("alpha", "files")
    for place, name in enumerate(SHOWN):
        if changed.get(name, {}) is not None:
            own = {"table_name": name, "committed_at": NOW - timedelta(hours=8) + timedelta(minutes=place)}
            at.partitions[name] = {**usual, **own, **(changed.get(name) or {})}
    judge(at, NOW)
    return at


def test_nothing_is_blind_where_everything_is_there():
    assert site().blind == {}
    assert site().late is None


def test_silence_blinds_every_alert():
    old = {"newest": NOW - LATE_AFTER - timedelta(hours=1)}
    at = site(**{JAR: old, STRING: old, ROOM: old})
    assert at.blind.keys() == RESTS_ON.keys()
    assert all(why == ["no reading for 3 days"] for why in at.blind.values())


@pytest.mark.parametrize(
    ("table", "changed", "blind"),
    [
        (STRING, {"empty_columns": ["ripple_voltage_rms_v"]}, {"ripple_high"}),
        (STRING, {"empty_columns": ["ripple_current_rms_a", "current_a"]}, {"ripple_high", "current_high", "voltage_low", "voltage_high"}),
        (JAR, {"empty_columns": ["resistance_mohm"]}, {"resistance_drift"}),
        (ROOM, None, {"temperature_high"}),
        (TWIN, {"state": "stale"}, {"soh_degraded"}),
        (LIFE, {"month": "2025-05"}, {"rul_warning", "rul_critical"}),
        (FEATURES, None, {"voltage_low", "voltage_high", "temperature_high", "resistance_drift", "anomaly_detected"}),
        (ALERT, None, set(RESTS_ON)),
        (ALERT, {"month": "2025-05"}, set(RESTS_ON)),
        (ALERT, {"committed_at": NOW - timedelta(days=1)}, set(RESTS_ON)),
    ],
)  # fmt: skip
def test_each_lack_blinds_what_rests_on_it(table, changed, blind):
    at = site(**{table: changed})
    assert at.blind.keys() == blind
    assert all(table in " ".join(why) or table == ALERT for why in at.blind.values())


def test_a_site_without_any_data_is_blind_and_nothing_breaks():
    at = SiteData("alpha", "files")
    judge(at, NOW)
    assert at.blind.keys() == RESTS_ON.keys()


def test_every_kind_of_alert_is_judged_by_columns_that_there_are():
    assert RESTS_ON.keys() == set(BY_NAME["alert"].c.alert_type.info["values"])
    for needs in RESTS_ON.values():
        for table, column in needs:
            assert column in BY_NAME[table].c
