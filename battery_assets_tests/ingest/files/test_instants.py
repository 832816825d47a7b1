"""Times in the forms that exports have."""

from datetime import UTC, datetime

import polars as pl
import pytest

from battery_assets.ingest.files.instants import read_instants, typed_instants

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-18T12:00:00Z",
        "2026-11-18 12:00:00Z",
        "2026-11-18 12:00:00 +00:00",
        "2026-11-18T19:00:00+07:00",
        "2026-11-18T19:00:00+0700",
        "2026-11-18T19:00:00+07",
        "2026-11-18T06:30:00-05:30",
        "2026-11-18 12:00Z",
        "2026-11-18T12:00:00.000000000Z",
        "2026-11-18T12:00:00,0Z",
        "  2026-11-18T12:00:00z ",
    ],
)
def test_a_time_with_an_offset_is_that_instant(text):
    read = read_instants(pl.Series([text, None, text]), "iso", None)
    assert read.values.to_list() == [NOON, None, NOON]
    assert read.kinds == {"offset"}
    assert not any(mask.any() for _, mask in read.faults)


@pytest.mark.parametrize("text", ["2026-11-18 19:00:00", "2026-11-18T19:00", "2026-11-18 19:00:00.000"])
def test_a_naive_time_is_read_in_its_zone(text):
    read = read_instants(pl.Series([text]), "iso", "Asia/Bangkok")
    assert read.values.to_list() == [NOON]
    assert read.kinds == {"naive"}


def test_mixed_shapes_are_read_one_by_one():
    texts = pl.Series(
        ["2026-11-18 12:00:00Z", "2026-11-18T19:00:00.250+07:00", "2026-11-18 12:00:60Z", "noon"]
    )
    read = read_instants(texts, "iso", None)
    assert read.values.to_list() == [NOON, NOON.replace(microsecond=250_000), None, None]
    assert read.faults[0][0] == "BAD_TIME"
    assert read.faults[0][1].to_list() == [False, False, True, True]


def test_mixed_offsets_are_seen():
    read = read_instants(pl.Series(["2026-11-18 12:00:00", "2026-11-18 12:00:00Z"]), "iso", "UTC")
    assert read.kinds == {"naive", "offset"}


@pytest.mark.parametrize(
    ("time_format", "number"),
    [
        ("epoch-s", "1794916800"),
        ("epoch-s", "1794916800.0"),
        ("epoch-ms", "1794916800000"),
        ("epoch-us", "1794916800000000"),
    ],
)
def test_epochs_are_utc(time_format, number):
    read = read_instants(pl.Series([number, "x", "1e300", None]), time_format, None)
    assert read.values.to_list() == [datetime(2026, 11, 17, 12, 0, tzinfo=UTC), None, None, None]
    assert {reason: mask.to_list() for reason, mask in read.faults} == {
        "BAD_TIME": [False, True, False, False],
        "TIME_RANGE": [False, False, True, False],
    }


def test_a_pattern_of_the_contract_decides_between_day_and_month():
    read = read_instants(
        pl.Series(["03/04/2026 12:00:00", "13/13/2026 12:00:00"]), "%d/%m/%Y %H:%M:%S", "UTC"
    )
    assert read.values.to_list() == [datetime(2026, 4, 3, 12, tzinfo=UTC), None]


def test_clock_changes_are_told_apart():
    walls = pl.Series(["2026-03-29 02:30:00", "2026-10-25 02:30:00", "2026-10-25 04:00:00"])
    read = read_instants(walls, "iso", "Europe/Berlin")
    assert read.values.to_list() == [None, None, datetime(2026, 10, 25, 3, tzinfo=UTC)]
    masks = {reason: mask.to_list() for reason, mask in read.faults}
    assert masks["AMBIGUOUS_TIME"] == [False, True, False]
    assert masks["NONEXISTENT_TIME"] == [True, False, False]


def test_typed_columns_keep_their_zone_and_lose_their_nanoseconds():
    typed = pl.Series([NOON]).dt.convert_time_zone("Asia/Bangkok").cast(pl.Datetime("ns", "Asia/Bangkok"))
    read = typed_instants(typed, None)
    assert read.values.to_list() == [NOON]
    assert read.values.dtype == pl.Datetime("us", "UTC")
