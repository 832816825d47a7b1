"""Rows of a month: duplicates, versions, months, days, and the findings a person should know."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.exports.landing import months_touched
from battery_assets.ingest.exports.tables import read_table, read_table_days
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds.readings import (
    HEADER,
    JAR,
    JAR_2,
    NOW,
    assert_balanced,
    good,
    said,
    sample,
)

UTC_SOURCE = SourceContract(timezone="UTC")
EVENT_ID = "5d541fab-23a8-41f7-8f59-bff45360b5a"
BANGKOK = SourceContract(timezone="Asia/Bangkok")


def read(files, contract=UTC_SOURCE, month=None, table=t.telemetry_jar_raw):
    reading = read_table(files, table, month, contract, now=NOW)
    assert_balanced(reading)
    return reading


def test_rows_have_the_columns_and_types_of_the_table(land):
    assert read(land({"telemetry_jar_raw.csv": good()})).rows.schema == polars_schema(t.telemetry_jar_raw)


def test_no_files_give_no_rows_and_no_complaint():
    reading = read([])
    assert reading.rows.schema == polars_schema(t.telemetry_jar_raw)
    assert (reading.rows.height, reading.files.height, reading.quarantine.height) == (0, 0, 0)


def test_an_exact_duplicate_is_counted_and_one_is_kept(land):
    reading = read(land({"telemetry_jar_raw.csv": good(5) + sample(3) + sample(3)}))
    assert reading.rows.height == 5
    assert reading.files["rows_exact_duplicate"].to_list() == [2]
    assert reading.quarantine.height == 0


def test_the_same_file_under_another_name_changes_nothing(land):
    reading = read(land({"telemetry_jar_raw_1.csv": good(5), "telemetry_jar_raw_2.csv": good(5)}))
    assert reading.rows.height == 5
    assert reading.files["rows_loaded"].to_list() == [5, 0]
    assert reading.files["rows_exact_duplicate"].to_list() == [0, 5]


def test_a_duplicate_is_one_of_values_not_of_letters(land):
    twin = sample(3, unit=JAR.upper(), voltage="13.5120")
    assert read(land({"telemetry_jar_raw.csv": good(5) + twin})).files["rows_exact_duplicate"][0] == 1


def test_rows_that_contradict_each_other_are_all_quarantined(land):
    reading = read(
        land(
            {"telemetry_jar_raw_1.csv": good(5), "telemetry_jar_raw_2.csv": HEADER + sample(3, voltage="12")}
        )
    )
    assert reading.rows.height == 4
    conflicts = reading.quarantine.select("line", "reason", "raw").rows()
    assert conflicts == [
        (5, "CONFLICTING_DUPLICATE", sample(3).strip()),
        (2, "CONFLICTING_DUPLICATE", sample(3, voltage="12").strip()),
    ]
    assert "telemetry_jar_raw_2.csv line 2, column ts, battery_id: CONFLICTING_DUPLICATE" in said(reading)


SENSOR = "email,user_id,name,role,created_at,updated_at\n"
USER = "a@b.c,baeaac93-1431-420c-91ac-74d7be9c2cc2,{name},admin,2026-01-01T00:00:00Z,{updated}\n"


def test_of_two_versions_of_a_record_the_later_wins(land):
    old = SENSOR + USER.format(name="Old", updated="2026-02-01T00:00:00Z")
    new = SENSOR + USER.format(name="New", updated="2026-03-01T00:00:00Z")
    reading = read(land({"user_1.csv": new, "user_2.csv": old}), table=t.user)
    assert reading.rows["name"].to_list() == ["New"]
    assert reading.files["rows_superseded"].to_list() == [0, 1]


def test_two_versions_of_one_instant_contradict_each_other(land):
    text = (
        SENSOR
        + USER.format(name="A", updated="2026-02-01T00:00Z")
        + USER.format(name="B", updated="2026-02-01T00:00Z")
    )
    reading = read(land({"user.csv": text}), table=t.user)
    assert reading.rows.height == 0
    assert reading.quarantine["reason"].to_list() == ["CONFLICTING_DUPLICATE"] * 2


def test_a_month_is_cut_in_utc_whatever_the_zone_of_the_source(land):
    rows = f"2026-11-01 06:59:59,{JAR},13.5,25,3,300\n2026-11-01 07:00:00,{JAR},13.5,25,3,300\n"
    files = land({"telemetry_jar_raw.csv": HEADER + rows})
    november = read(files, BANGKOK, "2026-11")
    assert november.rows["ts"].to_list() == [datetime(2026, 11, 1, tzinfo=UTC)]
    assert november.files["rows_other_month"].to_list() == [1]
    assert read(files, BANGKOK, "2026-10").rows.height == 1
    assert read(files, BANGKOK, "2026-09").files["rows_other_month"].to_list() == [2]
    assert months_touched(files[0], t.telemetry_jar_raw, BANGKOK) == {"2026-10", "2026-11"}


def test_a_bad_row_is_quarantined_in_its_own_month_only(land):
    bad = f"2026-10-05 00:00:00,{JAR},OVLD,25,3,300\n"
    files = land({"telemetry_jar_raw.csv": good() + bad})
    assert read(files, month="2026-10").quarantine.height == 1
    assert read(files, month="2026-11").quarantine.height == 0


def test_a_row_without_a_readable_month_is_quarantined_in_every_month(land):
    files = land({"telemetry_jar_raw.csv": good() + f"yesterday,{JAR},13.5,25,3,300\n"})
    assert read(files, month="2026-10").quarantine.height == 1
    assert read(files, month="2026-11").quarantine.height == 1


def test_a_file_that_cannot_be_read_touches_every_month(land):
    files = land({"telemetry_jar_raw.csv": good()[:-4], "user.csv": SENSOR})
    assert months_touched(files[0], t.telemetry_jar_raw, UTC_SOURCE) == set()
    assert months_touched(files[1], t.user, UTC_SOURCE) == set()


def test_a_month_that_is_none_is_an_error():
    with pytest.raises(ValueError, match="2026-13"):
        read_table([], t.user, "2026-13", UTC_SOURCE)


def test_columns_may_stand_in_any_order_and_extra_ones_are_reported(land):
    text = "soc_pct,battery_id,ts,voltage_v\n" + f"100,{JAR},2026-11-18 00:00:00,13.5\n"
    reading = read(land({"telemetry_jar_raw.csv": text}))
    assert reading.rows["voltage_v"].to_list() == [13.5]
    assert reading.rows["temperature_c"].to_list() == [None]
    assert "extra columns ignored: soc_pct (telemetry_jar_raw.csv)" in reading.findings
    missing = "missing columns filled with nulls: temperature_c, resistance_mohm, conductance_s"
    assert f"{missing} (telemetry_jar_raw.csv)" in reading.findings


def test_a_contract_can_refuse_extra_columns(land):
    contract = SourceContract(timezone="UTC", extra_columns="refuse")
    reading = read(land({"telemetry_jar_raw.csv": good().replace("ts,", "soc,ts,")}), contract)
    assert "unknown: soc" in reading.files["reason"][0]


def test_a_contract_can_tell_that_a_column_has_another_name(land):
    contract = SourceContract.from_config({"timezone": "UTC", "rename": {"Volt": "voltage_v"}})
    reading = read(land({"telemetry_jar_raw.csv": good().replace("voltage_v", "Volt")}), contract)
    assert reading.rows["voltage_v"].to_list() == [13.512] * 20


def test_digits_beyond_the_column_are_rounded_half_to_even_and_reported(land):
    text = HEADER + sample(1, voltage="13.5125") + sample(2, voltage="13.5135") + sample(3)
    reading = read(land({"telemetry_jar_raw.csv": text}))
    assert reading.rows["voltage_v"].to_list() == [13.512, 13.514, 13.512]
    assert "voltage_v: rounded to 3 decimals (telemetry_jar_raw.csv, 2 times)" in reading.findings


def test_windows_line_ends_marks_blank_lines_comments_and_quotes_are_no_fault(land):
    contract = SourceContract(timezone="UTC", comment="#")
    text = (
        "\ufeff# exported\r\n"
        + good(3).replace("\n", "\r\n\r\n")
        + f'"2026-11-18 00:30:00","{JAR}","","25.2",,\r\n'
    )
    reading = read(land({"telemetry_jar_raw.csv": text}), contract)
    assert reading.rows.height == 4
    assert reading.rows["voltage_v"][3] is None
    assert "blank lines left out (telemetry_jar_raw.csv, 4 times)" in reading.findings
    assert "comment lines left out (telemetry_jar_raw.csv)" in reading.findings


def test_quoted_text_may_hold_separators_quotes_and_line_ends_and_lines_stay_right(land):
    header = "event_id,event_type,status,notes,created_at,updated_at\n"
    row = EVENT_ID + "{n},{kind},completed,{notes},2026-11-11 09:00Z,2026-11-11 09:00Z\n"
    text = header + row.format(n=1, kind="replacement", notes='"one, ""two""\nthree"')
    text += row.format(n=2, kind="nothing", notes="x") + row.format(n=3, kind="corrective", notes='""')
    reading = read(land({"maintenance_event.csv": text}), SourceContract(), table=t.maintenance_event)
    assert reading.rows["notes"].to_list() == ['one, "two"\nthree', None]
    assert reading.quarantine["line"].to_list() == [4]


def test_null_words_and_a_decimal_comma_come_from_the_contract(land):
    contract = SourceContract(timezone="UTC", separator=";", decimal=",", null_words=("OVLD", "-9999"))
    text = HEADER.replace(",", ";") + f"2026-11-18 00:00:00;{JAR};13,512;OVLD;-9999;\n"
    row = read(land({"telemetry_jar_raw.csv": text}), contract).rows.row(0)
    assert row[2:] == (13.512, None, None, None)


def test_a_source_that_promises_order_is_held_to_it(land):
    text = HEADER + sample(1) + sample(1, unit=JAR_2) + sample(3) + sample(2, unit=JAR_2) + sample(2)
    contract = SourceContract(timezone="UTC", unordered=False)
    files = land({"telemetry_jar_raw.csv": text})
    reading = read(files, contract)
    assert reading.quarantine.select("line", "reason").rows() == [(6, "OUT_OF_ORDER")]
    assert read(files).quarantine.height == 0


def test_days_come_in_order_sorted_by_unit_and_time_without_duplicates(land):
    late = f"2026-11-17 23:59:00,{JAR},13.5,25,3,300\n"
    files = land(
        {
            "telemetry_jar_raw/a.csv": HEADER + sample(5) + sample(2, unit=JAR_2) + sample(1) + late,
            "telemetry_jar_raw/b.csv": HEADER + sample(2) + sample(5) + sample(2, unit=JAR_2, voltage="12"),
        }
    )
    with read_table_days(files, t.telemetry_jar_raw, "2026-11", UTC_SOURCE, now=NOW) as days:
        with pytest.raises(RuntimeError, match="iterate to the end"):
            days.account()
        found = list(days)
        account = days.account()
    assert_balanced(account)
    assert [day for day, _ in found] == [date(2026, 11, 17), date(2026, 11, 18)]
    frame = found[1][1]
    assert frame["battery_id"].cast(pl.String).to_list() == [JAR] * 3
    assert frame["ts"].dt.minute().to_list() == [1, 2, 5]
    assert frame.columns == list(polars_schema(t.telemetry_jar_raw))
    assert account.files["rows_loaded"].to_list() == [3, 1]
    assert account.files["rows_exact_duplicate"].to_list() == [0, 1]
    assert account.quarantine["reason"].to_list() == ["CONFLICTING_DUPLICATE"] * 2


def test_days_and_the_whole_table_agree(land, tmp_path):
    text = HEADER + "".join(sample(m, unit=unit) for unit in (JAR, JAR_2) for m in (7, 3, 5)) + "oops\n"
    files = land({"telemetry_jar_raw.csv": text, "telemetry_jar_raw_2.csv": good()[:-3]})
    spool = tmp_path / "spool"
    spool.mkdir()
    days = read_table_days(files, t.telemetry_jar_raw, None, UTC_SOURCE, spool_folder=spool, now=NOW)
    ((_, frame),) = list(days)
    whole = read(files)
    assert frame.with_columns(pl.col("battery_id").cast(pl.String)).equals(whole.rows)
    assert days.account().quarantine.equals(whole.quarantine)
    assert days.account().files.equals(whole.files)
    assert list(spool.iterdir()) == []


def test_days_are_for_tables_of_instant_and_unit():
    with pytest.raises(ValueError, match="user has no key of one instant"):
        read_table_days([], t.user, None, UTC_SOURCE)
