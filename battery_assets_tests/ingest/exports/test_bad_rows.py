"""Each bad row goes to quarantine with its reason, its line and its text, and the good rows are kept."""

import pytest

from battery_assets import tables as t
from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.exports.tables import read_table
from battery_assets_tests.worlds.readings import HEADER, JAR, NOW, assert_balanced, good, said, sample

UTC_SOURCE = SourceContract(timezone="UTC")
BERLIN = SourceContract(timezone="Europe/Berlin")
EPOCH = SourceContract(time_format="epoch-s")
GOOD_ROWS = 20

TELEMETRY_CASES = {
    "a row too short": (f"2026-11-18 01:00:00,{JAR},13.5\n", "FIELD_COUNT", None),
    "a row too long": (f"2026-11-18 01:00:00,{JAR},13.5,25,3,300,1\n", "FIELD_COUNT", None),
    "a meter's overload word": (sample(30, voltage="OVLD"), "NOT_A_NUMBER", "voltage_v"),
    "dashes for a value": (sample(30, voltage="---"), "NOT_A_NUMBER", "voltage_v"),
    "a number in hexadecimal": (sample(30, voltage="0x10"), "NOT_A_NUMBER", "voltage_v"),
    "a comma for a thousand": (sample(30, voltage='"1,234"'), "NOT_A_NUMBER", "voltage_v"),
    "a decimal comma in quotes": (sample(30, voltage='"13,5"'), "NOT_A_NUMBER", "voltage_v"),
    "not a number, literally": (sample(30, voltage="NaN"), "NON_FINITE", "voltage_v"),
    "infinity": (sample(30, voltage="-inf"), "NON_FINITE", "voltage_v"),
    "the infinity of old C": (sample(30, voltage="-1.#IND"), "NON_FINITE", "voltage_v"),
    "a number beyond doubles": (sample(30, voltage="1e400"), "NON_FINITE", "voltage_v"),
    "a number beyond the column": (sample(30, voltage="100.0"), "OUT_OF_TYPE", "voltage_v"),
    "a voltage physics forbids": (sample(30, voltage="-0.5"), "OUT_OF_RANGE", "voltage_v"),
    "a jar hotter than it can be": (sample(30, rest="101.0,3.0,300"), "OUT_OF_RANGE", "temperature_c"),
    "an empty time": (f",{JAR},13.5,25.2,3.0,300\n", "NULL_KEY", "ts"),
    "an empty unit": ("2026-11-18 01:00:00,,13.5,25.2,3.0,300\n", "NULL_KEY", "battery_id"),
    "a unit that is no UUID": (sample(30, unit="J01"), "BAD_UUID", "battery_id"),
    "a UUID cut by one digit": (sample(30, unit=JAR[:-1]), "BAD_UUID", "battery_id"),
    "a NUL byte": (sample(30, voltage="13\0.5"), "CONTROL_BYTES", None),
    "an escape byte": (sample(30, voltage="\x1b13.5"), "CONTROL_BYTES", None),
    "a lone carriage return": (sample(30, voltage="13\r.5"), "CONTROL_BYTES", None),
    "a date that is none": (f"2026-02-30 00:00:00,{JAR},13.5,25,3,300\n", "BAD_TIME", "ts"),
    "the hour 24": (f"2026-11-18 24:00:00,{JAR},13.5,25,3,300\n", "BAD_TIME", "ts"),
    "the second 60": (f"2026-11-18 23:59:60,{JAR},13.5,25,3,300\n", "BAD_TIME", "ts"),
    "day and month guessed": (f"18/11/2026 00:30,{JAR},13.5,25,3,300\n", "BAD_TIME", "ts"),
    "a date without a time": (f"2026-11-18,{JAR},13.5,25,3,300\n", "BAD_TIME", "ts"),
    "epoch seconds among dates": (f"1763424000,{JAR},13.5,25,3,300\n", "BAD_TIME", "ts"),
    "before the year 2000": (f"1970-01-01 00:00:00,{JAR},13.5,25,3,300\n", "TIME_RANGE", "ts"),
    "after the year 2100": (f"2199-01-01 00:00:00,{JAR},13.5,25,3,300\n", "TIME_RANGE", "ts"),
    "two hours in the future": (f"2026-11-20 14:00:00,{JAR},13.5,25,3,300\n", "TIME_RANGE", "ts"),
}


