"""A jar whose voltage falls at once under load has an open connection; one that is flat or worn has not."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from battery_assets.features.health.faults import known_faults
from battery_assets.features.health.loads import load_readings

DAY = datetime(2026, 11, 3, tzinfo=UTC)
BEGIN = 36  # of the day's samples, five minutes apart


def jars(cells: int = 6) -> pl.DataFrame:
    ids = ["a", "b", "c"]
    return pl.DataFrame(
        {"battery_id": ids, "string_id": ["s"] * 3, "capacity_ah": [100.0] * 3, "cells": [cells] * 3,
         "initial_resistance_mohm": [5.0 * cells / 6] * 3, "installed_date": [DAY.date()] * 3}
    )  # fmt: skip


def a_day(drops: list[float], amps: float = 20.0, low: float = 0.0, step_min: int = 5):
    """Jar and string rows: from BEGIN on a load takes 1 V of each jar, and of the first `drops` more."""
    at = [DAY + timedelta(minutes=step_min * n) for n in range(BEGIN + len(drops))]
    more = [0.0] * BEGIN + drops
    load = [n >= BEGIN for n in range(len(at))]
    volts = {
        jar: [
            13.6 - 1.0 * on - (low + lost if jar == "a" else 0.0) for on, lost in zip(load, more, strict=True)
        ]
        for jar in "abc"
    }
    rows = pl.concat(
        pl.DataFrame({"ts": at, "battery_id": [jar] * len(at), "voltage_v": volts[jar]}) for jar in "abc"
    )
    current = [-amps if on else 0.05 for on in load]
    return rows, pl.DataFrame({"ts": at, "string_id": ["s"] * len(at), "current_a": current})


def faults(rows: pl.DataFrame, strings: pl.DataFrame, cells: int = 6) -> dict[str, str]:
    read = load_readings(rows, strings, jars(cells))
    found = known_faults(jars(cells), [], read, DAY + timedelta(days=1))
    return dict(found.select("battery_id", "fault").iter_rows())


def test_a_jar_that_falls_at_once_is_open_and_its_ohms_are_told():
    rows, strings = a_day([9.0] * 4)
    read = load_readings(rows, strings, jars())
    assert read["battery_id"].unique().to_list() == ["a"]
    assert read["resistance_mohm"].to_list() == pytest.approx([450.0] * 4)
    assert faults(rows, strings) == {"a": "open_connection"}


def test_of_half_hours_one_is_the_begin_and_the_next_confirms_it():
    rows, strings = a_day([9.0] * 3, step_min=30)
    assert load_readings(rows, strings, jars())["resistance_mohm"].to_list() == pytest.approx([450.0] * 2)
    assert faults(rows, strings) == {"a": "open_connection"}
    back = a_day([9.0, 0.2, 0.2], step_min=30)
    assert faults(*back) == {}
    later = a_day([0.1, 9.0, 9.0], step_min=30)
    assert faults(*later) == {}


def test_a_block_of_three_cells_is_judged_by_its_cells():
    rows, strings = a_day([4.5] * 4)
    halved = rows.with_columns(pl.col("voltage_v") - 6.8)
    assert faults(halved, strings, 3) == {"a": "open_connection"}
    assert load_readings(halved, strings, jars(3))["resistance_mohm"][0] == pytest.approx(225.0)


@pytest.mark.parametrize(
    ("drops", "amps", "low", "why"),
    [([0.3, 0.8, 1.2, 1.6], 20.0, 0.0, "a worn jar falls behind"),
     ([0.0] * 6 + [4.0] * 4, 20.0, 0.0, "an empty jar collapses later"),
     ([0.1] * 4, 20.0, 2.2, "a shorted cell is low before as well"),
     ([5.0] * 4, 4.0, 0.0, "no load that says anything"),
     ([2.5] * 4, 200.0, 0.0, "at twice the 1 h current 12 mOhm do that"),
     ([9.0], 20.0, 0.0, "one sample is no two")],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_other_reasons_to_be_low_are_no_open_connection(drops, amps, low, why):
    assert faults(*a_day(drops, amps, low)) == {}


def test_a_load_whose_begin_was_not_seen_tells_nothing():
    rows, strings = a_day([9.0] * 4)
    since = pl.col("ts") >= DAY + timedelta(minutes=5 * BEGIN)
    assert faults(rows.filter(since), strings.filter(since)) == {}


def test_an_ohmic_round_afterwards_counts_more():
    read = load_readings(*a_day([9.0] * 4), jars())
    later = [DAY + timedelta(hours=hours) for hours in (12, 13)]
    again = pl.DataFrame({"battery_id": ["a"] * 2, "measured_at": later, "resistance_mohm": [5.1, 5.0]})
    found = known_faults(jars(), [], pl.concat([read, again]), DAY + timedelta(days=1))
    assert found.is_empty()
