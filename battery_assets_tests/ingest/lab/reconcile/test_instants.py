"""The cycler's clock: read quickly, and never otherwise than text by text."""

from collections import Counter
from datetime import datetime

import polars as pl
import pytest

from battery_assets.ingest.lab.dialects.maccor import MACCOR
from battery_assets.ingest.lab.dialects.neware import NEWARE
from battery_assets.ingest.lab.reconcile.instants import wall_clock
from battery_assets.ingest.lab.reconcile.values import _clock_seconds

NOON = datetime(2023, 11, 24, 12, 0, 0)


@pytest.mark.parametrize(
    ("dialect", "texts", "expected"),
    [
        (
            MACCOR,
            ["23-Nov-23 3:56:11 PM", "24-Nov-23 12:00:00 AM"],
            ["2023-11-23 15:56:11", "2023-11-24 00:00:00"],
        ),
        (
            MACCOR,
            ["23-Nov-23 03:56:11 PM", None, "24-Nov-23  12:00:00 PM"],
            ["2023-11-23 15:56:11", None, NOON],
        ),
        (MACCOR, ["11/23/2023 3:56:11 PM", "11/24/2023 12:00:00 PM"], ["2023-11-23 15:56:11", NOON]),
        (MACCOR, ["23-Nov-23 3:56:11 pm", "24-Nov-23 12:00:00PM"], ["2023-11-23 15:56:11", NOON]),
        (NEWARE, ["2023-11-24 12:00:00.25", "2023-11-24 12:00:00"], ["2023-11-24 12:00:00.250000", NOON]),
        (NEWARE, ["2023-11-24 12:00:00", "2023-11-24 12:00:00"], [NOON, NOON]),
    ],
)
def test_every_text_becomes_its_instant(dialect, texts, expected):
    found = wall_clock(pl.Series(texts), dialect, Counter())["wall_clock"]
    wanted = [datetime.fromisoformat(one) if isinstance(one, str) else one for one in expected]
    assert found.to_list() == wanted


@pytest.mark.parametrize("broken", ["23-Nov-23 25:56:11 PM", "31-Nov-23 3:56:11 PM", "23-Nov-23", "soon"])
def test_one_text_that_is_no_instant_leaves_the_clock_out_and_is_told(broken):
    notes: Counter = Counter()
    assert wall_clock(pl.Series(["23-Nov-23 3:56:11 PM", broken]), MACCOR, notes) == {}
    assert "the wall clock is left out" in next(iter(notes))


def test_an_hour_that_a_half_of_a_day_does_not_have_leaves_the_clock_out():
    for hour in ("13", "00"):
        assert not wall_clock(
            pl.Series(["23-Nov-23 03:56:11 PM", f"23-Nov-23 {hour}:56:11 PM"]), MACCOR, Counter()
        )


def test_times_of_days_hours_minutes_and_seconds_are_seconds_and_all_else_is_null():
    told = {
        "  2d 02:52:51.57": 2 * 86_400 + 2 * 3_600 + 52 * 60 + 51.57,
        "144:02:18": 144 * 3_600 + 2 * 60 + 18,
        "1-02:03:04": 86_400 + 2 * 3_600 + 3 * 60 + 4,
        "00:06:30.000": 390.0,
        "00:06:31.000": 391.0,
        "00:06:.5": None,
        "00:06:5.": None,
        "00:06:1.2.3": None,
        "00:06:": None,
        "00:06:3e1": None,
        "06:30": None,
        "00:006:30": None,
        "-1:06:30": None,
        "": None,
    }
    assert _clock_seconds(pl.Series(list(told))).to_list() == list(told.values())
    assert _clock_seconds(pl.Series([None, "0:00:01"], dtype=pl.String)).to_list() == [None, 1.0]


def test_a_row_without_a_date_stays_so_in_both_orders_of_day_and_month():
    texts = ["03/04/2024 22:00:00", None, "03/05/2024 01:00:00"]
    read = wall_clock(pl.Series("clock", texts), MACCOR, Counter())
    assert read["wall_clock"].to_list() == [datetime(2024, 3, 4, 22), None, datetime(2024, 3, 5, 1)]
    assert read["other_clock"].to_list() == [datetime(2024, 4, 3, 22), None, datetime(2024, 5, 3, 1)]
