"""Exports in the letters of other programs: read where nothing else can be meant, else refused with the way."""

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.exports.landing import landing_files
from battery_assets.ingest.exports.tables import Reading, read_table
from battery_assets_tests.worlds.readings import JAR, NOW

HEAD = "ts,battery_id,voltage_v,temperature_c"
ROWS = [f"2026-11-18T00:{n:02d}:00Z,{JAR},13.5{n},25.{n}" for n in range(4)]
FOUND = [13.5, 13.51, 13.52, 13.53]


def read(tmp_path, text: str | pl.DataFrame, table=t.telemetry_jar_raw, **terms) -> Reading:
    """The one file of a table; its books are balanced."""
    folder = tmp_path / "bkk"
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(text, str):
        (folder / f"{table.name}.csv").write_text(text, encoding="utf-8")
    else:
        text.write_parquet(folder / f"{table.name}.parquet")
    files, _ = landing_files(tmp_path, "bkk")
    reading = read_table(files, table, None, SourceContract(**terms), now=NOW)
    [books] = reading.files.to_dicts()
    kept = ("rows_loaded", "rows_quarantined", "rows_exact_duplicate", "rows_superseded", "rows_other_month")
    assert books["rows_read"] == sum(books[name] for name in kept)
    return reading


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("cell", "value"),
    [("\u22120.08", -0.08), ("\u20130.08", -0.08), ("1.25D-01", 0.125), ('"1,234.5"', 1234.5), ("1\u00a0234.5", 1234.5),
     ("1'234.5", 1234.5), ('"1.234,5"', 1234.5), ("+0.08", 0.08)],
)  # fmt: skip
def test_a_number_in_other_letters_is_that_number(tmp_path, cell, value):
    head = "ts,string_id,voltage_v,current_a"
    reading = read(tmp_path, lines(head, f"2026-11-18T00:00:00Z,{JAR},54,{cell}"), t.telemetry_string_raw)
    assert reading.rows["current_a"].to_list() == [value]
    assert cell[0] == "+" or any("current_a: numbers written as" in told for told in reading.findings)


def test_a_word_of_an_open_input_beside_a_measured_voltage_costs_no_row(tmp_path):
    cells = ["N/A", "OL", "---", "25.0"]
    rows = [row.rpartition(",")[0] + f",{cell}" for row, cell in zip(ROWS, cells, strict=True)]
    reading = read(tmp_path, lines(HEAD, *rows))
    assert reading.rows["temperature_c"].to_list() == [None, None, None, 25.0]
    assert sum("read as an input without a sensor" in told for told in reading.findings) == 3


@pytest.mark.parametrize(
    "form",
    [str.upper, lambda one: one.replace("-", ""), lambda one: f"{{{one}}}", lambda one: f" {one} ", "urn:uuid:{}".format],
)  # fmt: skip
def test_an_id_is_its_digits(tmp_path, form):
    reading = read(tmp_path, lines(HEAD, *(row.replace(JAR, form(JAR)) for row in ROWS)))
    assert reading.rows["battery_id"].to_list() == [JAR] * 4


def test_capitals_and_spaces_tell_no_words_of_ours_apart(tmp_path):
    head = "TS,Battery ID,VOLTAGE_V,Temperature C"
    reading = read(tmp_path, lines(head, *ROWS))
    assert reading.rows["voltage_v"].to_list() == FOUND
    assert any("columns in other letters are read: battery_id" in told for told in reading.findings)
    modes = lines("ts,string_id,voltage_v,mode", f"2026-11-18T00:00:00Z,{JAR},54,FLOAT")
    assert read(tmp_path / "s", modes, t.telemetry_string_raw).rows["mode"].to_list() == ["float"]


@pytest.mark.parametrize(
    "title",
    [
        ["Report of the north hall"],
        [",,Measured,"],
        ["Report", "", "made 2026-11-18"],
        ["sep=,"],
        ["a", "b,"],
    ],
)
def test_lines_of_a_title_above_the_header_are_no_rows(tmp_path, title):
    reading = read(tmp_path, lines(*title, HEAD, *ROWS))
    assert reading.rows["voltage_v"].to_list() == FOUND
    assert any("lines of a title above the header left out" in told for told in reading.findings)


def test_rows_above_a_header_are_no_title(tmp_path):
    reading = read(tmp_path, lines(*ROWS[:2], HEAD, *ROWS[2:]))
    assert "HEADER_MISMATCH" in reading.files["reason"][0]
    assert reading.rows.is_empty()


def test_a_title_does_not_hide_another_separator(tmp_path):
    text = lines("sep=;", *(row.replace(",", ";") for row in [HEAD, *ROWS]))
    assert "DIALECT: columns are separated by ';'" in read(tmp_path, text).files["reason"][0]
    assert read(tmp_path, text, separator=";", decimal=",").rows["voltage_v"].to_list() == FOUND


