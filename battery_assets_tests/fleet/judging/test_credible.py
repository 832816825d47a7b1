"""A day that was found sound is not judged again; one with a fault is, and so is another file or other jars."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.features.credible import days
from battery_assets.fleet.credible import Judge

DAY = date(2025, 3, 4)
AT = [datetime(2025, 3, 4, tzinfo=UTC) + timedelta(minutes=15 * n) for n in range(96)]


class Files:
    """A walk over one day of string rows, whose files have a checksum."""

    tables = (t.telemetry_string_raw,)

    def __init__(self, checksum: str) -> None:
        self.checksum = checksum

    def digests_of(self, _):
        return {DAY: self.checksum}


def jars(capacity: float = 100.0, **more) -> pl.DataFrame:
    facts = {
        "battery_id": ["j1", "j2"], "string_id": ["s", "s"], "position_in_string": [1, 2], "cells": [6, 6],
        "capacity_ah": [capacity] * 2, "nominal_v": [12.0] * 2, "batteries_count": [2, 2],
        "string_nominal_v": [24.0] * 2, **more,
    }  # fmt: skip
    return pl.DataFrame(facts)


def rows(volts: float = 27.2) -> pl.DataFrame:
    return pl.DataFrame({"ts": AT, "string_id": "s", "voltage_v": volts, "current_a": 0.1, "mode": "float"})


@pytest.fixture
def judged(monkeypatch) -> list[int]:
    """How many rows each judgement looked at."""
    looked, credible = [], days.credible_strings

    def counted(of, facts):
        looked.append(of.height)
        return credible(of, facts)

    monkeypatch.setattr("battery_assets.fleet.credible._SOUND", {})
    monkeypatch.setattr(days, "credible_strings", counted)
    return looked


def test_a_sound_day_is_judged_once_for_a_file_and_its_jars(judged):
    for _ in range(2):
        told, left_out = Judge(Files("a"), jars()).strings(DAY, rows())
        assert told.equals(rows())
        assert left_out.is_empty()
    assert len(judged) == 1
    Judge(Files("b"), jars()).strings(DAY, rows())
    Judge(Files("a"), jars(capacity=50.0)).strings(DAY, rows())
    assert len(judged) == 3


def test_columns_that_nobody_looked_at_are_looked_at(judged):
    narrow = rows().drop("voltage_v")
    for of in (narrow, rows(), narrow):
        Judge(Files("a"), jars()).strings(DAY, of)
    assert len(judged) == 2


def test_a_day_with_a_fault_is_judged_each_time(judged):
    for _ in range(2):
        told, left_out = Judge(Files("a"), jars()).strings(DAY, rows(volts=13.6))  # the mean of its jars
        assert left_out["column"].to_list() == ["voltage_v of the string"]
        assert told["voltage_v"].null_count() == len(AT)
    assert len(judged) == 2


def test_a_law_that_became_red_since_is_seen_on_a_day_found_sound(judged):
    Judge(Files("a"), jars()).strings(DAY, rows())
    red = jars(quarantined=["jar_sum", "jar_sum"])
    told, left_out = Judge(Files("a"), red).strings(DAY, rows())
    assert left_out["code"].to_list() == ["red_law"]
    assert told["current_a"].null_count() == len(AT)
    assert len(judged) == 1
