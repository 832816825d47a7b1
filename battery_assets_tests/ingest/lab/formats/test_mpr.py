"""BioLogic's .mpr: every number of the file in its place, and no number from a file that does not add up."""

import struct
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.read import read, recognise
from battery_assets.ingest.lab.reading import Reading
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.ingest.lab.test_mutations import FEW, STRICT, outcome, refused
from battery_assets_tests.worlds.lab_files.discharged import discharge_capacities
from battery_assets_tests.worlds.lab_files.made_files import (
    INTERVAL_S,
    START,
    TRUTH,
    made,
    same_as_truth,
    written,
)
from battery_assets_tests.worlds.lab_files.made_mpr import SIGNATURE, log, module, mpr, points, truth_columns

VERSIONS = [2, 3, 11]


def without(*numbers: int) -> dict[int, list]:
    return {number: values for number, values in truth_columns().items() if number not in numbers}


def changed(number: int, change) -> dict[int, list]:
    return {**truth_columns(), number: [change(value) for value in truth_columns()[number]]}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_number_of_the_file_is_read(tmp_path, version):
    one = read(written(tmp_path, mpr(version=version)))
    assert (one.source.reader, one.source.reader_version) == ("biologic mpr", 2)
    same_as_truth(one.points, TRUTH.height)
    assert one.points["cycle_count"].to_list() == TRUTH["cycle"].to_list()
    assert one.points["step_index"].to_list() == TRUTH["step"].to_list()
    assert one.declared.started_at == START
    assert one.declared.protocol == "GCPL"


def test_the_text_export_of_the_same_test_gives_the_same_points(tmp_path):
    binary = read(written(tmp_path, mpr(), "a.mpr"))
    text = read(written(tmp_path, made("biologic"), "a.mpt"))
    for word in ("test_time_s", "voltage_v", "current_a", "charge_ah", "discharge_ah", "temperature_c"):
        np.testing.assert_allclose(binary.points[word], text.points[word], rtol=1e-6, atol=1e-6)


def test_a_file_is_told_by_its_content(tmp_path):
    assert recognise(written(tmp_path, mpr(), "anything.csv")) == "biologic mpr"


def test_a_file_without_a_current_gives_the_charge_of_each_interval_over_it(tmp_path):
    one = read(written(tmp_path, mpr(without(8))))
    assert any("holds no current" in finding for finding in one.findings)
    current = one.points["current_a"].to_numpy()
    np.testing.assert_allclose(current, TRUTH["current"], atol=1e-9)
    assert discharge_capacities(one.points)["discharge_ah"].to_list() == pytest.approx([1.0, 1.0], rel=0.01)


def test_a_point_at_which_no_time_has_passed_takes_the_current_that_flows_from_it(tmp_path):
    columns = without(8)
    columns[4] = [value - INTERVAL_S for value in columns[4]]
    columns[7][0] = 0.0
    one = read(written(tmp_path, mpr(columns)))
    assert one.points["test_time_s"][0] == 0.0
    assert one.points["current_a"][0] == one.points["current_a"][1]


def test_three_electrodes_give_the_voltage_between_both(tmp_path):
    columns = changed(6, lambda volt: volt + 0.1)
    columns[9] = [0.1] * TRUTH.height
    same_as_truth(read(written(tmp_path, mpr(columns))).points, TRUTH.height)


def test_rows_of_an_impedance_sweep_are_no_points(tmp_path):
    columns = truth_columns()
    columns[32] = [1e4 if row == 3 else 0.0 for row in range(TRUTH.height)]
    one = read(written(tmp_path, mpr(columns)))
    assert one.points.height == TRUTH.height - 1
    assert one.quarantine["reason"].to_list() == ["IMPEDANCE_ROW"]


def test_open_circuit_has_no_current_and_says_so(tmp_path):
    with pytest.raises(
        LabFileRefused, match=r"MISSING_COLUMN.*no current, as at open circuit.*leave this file out"
    ):
        read(written(tmp_path, mpr({1: [1, 1], 4: [0.0, 1.0], 6: [3.0, 3.0]}, technique=11)))


def test_a_start_that_is_not_the_day_of_the_points_is_not_believed(tmp_path):
    one = read(written(tmp_path, mpr(start=START + timedelta(days=900))))
    assert one.declared.started_at is None


def test_a_file_without_its_log_has_its_points_and_no_start(tmp_path):
    one = read(written(tmp_path, mpr(start=None)))
    same_as_truth(one.points, TRUTH.height)
    assert one.declared.started_at is None


def test_the_zone_of_the_contract_makes_instants(tmp_path):
    one = read(written(tmp_path, mpr()), LabContract(timezone="Europe/Oslo"))
    assert one.points["ts"][0].isoformat() == "2026-03-02T07:31:00+00:00"


def test_an_unknown_column_is_refused_by_its_number():
    body = bytearray(points(truth_columns(), 3))
    place = 5 + 2 * list(truth_columns()).index(462)
    body[place : place + 2] = struct.pack("<H", 9999)
    refused(mpr(data=bytes(body)), ("UNSUPPORTED",), "column 9999 of EC-Lab.*Export as text")


def test_a_version_that_nobody_described_is_refused():
    content = mpr()
    place = content.index(b"MODULEVMP data") + 45
    refused(
        content[:place] + struct.pack("<I", 7) + content[place + 4 :], ("UNSUPPORTED",), "points in version 7"
    )