def test_columns_without_a_name_are_left_out_and_counted(tmp_path):
    reading = read(tmp_path, lines(f"{HEAD},,", *(f"{row},," for row in ROWS)))
    assert reading.rows["voltage_v"].to_list() == FOUND
    assert any("columns without a name ignored: 2" in told for told in reading.findings)


def test_iso_times_are_read_beside_those_of_the_declared_form(tmp_path):
    """Master tables and telemetry of one export come of two programs, under one contract."""
    rows = [f"{1_794_960_000_000 + 60_000 * n},{JAR},13.5{n},25" for n in range(3)]
    reading = read(tmp_path, lines(HEAD, *rows, ROWS[3]), time_format="epoch-ms")
    assert reading.rows.height == 4
    assert reading.quarantine.is_empty()
    assert read(tmp_path, lines(HEAD, *ROWS), time_format="%d.%m.%Y %H:%M").rows.height == 4
    assert (
        read(tmp_path, lines(HEAD, *rows, ROWS[3].replace("T00", "T77")), time_format="epoch-ms").rows.height
        == 3
    )


def test_instants_of_parquet_are_counted_as_declared(tmp_path):
    counted = pl.DataFrame(
        {"ts": [1_794_960_000_000], "battery_id": [JAR], "voltage_v": [13.5], "temperature_c": [25.0]}
    )
    assert read(tmp_path, counted, time_format="epoch-ms").rows.height == 1
    assert "--contract time_format=epoch-s, or epoch-ms" in read(tmp_path, counted).files["reason"][0]


def test_dates_are_read_as_the_declared_times_are(tmp_path):
    head = (
        "location_id,location_code,location_name,region,city,timezone,commissioned_date,created_at,updated_at"
    )
    row = f"{JAR},L1,Hall,central,Nonthaburi,UTC,04.03.2025,04.03.2025 10:00,04.03.2025 10:00"
    declared = read(tmp_path, lines(head, row), t.location, timezone="UTC", time_format="%d.%m.%Y %H:%M")
    assert str(declared.rows["commissioned_date"][0]) == "2025-03-04"


@pytest.mark.parametrize(
    ("time", "way"),
    [("1741046400", "time_format=epoch-s"), ("1741046400000", "time_format=epoch-ms"), ("1741046400000000", "epoch-us"),
     ("23.03.2025 10:00", "time_format=%d.%m.%Y %H:%M'"), ("03/23/2025 1:00:00 PM", "time_format=%m/%d/%Y %I:%M:%S %p'"),
     ("45720.5", "day numbers of a spreadsheet")],
)  # fmt: skip
def test_a_time_in_another_form_is_refused_with_the_term_that_reads_it(tmp_path, time, way):
    rows = [f"{time},{row.partition(',')[2]}" for row in ROWS]
    [reason] = read(tmp_path, lines(HEAD, *rows)).files["reason"]
    assert "mostly BAD_TIME" in reason
    assert way in reason, reason


@pytest.mark.parametrize(
    ("row", "way"),
    [("2026-11-18T00:00:00Z,1.0,13.5,25", "export UUIDs as battery_id"),
     (f'2026-11-18T00:00:00Z,{JAR},"13,5",25', "--contract decimal=,"),
     (f"2026-11-18T00:00:00Z,{JAR},absent,25", "--contract 'null_words=absent'")],
)  # fmt: skip
def test_a_refusal_for_bad_rows_says_what_mends_the_commonest(tmp_path, row, way):
    [reason] = read(tmp_path, lines(HEAD, row)).files["reason"]
    assert way in reason, reason


@pytest.mark.parametrize(
    ("separator", "term"), [("\t", "separator=tab"), ("|", "separator=|"), (";", "separator=;")]
)
def test_the_term_for_another_separator_reads_the_file(tmp_path, separator, term):
    text = lines(HEAD, *ROWS).replace(",", separator)
    assert f"--contract '{term}'" in read(tmp_path, text).files["reason"][0]
    assert read(tmp_path, text, separator=separator).rows["voltage_v"].to_list() == FOUND


def test_a_cell_of_spaces_is_an_empty_cell(tmp_path):
    reading = read(tmp_path, lines(HEAD, *(row.rpartition(",")[0] + ",  " for row in ROWS)))
    assert reading.rows["voltage_v"].to_list() == FOUND
    assert reading.rows["temperature_c"].null_count() == len(ROWS)


@pytest.mark.parametrize(
    ("row", "words"),
    [(f"{JAR},13.5 V,25.0", "without their unit 'V'"), (f"{JAR},13.5,25.0 °C", "without their unit '°C'"),
     (f"{JAR},13.5,25.0,", "as many fields")],
)  # fmt: skip
def test_what_no_term_reads_is_told_as_such(tmp_path, row, words):
    text = lines(HEAD, *(f"2026-11-18T00:{n:02d}:00Z,{row}" for n in range(4)))
    reason = read(tmp_path, text).files["reason"][0]
    assert words in reason
    assert "null_words" not in reason
