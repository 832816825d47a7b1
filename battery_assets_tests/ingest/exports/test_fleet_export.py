"""A real export of another fleet system: every table, with counts that were checked by hand."""

import csv
import gzip
import io
import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.exports.landing import landing_files, months_touched
from battery_assets.ingest.exports.tables import read_table, read_table_days
from battery_assets_tests.worlds.readings import NOW, assert_balanced

CONTRACT = SourceContract(timezone="Asia/Bangkok", json_dialect="python-literal-ok")
TABLES = {table.name: table for table in t.TABLES}
ROWS = {
    "location": 9,
    "battery_model": 2,
    "battery_system": 1,
    "string": 1,
    "battery": 24,
    "environmental_sensor": 24,
    "user": 6,
    "telemetry_jar_raw": 69_120,
    "telemetry_string_raw": 2_880,
    "maintenance_event": 42,
    "capacity_test_raw": 1,
    "impedance_measurement_raw": 24,
}


@pytest.fixture(scope="module")
def export(shared_data):
    files, problems = landing_files(shared_data, "fleet_export")
    assert not problems
    return {file.table: file for file in files}


@pytest.fixture(scope="module")
def readings(export):
    return {name: read_table([file], TABLES[name], None, CONTRACT, now=NOW) for name, file in export.items()}


def test_the_export_has_twelve_tables_and_no_environment(export):
    assert export.keys() == ROWS.keys()


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_loaded(readings, name):
    reading = readings[name]
    assert_balanced(reading)
    assert reading.quarantine.height == 0
    assert reading.files.select("rows_read", "rows_loaded").row(0) == (ROWS[name], ROWS[name])


@pytest.mark.parametrize("name", ROWS)
def test_every_value_is_the_one_that_pythons_own_reader_finds(export, readings, name):
    raw = export[name].path.read_bytes()
    text = (gzip.decompress(raw) if export[name].path.suffix == ".gz" else raw).decode()
    rows = list(csv.DictReader(io.StringIO(text)))[:500]
    table = TABLES[name]
    keys = [str(column.name) for column in table.primary_key.columns if column.info["kind"] == "uuid"]
    found = {row[keys[0]]: row for row in readings[name].rows.iter_rows(named=True)} if len(keys) == 1 else {}
    if "ts" in table.c:
        found = {(row["ts"], row[keys[0]]): row for row in readings[name].rows.iter_rows(named=True)}
    for row in rows:
        key = (instant(row["ts"]), row[keys[0]]) if "ts" in table.c else row[keys[0]]
        for column, value in found[key].items():
            assert value == expected(row.get(column, ""), table.c[column].info), (column, row)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) - timedelta(hours=7)


def expected(text: str, info: dict) -> object:
    if text == "":
        return None
    if info["kind"] == "instant":
        return instant(text)
    readers = {
        "decimal": lambda: round(float(text), info["scale"]),
        "integer": lambda: int(text),
        "boolean": lambda: text == "True",
        "date": lambda: date.fromisoformat(text),
        "json": lambda: json.dumps(json.loads(text.replace("UUID(", "").replace(")", "").replace("'", '"'))),
    }
    return readers.get(info["kind"], lambda: text)()


def test_what_a_person_should_know_is_said(readings):
    assert readings["telemetry_jar_raw"].findings == [
        "extra columns ignored: soc_pct, soh_pct (telemetry_jar_raw.csv.gz)",
        "naive timestamps read as Asia/Bangkok (telemetry_jar_raw.csv.gz, 69,120 times)",
    ]
    assert "location_ids: Python literals turned into JSON (user.csv, 6 times)" in readings["user"].findings
    photos = "photo_urls: Python literals turned into JSON (maintenance_event.csv, 4 times)"
    assert photos in readings["maintenance_event"].findings


def test_python_lists_became_json(readings):
    for text in readings["user"].rows["location_ids"]:
        assert set(json.loads(text)) <= set(readings["location"].rows["location_id"])
    photos = [json.loads(text) for text in readings["maintenance_event"].rows["photo_urls"]]
    assert sorted(map(len, photos)) == [0] * 38 + [2] * 4


def test_events_of_a_jar_or_string_carry_no_location_as_the_source_left_it_empty(readings):
    events = readings["maintenance_event"].rows
    assert events["location_id"].null_count() == 6
    assert events.filter(pl.col("location_id").is_null())["event_type"].unique().len() == 3


def test_local_days_are_three_days_in_utc(export):
    files = [export["telemetry_jar_raw"]]
    with read_table_days(files, t.telemetry_jar_raw, "2026-11", CONTRACT, now=NOW) as days:
        heights = {day.isoformat(): frame.height for day, frame in days}
        account = days.account()
    assert_balanced(account)
    assert heights == {"2026-11-17": 24 * 420, "2026-11-18": 24 * 1440, "2026-11-19": 24 * 1020}


def test_everything_timed_belongs_to_november(export):
    for name, file in export.items():
        months = months_touched(file, TABLES[name], CONTRACT)
        assert months == (set() if TABLES[name].info["phase"] == 1 else {"2026-11"})


def test_without_a_zone_the_timed_tables_are_refused(export):
    reading = read_table([export["capacity_test_raw"]], t.capacity_test_raw, None, SourceContract(), now=NOW)
    assert reading.files["reason"][0].startswith("NO_TIMEZONE")


def test_without_the_python_dialect_users_are_bad_json(export):
    contract = SourceContract(timezone="Asia/Bangkok")
    reading = read_table([export["user"]], t.user, None, contract, now=NOW)
    assert_balanced(reading)
    assert reading.files["reason"][0].startswith(
        "TOO_MANY_BAD_ROWS: 6 of 6 rows are bad; mostly BAD_JSON (6)"
    )
    assert reading.quarantine["reason"].to_list() == ["TOO_MANY_BAD_ROWS", *["BAD_JSON"] * 6]
