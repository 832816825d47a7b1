"""Layered exports, headings that are dates or electrodes, and the quick way of reading."""

from datetime import timedelta

import pytest

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
    written,
)


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
