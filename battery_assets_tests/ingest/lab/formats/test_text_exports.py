"""Encodings, separators, preambles, units rows and cut ends of text exports: each read by rule, never by luck."""

import gzip
from pathlib import Path

import pytest

from battery_assets.ingest.files.problems import FileRefused
from battery_assets.ingest.lab import read as reader
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.formats import quick_table as quick_way
from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.worlds.lab_files.made_files import (
    LAYOUTS,
    TRUTH,
    made,
    rows_of,
    same_as_truth,
    text,
    written,
)


@pytest.mark.parametrize("name", LAYOUTS)
def test_line_ends_byte_order_marks_and_packing_change_nothing(name, tmp_path):
    plain = made(name)
    variants = {
        "crlf": plain.replace(b"\n", b"\r\n"),
        "mark": b"\xef\xbb\xbf" + plain,
        "utf-16": plain.decode().encode("utf-16"),
        "packed": gzip.compress(plain),
    }
    straight = read(written(tmp_path, plain))
    for kind, content in variants.items():
        one = read(written(tmp_path, content, kind))
        assert one.points.equals(straight.points), kind
        assert one.source.content_sha256 == straight.source.content_sha256
        assert one.source.sha256 != straight.source.sha256


def test_degrees_in_windows_letters_are_degrees(tmp_path):
    one = read(written(tmp_path, made("basytec").decode().encode("cp1252")))
    same_as_truth(one.points)
    assert one.points["temperature_c"].null_count() == 0


@pytest.mark.parametrize("name", [name for name in LAYOUTS if LAYOUTS[name][1] == "\t"])
def test_a_decimal_comma_is_read_where_nothing_else_can_be_meant(name, tmp_path):
    rows = rows_of(name)
    clock = [place for place, column in enumerate(rows[0]) if "Time" in column and "[" not in column]
    german = [
        rows[0],
        *(
            [cell if place in clock else cell.replace(".", ",") for place, cell in enumerate(row)]
            for row in rows[1:]
        ),
    ]
    one = read(written(tmp_path, made(name, german)))
    same_as_truth(one.points)
    assert "numbers have a decimal comma" in one.findings


def test_decimal_comma_and_point_in_one_file_are_refused(tmp_path):
    rows = rows_of("basytec")
    mixed = [row if place % 2 else [cell.replace(".", ",") for cell in row] for place, row in enumerate(rows)]
    with pytest.raises(LabFileRefused, match=r"DIALECT.*decimal comma and .* decimal point"):
        read(written(tmp_path, made("basytec", [rows[0], *mixed[1:]])))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_that_of_the_headings(separator, tmp_path):
    one = read(written(tmp_path, text(rows_of("battery data format"), separator)))
    same_as_truth(one.points)


def test_a_row_of_units_gives_headings_their_units(tmp_path):
    rows = rows_of("landt")
    units = {"test_time_s": ("test_time", "s"), "current_A": ("current", "A"), "voltage_V": ("voltage", "V")}
    bare = [units.get(name, (name, ""))[0] for name in rows[0]]
    row = [units.get(name, (name, ""))[1] for name in rows[0]]
    one = read(written(tmp_path, made("landt", [bare, row, *rows[1:]])))
    same_as_truth(one.points)
    assert one.rows_read == TRUTH.height
    with pytest.raises(LabFileRefused, match=r"UNIT.*without a unit"):
        read(written(tmp_path, made("landt", [bare, *rows[1:]])))


def test_blank_lines_are_no_rows(tmp_path):
    lines = made("arbin").split(b"\n")
    one = read(written(tmp_path, b"\n".join([lines[0], b"", *lines[1:100], b"", b",,,,", *lines[100:]])))
    assert one.rows_read == TRUTH.height
    same_as_truth(one.points)


def test_an_empty_field_at_the_end_of_every_row_is_no_field(tmp_path):
    header, *lines = made("arbin").decode().splitlines()
    one = read(written(tmp_path, "\n".join([header, *(line + "," for line in lines), ""]).encode()))
    same_as_truth(one.points)


def test_a_last_line_without_an_end_loses_its_last_field_alone(tmp_path):
    one = read(written(tmp_path, made("arbin").removesuffix(b"\n")))
    assert one.points.height == TRUTH.height
    assert one.points["temperature_c"][-1] is None
    assert one.points["temperature_c"].null_count() == 1
    assert any("last line has no end" in finding for finding in one.findings)


def test_a_last_line_without_an_end_whose_last_field_is_needed_is_not_trusted(tmp_path):
    rows = [row[:3] for row in rows_of("battery data format")]
    cut = made("battery data format", rows).removesuffix(b"\n")
    with pytest.raises(
        LabFileRefused, match=r"TRUNCATED: line 291.*Current / A.*wait until the cycler has finished"
    ):
        read(written(tmp_path, cut))
    one = read(written(tmp_path, cut), LabContract(policy="tolerant"))
    assert one.quarantine["reason"].to_list() == ["TRUNCATED_ROW"]
    assert one.points.height == TRUTH.height - 1


@pytest.mark.parametrize(
    ("content", "reason", "says"),
    [
        (b"", "EMPTY_FILE", "0 bytes"),
        (b"\x00\x01\x02" * 400, "UNSUPPORTED", "MacTest"),
        (b"BIO-LOGIC MODULAR FILE\x1a" + b" " * 100, "CORRUPT", "Export as text"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), "UNSUPPORTED", "HDF5"),
        (b"MATLAB 7.3 MAT-file" + bytes(600), "CORRUPT", "Battery Data Format"),
        (b"MATLAB 5.0 MAT-file" + bytes(600), "CORRUPT", "cycle_idx"),
        (b"NEWARE" + bytes(600), "CORRUPT", "BTSDA"),
        (b"\x00\x01\x00\x00Standard Jet DB\x00" + bytes(600), "CORRUPT", "Data Watcher"),
        (b"PK\x03\x04" + bytes(100), "TRUNCATED_ARCHIVE", "copy the file again"),
        (b"\x1f\x8b\x08" + bytes(100), "TRUNCATED_ARCHIVE", "gzip"),
        (b"\xff\xfe" + b"a" * 101, "ENCODING", "UTF-8"),
        (b"PAR1" + bytes(100), "CORRUPT", "ends with"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "UNSUPPORTED", "save it again"),
        (made("arbin").split(b"\n")[0] + b"\n", "NO_ROWS", "headings and no row"),
        (b"some words\nand more\n", "UNKNOWN_DIALECT", "no headings"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(content, reason, says, tmp_path):
    with pytest.raises(FileRefused) as refusal:
        read(written(tmp_path, content))
    assert refusal.value.reason == reason
    assert says in str(refusal.value)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(LabFileRefused, match=r"VANISHED.*nothing\.csv"):
        read(tmp_path / "nothing.csv")


@pytest.mark.parametrize(
    ("meanwhile", "says"),
    [
        (Path.unlink, r"VANISHED.*gone while it was read.*next step: put it back"),
        (lambda path: path.write_bytes(path.read_bytes() * 2), r"CHANGED.*next step: wait until the cycler"),
    ],
)
def test_a_file_that_goes_or_grows_while_it_is_read_is_refused(meanwhile, says, tmp_path, monkeypatch):
    path = written(tmp_path, made("arbin"))
    original = quick_way.quick_table

    def slowly(*place):
        meanwhile(path)
        return original(*place)

    monkeypatch.setattr(reader, "quick_table", slowly)
    with pytest.raises(LabFileRefused, match=says):
        read(path)