@pytest.mark.parametrize(("row", "reason", "column"), TELEMETRY_CASES.values(), ids=TELEMETRY_CASES.keys())
def test_a_bad_row_is_quarantined_and_named(land, row, reason, column):
    files = land({"telemetry_jar_raw.csv": good(GOOD_ROWS) + row + sample(50)})
    reading = read_table(files, t.telemetry_jar_raw, None, UTC_SOURCE, now=NOW)
    assert_balanced(reading)
    assert reading.rows.height == GOOD_ROWS + 1
    (bad,) = reading.quarantine.iter_rows(named=True)
    assert (bad["reason"], bad["column"], bad["line"]) == (reason, column, GOOD_ROWS + 2)
    assert bad["raw"] == row.rstrip("\n")
    assert "telemetry_jar_raw.csv line 22" in said(reading)
    assert reason in said(reading)


def test_bytes_that_are_not_utf8_cost_their_row_only(land):
    row = sample(30, unit="\u00b0").encode("latin-1")
    files = land({"telemetry_jar_raw.csv": good().encode() + row + sample(50).encode()})
    reading = read_table(files, t.telemetry_jar_raw, None, UTC_SOURCE, now=NOW)
    assert_balanced(reading)
    assert reading.quarantine["reason"].to_list() == ["ENCODING"]
    assert "\\xb0" in reading.quarantine["raw"][0]
    assert "line 22" in said(reading)


@pytest.mark.parametrize(
    ("wall", "reason"),
    [("2026-10-25 02:30:00", "AMBIGUOUS_TIME"), ("2026-03-29 02:30:00", "NONEXISTENT_TIME")],
)
def test_a_wall_time_of_a_clock_change_is_quarantined(land, wall, reason):
    files = land({"telemetry_jar_raw.csv": good() + f"{wall},{JAR},13.5,25,3,300\n"})
    reading = read_table(files, t.telemetry_jar_raw, None, BERLIN, now=NOW)
    assert_balanced(reading)
    assert reading.quarantine["reason"].to_list() == [reason]
    assert wall in said(reading)


def test_milliseconds_read_as_seconds_refuse_the_file(land):
    rows = "".join(f"{1763424000000 + 60000 * i},{JAR},13.5,25,3,300\n" for i in range(30))
    reading = read_table(
        land({"telemetry_jar_raw.csv": HEADER + rows}), t.telemetry_jar_raw, None, EPOCH, now=NOW
    )
    assert_balanced(reading)
    assert reading.files["rows_quarantined"].to_list() == [30]
    assert reading.files["reason"][0].startswith("TIME_RANGE: 30 of 30 times are impossible")


MAINTENANCE = "event_id,location_id,event_type,status,notes,photo_urls,created_at,updated_at\n"
EVENT = (
    "5d541fab-23a8-41f7-8f59-bff45360b5a{n},,{kind},completed,{notes},{photos},{made},2026-11-18 10:00:00Z\n"
)


def event(n=1, kind="replacement", notes="done", photos="[]", made="2026-11-11 09:00:00Z") -> str:
    return EVENT.format(n=n, kind=kind, notes=notes, photos=photos, made=made)


EVENT_CASES = {
    "a word outside the list": (event(2, kind="explosion"), "NOT_IN_ENUM", "event_type", "'explosion'"),
    "the right word misspelt": (event(2, kind="Replacment"), "NOT_IN_ENUM", "event_type", "'Replacment'"),
    "an empty required word": (event(2, kind=""), "NULL_REQUIRED", "event_type", ""),
    "an empty required time": (event(2, made=""), "NULL_REQUIRED", "created_at", ""),
    "text where JSON belongs": (event(2, photos="front.jpg"), "BAD_JSON", "photo_urls", "front.jpg"),
    "JSON with a key twice": (event(2, photos='"{""a"":1,""a"":2}"'), "BAD_JSON", "photo_urls", ""),
    "JSON with NaN": (event(2, photos="[NaN]"), "BAD_JSON", "photo_urls", "NaN"),
    "JSON that PostgreSQL cannot keep": (event(2, photos='"[""\\u0000""]"'), "BAD_JSON", "photo_urls", ""),
    "Python where the contract says JSON": (event(2, photos="['a']"), "BAD_JSON", "photo_urls", "['a']"),
}


