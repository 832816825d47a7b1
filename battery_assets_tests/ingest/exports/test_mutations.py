"""Whatever happens to a file on its way, no row of it is lost in silence and nothing is raised."""

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from battery_assets import tables as t
from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.exports.landing import landing_files, months_touched
from battery_assets.ingest.exports.tables import read_table, read_table_days
from battery_assets.ingest.files.problems import FILE_REASONS, ROW_REASONS
from battery_assets_tests.worlds.readings import JAR, JAR_2, NOW, assert_balanced, good, sample

CONTRACT = SourceContract(timezone="UTC")
ROWS = 60
TEXT = good(30) + "".join(sample(minute, unit=JAR_2) for minute in range(30))
LINES = TEXT.splitlines(keepends=True)
RELAXED = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), database=None)


def books(content: bytes, name: str = "telemetry_jar_raw.csv"):
    """Read the content in three ways; the books balance in each and agree."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bkk" / name
        path.parent.mkdir()
        path.write_bytes(content)
        files, _ = landing_files(Path(folder), "bkk")
        months = months_touched(files[0], t.telemetry_jar_raw, CONTRACT)
        assert all(len(month) == 7 for month in months)
        whole = read_table(files, t.telemetry_jar_raw, None, CONTRACT, now=NOW)
        with read_table_days(files, t.telemetry_jar_raw, None, CONTRACT, now=NOW) as days:
            handed_out = sum(frame.height for _, frame in days)
            account = days.account()
        month = read_table(files, t.telemetry_jar_raw, "2026-11", CONTRACT, now=NOW)
    for reading in (whole, account, month):
        assert_balanced(reading)
        assert set(reading.quarantine["reason"]) <= FILE_REASONS.keys() | ROW_REASONS.keys()
    assert handed_out == whole.rows.height
    assert account.files.equals(whole.files)
    assert month.files["rows_read"][0] == whole.files["rows_read"][0]
    return whole


@RELAXED
@given(st.integers(0, len(TEXT) - 1))
def test_a_truncated_file_is_refused_unless_it_ends_with_a_line(cut):
    whole = books(TEXT[:cut].encode())
    lines = TEXT[:cut].count("\n")
    if TEXT[:cut].endswith("\n") and lines > 1:
        assert whole.rows.height == lines - 1
    else:
        assert whole.files["status"][0] == "refused"


@RELAXED
@given(st.integers(0, len(TEXT) - 1), st.integers(0, 255))
def test_a_changed_byte_costs_at_most_its_rows_or_refuses_the_file(place, byte):
    data = bytearray(TEXT.encode())
    data[place] = byte
    whole = books(bytes(data))
    (row,) = whole.files.iter_rows(named=True)
    if row["status"] == "read":
        assert row["rows_loaded"] + row["rows_quarantined"] + row["rows_exact_duplicate"] >= ROWS - 1
        assert row["rows_loaded"] >= ROWS - 2


@RELAXED
@given(st.sets(st.integers(0, 5), min_size=1, max_size=5), st.permutations(range(6)))
def test_dropped_and_shuffled_columns_are_matched_by_name_or_refused(dropped, order):
    kept = [place for place in order if place not in dropped]
    rows = [line.rstrip("\n").split(",") for line in LINES]
    text = "".join(",".join(row[place] for place in kept) + "\n" for row in rows)
    whole = books(text.encode())
    assert (whole.rows.height == ROWS) == (not dropped & {0, 1})


@RELAXED
@given(st.lists(st.integers(1, ROWS), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_repeated_and_shuffled_lines_are_duplicates(repeated, random):
    body = LINES[1:] + [LINES[place] for place in repeated]
    random.shuffle(body)
    whole = books((LINES[0] + "".join(body)).encode())
    assert whole.rows.height == ROWS
    assert whole.files["rows_exact_duplicate"][0] == len(repeated)


@RELAXED
@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_refused_or_read(content):
    books(content)
    books(LINES[0].encode() + content)
    books(TEXT.encode() + content + b"\n" + LINES[1].encode())


@RELAXED
@given(st.text(alphabet='",\n\r\0 aé1', max_size=60))
def test_quotes_and_separators_in_any_order_are_refused_or_read(text):
    books((TEXT + text).encode())
    books((TEXT + text + "\n").encode())


@RELAXED
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_in_an_archive_never_loads_wrong_rows(place, byte):
    data = bytearray(gzip.compress(TEXT.encode(), mtime=0))
    data[place % len(data)] = byte
    whole = books(bytes(data), "telemetry_jar_raw.csv.gz")
    assert whole.rows.height in (0, ROWS)


@settings(RELAXED, max_examples=8)
@given(st.floats(0, 1), st.integers(1, 255))
def test_a_damaged_parquet_file_is_refused_or_read(where, change):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.parquet"
        reading = books(TEXT.encode())
        reading.rows.write_parquet(path)
        data = bytearray(path.read_bytes())
    data[int(where * (len(data) - 1))] ^= change
    books(bytes(data), "telemetry_jar_raw.parquet")


def test_units_of_the_fixture_are_two():
    assert {line.split(",")[1] for line in LINES[1:]} == {JAR, JAR_2}
