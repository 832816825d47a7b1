"""A file that cannot be trusted as a whole is refused with a reason; no row of it is lost or loaded."""

import gzip

import pytest

from battery_assets import tables as t
from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.exports.tables import read_table
from battery_assets_tests.worlds.readings import HEADER, JAR, NOW, assert_balanced, good, said, sample

UTC_SOURCE = SourceContract(timezone="UTC")
GZIPPED = gzip.compress(good(2_000).encode())
RENAMED = good().replace("voltage_v", "Voltage-V")

# name: (file name, content, reason, what the message has to say, rows that were read)
CASES = {
    "no bytes": (".csv", b"", "EMPTY_FILE", "0 bytes", 0),
    "an archive of no bytes": (".csv.gz", gzip.compress(b""), "EMPTY_FILE", "0 bytes", 0),
    "a header and nothing else": (".csv", HEADER, "NO_ROWS", "a header and no row", 0),
    "blank lines only": (".csv", "\n\n\n", "NO_ROWS", "no header", 0),
    "rows without a header": (".csv", good().replace(HEADER, ""), "HEADER_MISMATCH", "missing: ts", 0),
    "a required column missing": (
        ".csv",
        good().replace("ts,", "when,"),
        "HEADER_MISMATCH",
        "found: when",
        0,
    ),
    "a column renamed": (".csv", RENAMED, "HEADER_MISMATCH", "'Voltage-V' for 'voltage_v'", 0),
    "a column named twice": (".csv", good().replace("ture_c", "ture_c,ts"), "DUPLICATE_COLUMN", "'ts'", 0),
    "the last line cut": (".csv", good(5) + "2026-11-18 01:00:00,bd49d6", "TRUNCATED", "line 7", 5),
    "the last number cut": (".csv", good(5)[:-4], "TRUNCATED", "line 6", 4),
    "a quote never closed": (".csv", good(5) + sample(30, voltage='"13.5'), "CSV_SYNTAX", "line 7", 5),
    "a quote inside a field": (".csv", good(5) + sample(30, voltage='1"3"5'), "CSV_SYNTAX", "line 7", 0),
    "UTF-16": (".csv", good().encode("utf-16"), "ENCODING", "UTF-16", 0),
    "UTF-16 without a mark": (".csv", good().encode("utf-16-le"), "ENCODING", "UTF-16", 0),
    "a Latin-1 header": (".csv", good().replace("_c,", "_\xb0c,").encode("latin-1"), "ENCODING", "0xb0", 0),
    "carriage returns alone": (".csv", good().replace("\n", "\r"), "LINE_ENDS", "carriage return", 0),
    "files put together": (".csv", good(5) + good(5), "REPEATED_HEADER", "line 7", 0),
    "a cut archive": (".csv.gz", GZIPPED[:-500], "TRUNCATED_ARCHIVE", "ended before", 0),
    "a damaged archive": (".csv.gz", GZIPPED[:200] + b"\0" * 50 + GZIPPED[250:], "TRUNCATED_ARCHIVE", "", 0),
    "a wrong checksum": (".csv.gz", GZIPPED[:-8] + b"\1\2\3\4" + GZIPPED[-4:], "TRUNCATED_ARCHIVE", "CRC", 0),
    "text named as archive": (".csv.gz", good(), "TYPE_MISMATCH", "plain bytes", 0),
    "a workbook named as text": (".csv", b"PK\x03\x04" + b"x" * 90, "TYPE_MISMATCH", "Excel", 0),
    "an archive named as text": (".csv", GZIPPED, "TYPE_MISMATCH", "gzip", 0),
    "semicolons": (".csv", good().replace(",", ";"), "DIALECT", "';'", 0),
    "a field of megabytes": (".csv", good(3) + sample(30, voltage="1" * (2 << 20)), "LIMIT", "line 5", 0),
    "thousands of columns": (
        ".csv",
        ",".join(f"c{i}" for i in range(5_000)) + "\n",
        "LIMIT",
        "5,000 columns",
        0,
    ),
    "offsets and none": (
        ".csv",
        good(5) + sample(30).replace(":00,", ":00Z,"),
        "MIXED_OFFSETS",
        "ts mixes",
        6,
    ),
}


@pytest.mark.parametrize(("ending", "content", "reason", "words", "rows"), CASES.values(), ids=CASES.keys())
def test_a_file_is_refused_with_its_reason(land, ending, content, reason, words, rows):
    files = land({f"telemetry_jar_raw{ending}": content})
    reading = read_table(files, t.telemetry_jar_raw, None, UTC_SOURCE, now=NOW)
    assert_balanced(reading)
    assert reading.rows.height == 0
    (row,) = reading.files.iter_rows(named=True)
    assert row["status"] == "refused"
    assert row["reason"].startswith(f"{reason}: ")
    assert words in row["reason"]
    assert reading.quarantine["reason"][0] == reason
    assert f"telemetry_jar_raw{ending}" in said(reading)
    assert row["rows_read"] == rows


def test_times_without_a_zone_need_a_contract_that_names_one(land):
    reading = read_table(
        land({"telemetry_jar_raw.csv": good()}), t.telemetry_jar_raw, None, SourceContract(), now=NOW
    )
    assert_balanced(reading)
    assert reading.files["reason"][0].startswith("NO_TIMEZONE: ts has no offset; say timezone")


