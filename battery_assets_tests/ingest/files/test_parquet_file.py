"""Parquet exports: typed columns, damaged files, and a reader that may die."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from battery_assets import tables as t
from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.exports.landing import landing_files, months_touched
from battery_assets.ingest.exports.tables import read_table
from battery_assets.ingest.files import parquet_file
from battery_assets.ingest.files.far_instants import clipped, tellable
from battery_assets_tests.worlds.readings import JAR, NOW, assert_balanced, good, said

START = datetime(2026, 11, 18, tzinfo=UTC)
ROWS = 50


def frame(**changes) -> pl.DataFrame:
    columns = {
        "ts": pl.Series([START + timedelta(minutes=i) for i in range(ROWS)], dtype=pl.Datetime("us", "UTC")),
        "battery_id": pl.Series([JAR] * ROWS),
        "voltage_v": pl.Series(np.linspace(13.4, 13.6, ROWS)),
        "temperature_c": pl.Series([25.0] * ROWS),
    }
    return pl.DataFrame({**columns, **changes})


@pytest.fixture
def parquet(tmp_path):
    path = tmp_path / "bkk" / "telemetry_jar_raw.parquet"
    path.parent.mkdir()
    return path


def read(path, contract=SourceContract()):  # noqa: B008  a frozen dataclass
    files, _ = landing_files(path.parent.parent, "bkk")
    reading = read_table(files, t.telemetry_jar_raw, None, contract, now=NOW)
    assert_balanced(reading)
    return reading


def refusal(path, contract=SourceContract()) -> str:  # noqa: B008
    reading = read(path, contract)
    assert reading.rows.height == 0
    assert "telemetry_jar_raw.parquet" in said(reading)
    return reading.files["reason"][0]


def test_typed_columns_are_read_as_they_are(parquet):
    frame().write_parquet(parquet)
    reading = read(parquet)
    assert reading.rows.height == ROWS
    assert reading.rows["voltage_v"][0] == 13.4
    files, _ = landing_files(parquet.parent.parent, "bkk")
    assert months_touched(files[0], t.telemetry_jar_raw, SourceContract()) == {"2026-11"}


def test_texts_may_be_dictionaries_and_numbers_of_any_width(parquet):
    frame(
        battery_id=pl.Series([JAR.upper()] * ROWS, dtype=pl.Categorical),
        voltage_v=pl.Series([13.5] * ROWS, dtype=pl.Float32),
        temperature_c=pl.Series([25] * ROWS, dtype=pl.Int16),
        conductance_s=pl.Series([None] * ROWS, dtype=pl.Null),
    ).write_parquet(parquet)
    reading = read(parquet)
    assert reading.rows.row(0)[1:] == (JAR, 13.5, 25.0, None, None)


def test_bad_values_are_quarantined_with_the_number_of_their_row(parquet):
    voltage = np.full(ROWS, 13.5)
    voltage[[4, 9]] = [np.nan, -50.0]
    frame(voltage_v=pl.Series(voltage)).write_parquet(parquet)
    reading = read(parquet)
    assert reading.quarantine.select("line", "column", "reason").rows() == [
        (5, "voltage_v", "NON_FINITE"),
        (10, "voltage_v", "OUT_OF_RANGE"),
    ]
    assert JAR in reading.quarantine["raw"][0]


@pytest.mark.parametrize("unit", ["ms", "us"])
@pytest.mark.parametrize("number", [2**62, -(2**62), 2**63 - 1, -(2**63) + 1])
def test_an_instant_that_no_calendar_has_is_quarantined_as_its_number(parquet, number, unit):
    since_1970 = pl.Series([START + timedelta(minutes=i) for i in range(ROWS)]).dt.epoch(unit)
    ts = since_1970.scatter(7, number).cast(pl.Datetime(unit, "UTC"))
    frame(ts=ts).write_parquet(parquet)
    reading = read(parquet)
    assert reading.rows.height == ROWS - 1
    [row] = reading.quarantine.to_dicts()
    assert (row["line"], row["reason"]) == (8, "TIME_RANGE")
    assert row["value"] == f"{number} {unit} since 1970"
    assert str(number) in row["raw"]


def test_a_naive_instant_beyond_the_calendar_is_out_of_range_too(parquet):
    ts = frame()["ts"].dt.replace_time_zone(None).to_physical().scatter(7, 2**63 - 1).cast(pl.Datetime("us"))
    frame(ts=ts).write_parquet(parquet)
    reading = read(parquet, SourceContract(timezone="Asia/Bangkok"))
    assert reading.rows.height == ROWS - 1
    assert reading.quarantine["reason"].to_list() == ["TIME_RANGE"]


@pytest.mark.parametrize("number", [2**31 - 1, -(2**31) + 1])
def test_a_date_beyond_the_calendar_is_out_of_range(number):
    dates = pl.Series("installed_date", [0, number, None], dtype=pl.Int32).cast(pl.Date)
    assert clipped(dates).dt.year().to_list()[0] == 1970
    assert clipped(dates)[1].year in (2, 9998, 9999)
    assert tellable(dates).to_list() == ["1970-01-01", f"{number} days since 1970", None]


def test_naive_times_need_a_zone_here_too(parquet):
    frame(ts=frame()["ts"].dt.replace_time_zone(None)).write_parquet(parquet)
    assert refusal(parquet).startswith("NO_TIMEZONE: ts has no offset")
    assert read(parquet, SourceContract(timezone="Asia/Bangkok")).rows["ts"][0] == START - timedelta(hours=7)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"voltage_v": pl.Series(["13.5"] * ROWS)}, "voltage_v is text, expected decimal"),
        ({"ts": pl.Series(["2026-11-18T00:00:00Z"] * ROWS)}, "ts is text, expected instant"),
        ({"ts": pl.Series(range(ROWS))}, "ts is Int64, expected instant"),
        ({"battery_id": pl.Series(range(ROWS))}, "battery_id is Int64, expected uuid"),
        ({"voltage_v": pl.Series([[13.5]] * ROWS)}, "voltage_v is"),
        ({"temperature_c": pl.Series([True] * ROWS)}, "temperature_c is Boolean, expected decimal"),
    ],
)
def test_type_drift_is_refused_with_what_was_expected(parquet, change, words):
    frame(**change).write_parquet(parquet)
    assert refusal(parquet).startswith("SCHEMA_DIFF: ")
    assert words in refusal(parquet)


def test_lists_become_json_in_columns_of_documents(tmp_path):
    path = tmp_path / "bkk" / "user.parquet"
    path.parent.mkdir()
    frame = pl.DataFrame({"user_id": [JAR], "email": ["a@b.c"], "name": ["A"], "role": ["admin"]})
    times = [pl.lit(START).alias(name) for name in ("created_at", "updated_at")]
    frame.with_columns(pl.Series("location_ids", [[JAR, None]]), *times).write_parquet(path)
    reading = read_table(landing_files(tmp_path, "bkk")[0], t.user, None, SourceContract(), now=NOW)
    assert reading.rows["location_ids"].to_list() == [f'["{JAR}", null]']


@pytest.mark.parametrize("number", [2**62, 2**63 - 1])
def test_a_nested_instant_beyond_the_calendar_is_a_refusal(number):
    nested = pl.Series("photos", [[number]]).cast(pl.List(pl.Datetime("us", "UTC")))
    with pytest.raises(parquet_file.FileRefused, match="photos holds an instant beyond the calendar"):
        parquet_file._as_documents(nested)


def test_a_missing_key_column_is_refused_with_the_difference(parquet):
    frame().drop("ts").write_parquet(parquet)
    assert refusal(parquet).startswith("HEADER_MISMATCH: missing: ts")


def test_no_rows_no_bytes_no_footer_and_no_parquet_are_told_apart(parquet):
    frame().head(0).write_parquet(parquet)
    assert refusal(parquet).startswith("NO_ROWS")
    parquet.write_bytes(b"")
    assert refusal(parquet).startswith("EMPTY_FILE")
    frame().write_parquet(parquet)
    whole = parquet.read_bytes()
    parquet.write_bytes(whole[:-100])
    assert refusal(parquet).startswith("CORRUPT: ends with")
    parquet.write_bytes(whole[: len(whole) // 2] + b"PAR1")
    assert refusal(parquet).startswith("CORRUPT")
    parquet.write_text(good())
    assert refusal(parquet).startswith("TYPE_MISMATCH: named .parquet")


def test_a_flipped_bit_is_found_where_the_file_has_page_checksums(parquet):
    table = pa.table({"ts": frame()["ts"].to_arrow(), "battery_id": [JAR] * ROWS, "voltage_v": [13.5] * ROWS})
    pq.write_table(
        table,
        parquet,
        write_page_checksum=True,
        compression="none",
        use_dictionary=False,
        write_statistics=False,
    )
    data = bytearray(parquet.read_bytes())
    place = data.index(np.float64(13.5).tobytes()) + 2
    data[place] ^= 1
    parquet.write_bytes(data)
    assert refusal(parquet).startswith("CORRUPT: ")


def test_a_bomb_is_refused_from_its_footer_alone(parquet):
    rows = 20_000_000
    same = pa.chunked_array([pa.array(np.full(1_000_000, 13.5))] * (rows // 1_000_000))
    pq.write_table(pa.table({"voltage_v": same}), parquet)
    assert refusal(parquet).startswith("TOO_LARGE: the footer promises 20,000,000 rows")


def test_a_reader_that_dies_is_a_refusal_and_this_process_lives(parquet, tmp_path, monkeypatch):
    frame().write_parquet(parquet)
    child = tmp_path / "child.py"
    child.write_text("import os; os.abort()")
    monkeypatch.setattr(parquet_file, "_CHILD", child)
    assert refusal(parquet).startswith("READER_CRASH: the reader died of SIGABRT")
    child.write_text("raise SystemExit('no such codec')")
    assert refusal(parquet).startswith("READER_CRASH: exit status 1: no such codec")


def test_a_reader_that_wants_too_much_memory_is_stopped(parquet, monkeypatch):
    frame().write_parquet(parquet)
    monkeypatch.setattr(parquet_file, "MEMORY_BYTES", 200 << 20)
    assert refusal(parquet).split(":")[0] in ("TOO_LARGE", "READER_CRASH", "CORRUPT")


def test_a_text_that_unpacks_to_gigabytes_is_refused_before_it_is_written_out(parquet):
    rows = 20_000
    bomb = pa.table(
        {"ts": [START] * rows, "battery_id": pa.array(["x" * 20_000] * rows), "voltage_v": [13.5] * rows}
    )
    pq.write_table(bomb, parquet, use_dictionary=True)
    assert parquet.stat().st_size < 200_000
    assert refusal(parquet).startswith("TOO_LARGE: its texts unpack to 400,000,000 bytes")


def test_texts_that_repeat_honestly_are_read_as_they_are(parquet):
    at = [START + timedelta(seconds=n) for n in range(5_000)]
    same = pa.table({"ts": at, "battery_id": [JAR] * 5_000, "voltage_v": [13.5] * 5_000})
    pq.write_table(same, parquet, use_dictionary=True)
    assert read(parquet).rows["battery_id"].unique().to_list() == [JAR]


@pytest.mark.parametrize("zone", ["+07:00", "Asia/Bangkok", "^TC"])
def test_an_instant_is_one_whatever_its_zone_is_called(parquet, zone):
    ts = (
        pa.array(frame()["ts"].to_list(), pa.timestamp("us", "UTC"))
        .view(pa.int64())
        .view(pa.timestamp("us", zone))
    )
    pq.write_table(pa.table({"ts": ts, "battery_id": [JAR] * ROWS, "voltage_v": [13.5] * ROWS}), parquet)
    assert read(parquet).rows["ts"][0] == START