@pytest.mark.parametrize(("row", "reason", "column", "value"), EVENT_CASES.values(), ids=EVENT_CASES.keys())
def test_a_bad_event_is_quarantined_and_named(land, row, reason, column, value):
    files = land({"maintenance_event.csv": MAINTENANCE + event(1) + row + event(3)})
    reading = read_table(files, t.maintenance_event, None, SourceContract(), now=NOW)
    assert_balanced(reading)
    assert reading.rows.height == 2
    (bad,) = reading.quarantine.iter_rows(named=True)
    assert (bad["reason"], bad["column"], bad["line"]) == (reason, column, 3)
    assert f"maintenance_event.csv line 3, column {column}: {reason}" in said(reading)
    assert value in said(reading)


def test_python_text_is_never_run(land):
    contract = SourceContract(json_dialect="python-literal-ok")
    evil = event(2, photos="\"[__import__('os').system('true')]\"")
    files = land({"maintenance_event.csv": MAINTENANCE + event(1, photos="['a']") + evil + event(3)})
    reading = read_table(files, t.maintenance_event, None, contract, now=NOW)
    assert reading.quarantine["reason"].to_list() == ["BAD_JSON"]
    assert reading.rows["photo_urls"].to_list() == ['["a"]', "[]"]


@pytest.mark.parametrize(
    ("number", "reason"), [("2147483648", "OUT_OF_TYPE"), ("1.5", "OUT_OF_TYPE"), ("four", "NOT_A_NUMBER")]
)
def test_a_bad_whole_number_is_quarantined(land, number, reason):
    header = (
        "string_id,system_id,string_code,string_position,batteries_count,is_active,created_at,updated_at\n"
    )
    row = "449d2ec8-397c-4150-a671-c7158929443{n},,S{n},{count},24,True,2026-01-01T00:00Z,2026-01-01T00:00Z\n"
    text = header + row.format(n=1, count=1) + row.format(n=2, count=number) + row.format(n=3, count="3.0")
    reading = read_table(land({"string.csv": text}), t.string, None, SourceContract(), now=NOW)
    assert_balanced(reading)
    assert reading.quarantine["reason"].to_list() == [reason]
    assert reading.rows["string_position"].to_list() == [1, 3]


def test_bad_flags_dates_and_long_texts_are_quarantined(land):
    header = "battery_id,battery_code,position_in_string,manufacture_date,status,created_at,updated_at\n"
    row = (
        "449d2ec8-397c-4150-a671-c7158929443{n},{code},1,{date},active,2026-01-01T00:00Z,2026-01-01T00:00Z\n"
    )
    text = header + row.format(n=1, code="A", date="2018-03-15") + row.format(n=2, code="B" * 41, date="")
    text += row.format(n=3, code="C", date="15.03.2018") + row.format(
        n=4, code="D", date="2018-03-15 00:00:00"
    )
    text += row.format(n=5, code="E", date="0018-03-15")
    reading = read_table(
        land({"battery.csv": text}), t.battery, None, SourceContract(bad_share_refuse=1.0), now=NOW
    )
    assert_balanced(reading)
    found = [tuple(row) for row in reading.quarantine.select("line", "column", "reason").iter_rows()]
    assert found == [
        (3, "battery_code", "OUT_OF_TYPE"),
        (4, "manufacture_date", "BAD_DATE"),
        (6, "manufacture_date", "TIME_RANGE"),
    ]


def test_a_flag_is_true_false_one_or_zero(land):
    header = "sensor_id,sensor_code,is_active\n"
    words = ["True", "false", "1", "0", "", "maybe"]
    rows = "".join(f"449d2ec8-397c-4150-a671-c7158929443{n},S{n},{word}\n" for n, word in enumerate(words))
    files = land({"environmental_sensor.csv": header + rows})
    reading = read_table(files, t.environmental_sensor, None, SourceContract(), now=NOW)
    assert reading.rows["is_active"].to_list() == [True, False, True, False, None]
    assert reading.quarantine["reason"].to_list() == ["NOT_A_BOOLEAN"]