def test_an_archive_that_unpacks_to_hundreds_of_times_its_size_is_refused_early(land):
    bomb = gzip.compress(good(3).encode() + sample(30).encode() * 400_000)
    reading = read_table(
        land({"telemetry_jar_raw.csv.gz": bomb}), t.telemetry_jar_raw, None, UTC_SOURCE, now=NOW
    )
    assert_balanced(reading)
    assert reading.files["reason"][0].startswith("TOO_LARGE: ")
    assert "200 to 1" in reading.files["reason"][0]


def test_a_contract_can_bound_the_size(land):
    contract = SourceContract(timezone="UTC", max_unpacked_bytes=100)
    reading = read_table(
        land({"telemetry_jar_raw.csv": good()}), t.telemetry_jar_raw, None, contract, now=NOW
    )
    assert (
        reading.files["reason"][0]
        == "TOO_LARGE: more than 100 bytes when unpacked; next step: cut the export into files of a month each"
    )


def test_a_refused_file_leaves_nothing_of_itself_and_nothing_of_others_is_lost(land):
    files = land(
        {
            "telemetry_jar_raw_1.csv": good(5),
            "telemetry_jar_raw_2.csv": good(5).replace(JAR, "9cc45072-8c39-48e5-8080-9980a5893c7e")[:-3],
        }
    )
    reading = read_table(files, t.telemetry_jar_raw, None, UTC_SOURCE, now=NOW)
    assert_balanced(reading)
    assert reading.rows["battery_id"].unique().to_list() == [JAR]
    assert reading.files["status"].to_list() == ["read", "refused"]


def test_a_strict_source_refuses_a_file_for_one_bad_row_and_shows_it(land):
    contract = SourceContract(timezone="UTC", policy="strict")
    files = land({"telemetry_jar_raw.csv": good() + sample(30, voltage="OVLD")})
    reading = read_table(files, t.telemetry_jar_raw, None, contract, now=NOW)
    assert_balanced(reading)
    assert reading.rows.height == 0
    assert reading.files["reason"][0].startswith("BAD_ROWS: 1 of 21 rows are bad")
    assert reading.quarantine.select("line", "reason", "rows").rows() == [
        (None, "BAD_ROWS", 20),
        (22, "NOT_A_NUMBER", 1),
    ]


def test_a_tolerant_source_keeps_a_file_with_few_bad_rows(land):
    bad = "".join(sample(minute, voltage="OVLD") for minute in range(5))
    reading = read_table(
        land({"telemetry_jar_raw.csv": good() + bad}), t.telemetry_jar_raw, None, UTC_SOURCE, now=NOW
    )
    assert_balanced(reading)
    assert (reading.rows.height, reading.quarantine.height) == (20, 5)


def test_a_tolerant_source_refuses_a_file_that_is_mostly_bad(land):
    bad = "".join(sample(minute, voltage="OVLD") for minute in range(25))
    reading = read_table(
        land({"telemetry_jar_raw.csv": good() + bad}), t.telemetry_jar_raw, None, UTC_SOURCE, now=NOW
    )
    assert_balanced(reading)
    assert reading.rows.height == 0
    assert "25 of 45 rows are bad; mostly NOT_A_NUMBER (25); first: line 22" in reading.files["reason"][0]


def test_a_tolerant_source_refuses_a_file_above_both_limits_only(land):
    bad = "".join(sample(minute, voltage="OVLD") for minute in range(4))
    files = land({"telemetry_jar_raw.csv": good() + bad})
    both = SourceContract(timezone="UTC", bad_rows_limit=3, bad_share_limit=0.1)
    rows_only = SourceContract(timezone="UTC", bad_rows_limit=3, bad_share_limit=0.2)
    assert read_table(files, t.telemetry_jar_raw, None, both, now=NOW).files["status"][0] == "refused"
    assert read_table(files, t.telemetry_jar_raw, None, rows_only, now=NOW).files["status"][0] == "read"


def test_a_source_that_never_ends_its_last_line_can_say_so(land):
    contract = SourceContract(timezone="UTC", final_newline="optional")
    files = land({"telemetry_jar_raw.csv": good(5).rstrip("\n")})
    assert read_table(files, t.telemetry_jar_raw, None, contract, now=NOW).rows.height == 5


def test_a_file_that_changed_since_it_was_listed_is_not_loaded_under_the_old_hash(land):
    files = land({"telemetry_jar_raw.csv": good(5)})
    files[0].path.write_text(good(6))
    reading = read_table(files, t.telemetry_jar_raw, None, UTC_SOURCE, now=NOW)
    assert_balanced(reading)
    assert reading.files["reason"][0].startswith("CHANGED: ")


def test_a_file_that_vanishes_is_a_refusal_not_a_crash(land):
    files = land({"telemetry_jar_raw.csv": good(5)})
    files[0].path.unlink()
    reading = read_table(files, t.telemetry_jar_raw, None, UTC_SOURCE, now=NOW)
    assert reading.files["reason"][0].startswith("VANISHED: ")
