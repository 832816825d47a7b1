"""Encodings, separators, preambles, units rows and cut ends of text exports: each read by rule, never by luck."""

import gzip
from datetime import timedelta
from pathlib import Path

import pytest

from battery_assets.ingest.files.problems import FileRefused
from battery_assets.ingest.lab import read as reader
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects.headings import heading
from battery_assets.ingest.lab.dialects.vocabulary import factor
from battery_assets.ingest.lab.formats import quick_table as quick_way
from battery_assets.ingest.lab.read import read, recognise
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.worlds.lab_files.made_files import (
    LAYOUTS,
    START,
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


def layered() -> str:
    """The made test as a layered Neware export: cycles, steps and records alternate."""
    lines = [
        "Cycle Index,Chg. Cap.(Ah),DChg. Cap.(Ah)",
        ",Step Index,Step Number,Step Type,Step Time,Capacity(Ah)",
        ",,DataPoint,Time,Total Time,Current(A),Voltage(V),Capacity(Ah),Energy(Wh),Date,T1(?)",
    ]
    cycle = step = None
    kinds = {"R": "Rest", "C": "CC Chg", "D": "CC DChg"}
    rows = rows_of("neware")[1:]
    for row, cells in zip(TRUTH.iter_rows(named=True), rows, strict=True):
        if row["cycle"] != cycle:
            cycle, step = row["cycle"], None
            lines.append(f"{cycle},0.1,0.2")
        if row["step"] != step:
            step = row["step"]
            lines.append(f",{step},{step},{kinds[row['kind']]},00:10:00,0.5")
        record = [cells[0], cells[4], cells[5], f"{row['current']:.5f}", f"{row['voltage']:.5f}", f"{row['step_ah']:.8f}",
                  f"{row['step_wh']:.8f}", cells[10], f"{row['temperature']:.2f}"]  # fmt: skip
        lines.append(",," + ",".join(record))
    return "\n".join(lines) + "\n"


def test_a_layered_neware_export_gives_each_record_its_step_and_cycle(tmp_path):
    path = written(tmp_path, layered().encode())
    assert recognise(path) == "neware"
    one = read(path)
    assert (one.rows_read, one.rows_loaded) == (TRUTH.height, TRUTH.height)
    same_as_truth(one.points)
    assert one.points["cycle_count"].to_list() == TRUTH["cycle"].to_list()
    assert one.points["step_index"].to_list() == TRUTH["step"].to_list()
    assert one.points["discharge_ah"][-1] == pytest.approx(TRUTH["discharge_ah"][-1], rel=1e-6)
    assert any("layered export" in finding for finding in one.findings)


def test_a_layered_export_of_magnitudes_takes_the_sign_of_its_steps(tmp_path):
    one = read(written(tmp_path, layered().replace(",-1.00000,", ",1.00000,").encode()))
    same_as_truth(one.points)


def test_a_step_that_stands_behind_its_cycle_on_one_line_is_that_step(tmp_path):
    lines = layered().splitlines()
    joined = [lines[3] + lines[4], *lines[5:]]
    one = read(written(tmp_path, "\n".join([*lines[:3], *joined, ""]).encode()))
    same_as_truth(one.points)
    assert one.points["step_index"].to_list() == TRUTH["step"].to_list()
    assert one.points["step_type"][0] == "Rest"


def test_a_record_of_a_layered_export_that_lacks_a_field_is_quarantined(tmp_path):
    lines = layered().splitlines()
    lines[40] = lines[40].rsplit(",", 1)[0]
    path = written(tmp_path, "\n".join([*lines, ""]).encode())
    with pytest.raises(LabFileRefused, match=r"BAD_ROWS: line 41.*FIELD_COUNT"):
        read(path)
    one = read(path, LabContract(policy="tolerant"))
    assert (one.rows_loaded, one.rows_quarantined) == (TRUTH.height - 1, 1)
    cut = written(tmp_path, layered()[:-30].encode(), "cut")
    with pytest.raises(LabFileRefused, match=r"TRUNCATED"):
        read(cut)


def test_an_old_layered_export_without_running_time_names_the_way_out(tmp_path):
    lines = "Cycle ID,Cap_Chg(mAh),Cap_DChg(mAh)\n,Step ID,Step Name\n,,Record ID,Time,Vol(mV)\n1,2,3\n"
    with pytest.raises(LabFileRefused, match=r"UNSUPPORTED.*layered Neware export.*Total Time"):
        recognise(written(tmp_path, lines.encode()))


def test_times_that_are_dates_count_from_the_first_point(tmp_path):
    rows = rows_of("biologic")
    place = rows[0].index("time/s")
    for row in rows[1:]:
        row[place] = (START + timedelta(seconds=float(row[place]))).strftime("%m/%d/%Y %H:%M:%S.000")
    one = read(written(tmp_path, made("biologic", rows)))
    assert one.points["test_time_s"].to_list() == [60.0 * number for number in range(TRUTH.height)]
    assert one.points["wall_clock"][0] == START + timedelta(seconds=60)
    assert any("written as dates" in finding for finding in one.findings)


def test_a_cell_voltage_goes_before_an_electrodes(tmp_path):
    rows = rows_of("biologic")
    place = rows[0].index("Ecell/V")
    both = [[*row, row[place] if number else "Ewe-Ece/V"] for number, row in enumerate(rows)]
    for number, row in enumerate(both):
        row[place] = "1.0" if number else "<Ewe>/V"
    same_as_truth(read(written(tmp_path, made("biologic", both))).points)
    alone = [
        [*row[:place], row[place] if number else "Ewe/V", *row[place + 1 :]]
        for number, row in enumerate(rows)
    ]
    same_as_truth(read(written(tmp_path, made("biologic", alone), "alone")).points)


def test_a_voltage_that_stands_alone_is_told(tmp_path):
    rows = rows_of("arbin")
    rows[8][rows[0].index("Voltage(V)")] = "9.5"
    one = read(written(tmp_path, made("arbin", rows)))
    assert any("0.5 V off both neighbours, first in line 9" in finding for finding in one.findings)


def test_two_columns_of_one_name_are_refused(tmp_path):
    rows = rows_of("arbin")
    twice = [[*row, row[rows[0].index("Voltage(V)")]] for row in rows]
    with pytest.raises(LabFileRefused, match=r"DUPLICATE_COLUMN.*'Voltage\(V\)'"):
        read(written(tmp_path, made("arbin", twice)))


@pytest.mark.parametrize(
    ("words", "slug", "unit"),
    [
        ("Test Time / s", "test_time", "s"),
        ("voltage_volt", "voltage", "volt"),
        ("Ecell/V", "ecell", "V"),
        ("<I>/mA", "i", "mA"),
        ("(Q-Qo)/mA.h", "q_qo", "mA.h"),
        ("Q charge/discharge/mA.h", "q_charge_discharge", "mA.h"),
        ("Discharge_Capacity(Ah)", "discharge_capacity", "Ah"),
        ("Cap. [Ah]", "cap", "Ah"),
        ("~Time[s]", "time", "s"),
        ("dV/dt(V/s)", "dv_dt", "V/s"),
        ("Rec#", "rec", None),
        ("current_A", "current", "A"),
        ("Step", "step", None),
    ],
)
def test_a_heading_is_a_quantity_and_a_unit(words, slug, unit):
    assert (heading(words, 0).slug, heading(words, 0).unit) == (slug, unit)


def test_units_are_those_of_the_quantity():
    assert factor("mA.h", "charge") == 1e-3
    assert factor("°C", "temperature") == 1.0
    assert factor("\ufffdC", "temperature") == 1.0
    assert factor("V", "current") is None
    assert factor("mAh/g", "charge") is None


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_quick_way_reads_what_the_way_over_every_line_reads(name, tmp_path, monkeypatch):
    path = written(tmp_path, made(name))
    quick = read(path)
    taken = []
    original = quick_way.quick_table
    monkeypatch.setattr(reader, "quick_table", lambda *place: taken.append(original(*place)))
    slow = read(path)
    assert slow.points.equals(quick.points)
    assert slow.findings == quick.findings
    assert len(taken) == 1
    assert taken[0] is not None


@pytest.mark.parametrize("shift", [0, 1, 5])
def test_fields_that_moved_from_one_line_to_the_next_are_not_taken_for_regular(shift, tmp_path):
    rows = rows_of("arbin")
    rows[20 + shift] = rows[20 + shift][:-1]
    rows[40] = [*rows[40], "7"]
    path = written(tmp_path, made("arbin", rows))
    with pytest.raises(
        LabFileRefused, match=rf"BAD_ROWS.*line {21 + shift}: FIELD_COUNT.*line 41: FIELD_COUNT"
    ):
        read(path)
