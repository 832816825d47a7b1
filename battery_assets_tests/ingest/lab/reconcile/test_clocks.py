"""Instants: offsets in the cells, hours that happened twice, the order of day and month, clocks without a zone."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.reconcile.local_time import in_utc
from battery_assets_tests.worlds.lab_files.made_files import LAYOUTS, TRUTH, made, rows_of, written

CLOCKS = {
    "arbin": "Date_Time",
    "maccor": "DPt Time",
    "neware": "Date",
    "novonix": "Date and Time",
    "pec": "Real Time",
    "landt": "date_time_iso_string",
}


def with_clock(name: str, shown, folder, last: int = TRUTH.height):
    """The made file of a dialect whose clock is `shown` of the seconds since the test began."""
    rows = rows_of(name)[: last + 1]
    place = rows[0].index(CLOCKS[name])
    for row, seconds in zip(rows[1:], TRUTH["time"], strict=False):
        row[place] = shown(timedelta(seconds=seconds))
    return written(folder, made(name, rows))


@pytest.mark.parametrize("zone", [None, "Europe/Oslo", "Asia/Bangkok"])
def test_an_offset_in_the_cells_stands_above_every_contract(shared_data, zone):
    one = read(shared_data / "cases_files/iso_offsets.bdf.csv", LabContract(timezone=zone))
    assert one.points["ts"][0] == datetime(2024, 3, 31, 0, 30, tzinfo=UTC)
    assert one.points["ts"][-1] == datetime(2024, 3, 31, 1, 29, tzinfo=UTC)
    assert one.points["wall_clock"][0] == datetime(2024, 3, 31, 1, 30)
    assert not any("stood still" in finding for finding in one.findings)


@pytest.mark.parametrize("name", CLOCKS)
@pytest.mark.parametrize(("suffix", "east_h"), [("Z", 0), ("-07:00", -7), ("+0530", 5.5), (" +02", 2)])
def test_an_offset_is_read_in_every_dialect(name, suffix, east_h, tmp_path):
    path = with_clock(
        name, lambda passed: f"{datetime(2024, 7, 20) + passed:%Y-%m-%dT%H:%M:%S}{suffix}", tmp_path
    )
    one = read(path, LabContract(timezone="Asia/Bangkok"))
    assert one.points["ts"][0] == datetime(2024, 7, 20, 0, 1, tzinfo=UTC) - timedelta(hours=east_h)
    assert one.points["ts"].null_count() == 0


def test_a_cell_without_an_offset_among_others_has_no_instant(tmp_path):
    def shown(passed):
        return f"{datetime(2024, 7, 20) + passed:%Y-%m-%dT%H:%M:%S}" + ("" if passed.seconds == 600 else "Z")

    one = read(with_clock("landt", shown, tmp_path))
    assert one.points["ts"].null_count() == 1
    assert any("without an offset among others" in finding for finding in one.findings)


def test_the_test_time_tells_the_second_of_two_hours(shared_data):
    one = read(shared_data / "cases_files/autumn_hourly.bdf.csv", LabContract(timezone="Europe/Oslo"))
    first = datetime(2023, 10, 28, 21, 30, tzinfo=UTC)
    assert one.points["ts"].to_list() == [first + timedelta(hours=hour) for hour in range(8)]


@pytest.mark.parametrize("every_s", [60, 600, 1_800, 3_600, 7_200])
@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe"])
def test_local_clocks_become_the_instants_they_were(every_s, zone):
    begun = {"America/New_York": datetime(2024, 11, 2, 20), "Australia/Lord_Howe": datetime(2024, 4, 6, 5)}[
        zone
    ]
    truth = [begun.replace(tzinfo=UTC) + timedelta(seconds=every_s * k) for k in range(86_400 // every_s)]
    local = pl.Series(truth).dt.convert_time_zone(zone).dt.replace_time_zone(None).cast(pl.Datetime("us"))
    found = in_utc(local, zone, np.arange(len(truth)) * float(every_s))
    assert found.to_list() == truth


def test_a_pause_in_the_doubtful_hour_is_told_by_the_clocks_jump():
    clock = [datetime(2023, 10, 29, 2, 50), datetime(2023, 10, 29, 2, 10), datetime(2023, 10, 29, 2, 20)]
    found = in_utc(pl.Series(clock), "Europe/Oslo", np.array([0.0, 1.0, 601.0]))
    assert [at.hour for at in found] == [0, 1, 1]


def test_an_hour_of_which_nothing_tells_which_it_was_has_no_instant():
    notes: Counter = Counter()
    clock = pl.Series([datetime(2023, 10, 29, 2, 10), datetime(2023, 10, 29, 2, 20)])
    assert in_utc(clock, "Europe/Oslo", np.array([0.0, 600.0]), notes).to_list() == [None, None]
    assert "happened twice in Europe/Oslo" in next(iter(notes))


def test_day_first_is_proven_by_the_test_time(shared_data):
    one = read(shared_data / "cases_files/arbin_day_first.csv")
    assert one.points["wall_clock"][0] == datetime(2023, 4, 3, 22, 0)
    assert one.points["wall_clock"][-1] == datetime(2023, 4, 4, 2, 0)
    assert not any("stood still" in finding for finding in one.findings)


@pytest.mark.parametrize("name", ["arbin", "maccor", "neware", "novonix", "pec", "landt"])
@pytest.mark.parametrize(
    "pattern", ["%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d-%m-%Y %H:%M:%S"]
)
@pytest.mark.parametrize(
    "begun", [datetime(2024, 4, 3, 22, 30), datetime(2024, 1, 31, 23), datetime(2024, 12, 12, 22)]
)
def test_either_order_is_read_where_the_rows_prove_it(name, pattern, begun, tmp_path):
    one = read(with_clock(name, lambda passed: (begun + passed).strftime(pattern), tmp_path))
    assert one.points["wall_clock"][0] == begun + timedelta(minutes=1)
    assert one.points["wall_clock"][-1] == begun + timedelta(seconds=TRUTH["time"][-1])
    assert not any("not proven" in finding for finding in one.findings)


def test_the_order_that_is_proven_moves_the_instants_too(tmp_path):
    begun = datetime(2024, 4, 3, 22, 30)
    one = read(with_clock("arbin", lambda passed: f"{begun + passed:%d/%m/%Y %H:%M:%S}+02:00", tmp_path))
    assert one.points["ts"][0] == datetime(2024, 4, 3, 20, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("order", "month"), [(None, 3), ("month first", 3), ("day first", 4)], ids=["habit", "month", "day"]
)
def test_an_order_that_no_row_proves_is_declared_or_told(order, month, tmp_path):
    begun = datetime(2024, 3, 4, 8)
    path = with_clock("arbin", lambda passed: f"{begun + passed:%m/%d/%Y %H:%M:%S}", tmp_path, last=60)
    one = read(path, LabContract(date_order=order))
    assert one.points["wall_clock"][0].month == month
    told = any("declare it: --date-order 'month first' or 'day first'" in finding for finding in one.findings)
    assert told == (order is None)


def test_a_declared_order_that_does_not_fit_leaves_the_clock_out(tmp_path):
    path = with_clock(
        "arbin", lambda passed: f"{datetime(2024, 3, 31, 8) + passed:%m/%d/%Y %H:%M:%S}", tmp_path
    )
    one = read(path, LabContract(date_order="day first"))
    assert one.points["wall_clock"].null_count() == TRUTH.height
    assert any("the wall clock is left out" in finding for finding in one.findings)


def test_every_dialect_with_a_clock_is_tried():
    assert set(CLOCKS) < set(LAYOUTS)


def test_epoch_milliseconds_are_told_by_the_heading(tmp_path):
    rows = rows_of("battery data format")
    place = rows[0].index("Unix Time / s")
    rows[0][place] = "Unix Time / ms"
    for row in rows[1:]:
        row[place] = f"{1e3 * float(row[place]):.0f}"
    one = read(written(tmp_path, made("battery data format", rows)))
    assert one.points["ts"][0].isoformat() == "2026-03-02T08:31:00+00:00"


@pytest.mark.parametrize(
    ("words", "zone", "begun"),
    [
        ("2026-03-02T08:30:00+02:00", "Asia/Bangkok", datetime(2026, 3, 2, 6, 30, tzinfo=UTC)),
        ("02.03.2026 08:30:00", "Asia/Bangkok", datetime(2026, 3, 2, 1, 30, tzinfo=UTC)),
        ("2026-03-02T08:30:00Z", None, datetime(2026, 3, 2, 8, 30, tzinfo=UTC)),
        ("02.03.2026 08:30:00", None, None),
    ],
)
def test_a_start_that_names_its_offset_needs_no_zone(words, zone, begun, tmp_path):
    content = made("basytec").replace(b"02.03.2026 08:30:00", words.encode())
    one = read(written(tmp_path, content), LabContract(timezone=zone))
    first = one.points["ts"][0]
    assert first == (None if begun is None else begun + timedelta(minutes=1))