@pytest.mark.parametrize("rows", [0, TRUTH.height - 1, TRUTH.height + 1, 2**32 - 1])
def test_a_number_of_points_that_the_bytes_do_not_hold_is_refused(rows):
    body = points(truth_columns(), 11)
    refused(mpr(version=11, data=struct.pack("<I", rows) + body[4:]), ("CORRUPT",), "bytes for .* points of")


@pytest.mark.parametrize("many", [0, 1, 15, 17, 255])
def test_a_number_of_columns_that_the_bytes_do_not_hold_is_refused(many):
    body = bytearray(points(truth_columns(), 3))
    body[4] = many
    refused(mpr(data=bytes(body)), ("CORRUPT", "UNSUPPORTED"), "columns|bytes for|column 0")


@pytest.mark.parametrize("length", [0, 1, 2**31, 2**32 - 2])
@pytest.mark.parametrize("name", [b"VMP Set", b"VMP data", b"VMP LOG"])
def test_a_damaged_length_of_a_module_is_refused(length, name):
    content = mpr()
    place = content.index(b"MODULE" + name) + 41
    broken = content[:place] + struct.pack("<I", length) + content[place + 4 :]
    refused(broken, ("CORRUPT", "TRUNCATED"), "no module at|bytes of|next step: (wait|copy)")


def test_no_points_and_no_rows_are_told_apart():
    empty = {number: [] for number in truth_columns()}
    refused(mpr(empty), ("NO_ROWS",), "columns and no point")
    refused(
        SIGNATURE + module("VMP LOG", "VMP LOG", log(START), 0, new=False),
        ("NO_POINTS",),
        "0 modules with points",
    )
    twice = mpr(start=None) + mpr(start=None)[len(SIGNATURE) :]
    refused(twice, ("CORRUPT",), "2 modules with points")


def test_a_column_that_stands_twice_is_refused():
    body = bytearray(points(truth_columns(), 3))
    place = 5 + 2 * list(truth_columns()).index(13)
    body[place : place + 2] = struct.pack("<H", 7)
    refused(mpr(data=bytes(body)), ("CORRUPT",), "'dq/mA.h' twice")


@FEW
@given(st.sampled_from(VERSIONS), st.floats(0, 1, exclude_max=True))
def test_a_cut_file_is_refused_or_whole(version, share):
    content = mpr(version=version)
    one = outcome(content[: int(share * len(content))], LabContract())
    if isinstance(one, Reading):
        # Cut where the log begins: the points are all there.
        same_as_truth(one.points, TRUTH.height)
    else:
        assert one.reason in (
            "EMPTY_FILE",
            "TRUNCATED",
            "CORRUPT",
            "NO_POINTS",
            "UNKNOWN_DIALECT",
            "UNSUPPORTED",
        )


@FEW
@given(st.sampled_from(VERSIONS), st.randoms(use_true_random=False))
def test_the_order_of_the_columns_does_not_matter(version, random):
    numbers = list(truth_columns())
    random.shuffle(numbers)
    one = outcome(mpr({number: truth_columns()[number] for number in numbers}, version), STRICT)
    assert isinstance(one, Reading)
    same_as_truth(one.points, TRUTH.height)


def test_a_flipped_sign_contradicts_the_voltage():
    refused(mpr(changed(8, lambda value: -value)), ("SIGN",), "positive current charges")
    both = {**changed(8, lambda value: -value), 13: [-value for value in truth_columns()[13]]}
    refused(
        mpr({n: v for n, v in both.items() if n not in (498, 499)}), ("SIGN",), "positive current charges"
    )


@pytest.mark.parametrize("factor", [1e3, 1e-3])
@pytest.mark.parametrize("number", [4, 8, 499])
def test_a_time_current_or_charge_in_another_unit_contradicts_the_others(number, factor):
    refused(mpr(changed(number, lambda value: factor * value)), ("SCALE", "CAPACITY"), "Ah")


@FEW
@given(st.integers(1, TRUTH.height - 2))
def test_a_time_that_goes_back_is_refused(row):
    columns = truth_columns()
    columns[4] = [*columns[4]]
    columns[4][row] -= 1e5
    refused(mpr(columns), ("BAD_ROWS",), "OUT_OF_ORDER")


@FEW
@given(
    st.integers(0, TRUTH.height - 1),
    st.sampled_from([float("nan"), float("inf")]),
    st.sampled_from([4, 6, 8]),
)
def test_what_is_no_number_is_told_with_its_row(row, bad, number):
    columns = truth_columns()
    columns[number] = [*columns[number]]
    columns[number][row] = bad
    refused(mpr(columns), ("BAD_ROWS",), f"line {row + 1}.*NON_FINITE")


@FEW
@given(
    st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=4),
    st.sampled_from(VERSIONS),
)
def test_bytes_gone_wrong_never_end_in_anything_but_a_reading_or_a_refusal(hits, version):
    content = bytearray(mpr(version=version))
    for share, value in hits:
        content[int(share * len(content))] = value
    one = outcome(bytes(content), STRICT)
    if isinstance(one, Reading):
        assert (np.diff(one.points["test_time_s"].to_numpy()) >= 0).all()
        assert np.isfinite(one.points.select("test_time_s", "voltage_v", "current_a").to_numpy()).all()
