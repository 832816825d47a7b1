"""Rows that stand twice, contradict, are cut or damaged: told, or the whole file is refused."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects.vocabulary import REQUIRED as REQUIRED_WORDS
from battery_assets.ingest.lab.reading import Reading
from battery_assets_tests.worlds.lab_files.made_files import (
    CAPACITY_AH,
    LAYOUTS,
    TRUTH,
    WITH_CLOCK,
    WITH_RECORD,
    made,
    rows_of,
    same_as,
    same_as_truth,
)
from battery_assets_tests.worlds.lab_files.mutated import (
    FEW,
    NAMES,
    REQUIRED,
    STRICT,
    multiplied,
    outcome,
    refused,
)

TOLERANT = LabContract(policy="tolerant", nominal_capacity_ah=CAPACITY_AH)


ROWS = TRUTH.height


@FEW
@given(NAMES, st.integers(2, ROWS), st.integers(1, 5))
def test_rows_that_stand_twice_are_counted_and_change_nothing(name, first, many):
    rows = rows_of(name)
    again = rows[first : first + many]
    one = outcome(made(name, rows[: first + len(again)] + again + rows[first + len(again) :]), STRICT)
    assert isinstance(one, Reading)
    assert one.rows_exact_duplicate == len(again)
    assert one.rows_read == ROWS + len(again)
    same_as_truth(one.points, ROWS)


@FEW
@given(st.sampled_from(WITH_RECORD), st.integers(2, ROWS - 1))
def test_a_record_with_two_values_is_in_conflict_and_neither_is_loaded(name, place):
    rows = rows_of(name)
    other = list(rows[place])
    volts = rows[0].index(REQUIRED[name][1])
    other[volts] = f"{float(other[volts]) + 0.01:.5f}"
    content = made(name, [*rows[: place + 1], other, *rows[place + 1 :]])
    refused(content, ("BAD_ROWS",), "CONFLICTING_DUPLICATE")
    one = outcome(content, TOLERANT)
    assert isinstance(one, Reading)
    assert one.quarantine["reason"].to_list() == ["CONFLICTING_DUPLICATE"] * 2
    assert one.points.height == ROWS - 1


@FEW
@given(NAMES, st.integers(2, ROWS - 10), st.integers(2, 8))
def test_a_row_from_later_is_out_of_order_unless_the_contract_sorts(name, place, ahead):
    rows = rows_of(name)
    moved = [*rows[:place], rows[place + ahead], *rows[place : place + ahead], *rows[place + ahead + 1 :]]
    refused(made(name, moved), ("BAD_ROWS", "CYCLE_INDEX"), "OUT_OF_ORDER|cycle")
    one = outcome(made(name, moved), LabContract(unordered=True))
    assert isinstance(one, Reading)
    same_as_truth(one.points, ROWS)


@pytest.mark.parametrize("name", LAYOUTS)
def test_two_tests_in_one_file_are_not_one_test(name):
    rows = rows_of(name)
    shifted = [row[:] for row in rows[1:]]
    volts = rows[0].index(REQUIRED[name][1])
    for row in shifted:
        row[volts] = f"{float(row[volts]) + 0.001:.5f}"
    refused(made(name, rows + shifted), ("BAD_ROWS", "CYCLE_INDEX"), "next step")


@pytest.mark.parametrize("name", LAYOUTS)
def test_files_that_were_pasted_together_with_their_headings_are_refused(name):
    rows = rows_of(name)
    refused(made(name, rows + rows), ("REPEATED_HEADER",), "the headings of line")


@FEW
@given(
    NAMES,
    st.integers(1, ROWS),
    st.sampled_from(["NaN", "inf", "-inf", "1e400", "OVLD", "", "1,5x"]),
    st.integers(0, 2),
)
def test_what_is_no_number_is_quarantined_with_its_line_and_column(name, row, bad, which):
    if "," in bad and LAYOUTS[name][1] == ",":
        bad = "x"
    rows = rows_of(name)
    column = REQUIRED[name][which]
    place = rows[0].index(column)
    rows[row][place] = bad
    refused(made(name, rows), ("BAD_ROWS",), "NON_FINITE|NOT_A_NUMBER|NULL_REQUIRED")
    one = outcome(made(name, rows), TOLERANT)
    assert isinstance(one, Reading)
    assert one.quarantine.height == 1
    header_line = LAYOUTS[name][2].count("\n") + 1
    assert one.quarantine["line"][0] == header_line + row
    assert one.quarantine["column"][0] == column.lstrip("~")
    assert one.points.height == ROWS - 1


@FEW
@given(NAMES, st.integers(1, ROWS), st.sampled_from(["more", "less"]))
def test_a_row_with_another_number_of_fields_is_quarantined(name, row, kind):
    rows = rows_of(name)
    rows[row] = [*rows[row], "7"] if kind == "more" else rows[row][:-1]
    refused(made(name, rows), ("BAD_ROWS",), "FIELD_COUNT")
    assert outcome(made(name, rows), TOLERANT).quarantine["reason"].to_list() == ["FIELD_COUNT"]


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name in WITH_CLOCK])
def test_a_cycle_counter_that_is_no_whole_number_is_refused(name):
    column = next(column for column in rows_of(name)[0] if column.lower().startswith(("cyc", "cycle")))
    refused(made(name, multiplied(name, column, 6.283185307)), ("CYCLE_INDEX",), "whole numbers")


def test_a_cycle_counter_that_restarts_within_a_file_is_refused():
    rows = rows_of("arbin")
    place = rows[0].index("Cycle_Index")
    for row in rows[200:]:
        row[place] = "1"
    refused(made("arbin", rows), ("CYCLE_INDEX",), "cycle 1 after cycle 2")


def test_exchanged_counters_are_refused():
    rows = rows_of("arbin")
    charge, discharge = rows[0].index("Charge_Capacity(Ah)"), rows[0].index("Discharge_Capacity(Ah)")
    short = [row[:] for row in rows[:120]]
    short[0][charge], short[0][discharge] = short[0][discharge], short[0][charge]
    refused(made("arbin", short), ("SIGN",), "charge counter that grows while the current is negative")


def test_a_net_column_that_is_no_difference_is_refused():
    rows = rows_of("battery data format")[:120]
    refused(
        made(
            "battery data format",
            [
                [*row[:-1], row[-1] if place == 0 else f"{2 * float(row[-1]):.8g}"]
                for place, row in enumerate(rows)
            ],
        ),
        ("CAPACITY",),
        "net capacity of",
    )


def test_a_counter_per_gram_is_refused():
    rows = multiplied("landt", "discharge_capacity_Ah", 7.3)
    refused(made("landt", rows), ("CAPACITY",), "as the samples allow")


def sound(one: Reading, content: bytes, whole: bytes) -> None:
    """Finite numbers in order of time, no row that the file has not; below headings that are whole, a line
    that no damage touched shows what the truth says of it."""
    times = one.points["test_time_s"].to_numpy()
    assert (np.diff(times) >= 0).all()
    for word in REQUIRED_WORDS:
        assert one.points[word].null_count() == 0
        assert np.isfinite(one.points[word].to_numpy()).all(), word
    lines, undamaged = content.replace(b"\r\n", b"\n").split(b"\n"), whole.split(b"\n")
    assert one.rows_read < len(lines)
    above = len(undamaged) - 1 - ROWS
    if lines[:above] != undamaged[:above]:
        return
    rows = {line: row for row, line in enumerate(undamaged[above:-1])}
    told = [rows.get(lines[line - 1]) for line in one.points["line"]]
    untouched = pl.Series([row is not None for row in told])
    same_as(one.points.filter(untouched), TRUTH[[row for row in told if row is not None]])


@FEW
@given(
    NAMES,
    st.lists(
        st.tuples(st.floats(0, 0.999), st.binary(min_size=0, max_size=12), st.integers(0, 30)),
        min_size=1,
        max_size=5,
    ),
)
def test_damaged_bytes_end_in_a_refusal_or_in_a_reading_that_is_true_of_every_line_they_left(name, damages):
    content = made(name)
    for share, bytes_in, bytes_out in damages:
        place = int(share * len(content))
        content = content[:place] + bytes_in + content[place + bytes_out :]
    for contract in (STRICT, TOLERANT):
        one = outcome(content, contract)
        if isinstance(one, Reading):
            sound(one, content, made(name))
