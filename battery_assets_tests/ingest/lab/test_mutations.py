"""Whatever is done to a file, no wrong number is loaded in silence: equal points, quarantine, or a refusal
that says what is wrong and what to do."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from battery_assets.ingest.files.problems import FILE_REASONS, ROW_REASONS, FileRefused
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects.vocabulary import REQUIRED as REQUIRED_WORDS
from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.reading import Reading
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.worlds.lab_files.made_files import (
    CAPACITY_AH,
    LAYOUTS,
    SIGNED,
    TRUTH,
    WITH_CLOCK,
    WITH_RECORD,
    made,
    rows_of,
    same_as,
    same_as_truth,
)

FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
TOLERANT = LabContract(policy="tolerant", nominal_capacity_ah=CAPACITY_AH)
STRICT = LabContract(nominal_capacity_ah=CAPACITY_AH)
ROWS = TRUTH.height
NAMES = st.sampled_from(sorted(LAYOUTS))
REQUIRED = {
    "battery data format": ("Test Time / s", "Voltage / V", "Current / A"),
    "arbin": ("Test_Time(s)", "Voltage(V)", "Current(A)"),
    "maccor": ("TestTime", "Volts", "Amps"),
    "neware": ("Total Time", "Voltage(V)", "Current(mA)"),
    "biologic": ("time/s", "Ecell/V", "I/mA"),
    "basytec": ("~Time[s]", "U[V]", "I[A]"),
    "novonix": ("Run Time (h)", "Potential (V)", "Current (A)"),
    "pec": ("Total Time (Hours in hh:mm:ss.xxx)", "Voltage (V)", "Current (A)"),
    "landt": ("test_time_s", "voltage_V", "current_A"),
}


def known(refusal: FileRefused) -> LabFileRefused:
    """A refusal whose reason is one of the listed ones."""
    assert refusal.reason in FILE_REASONS
    assert isinstance(refusal, LabFileRefused) or refusal.reason in ("CSV_SYNTAX", "LIMIT")
    return refusal


def outcome(content: bytes, contract: LabContract) -> Reading | LabFileRefused:
    """The reading, or the refusal; nothing else may ever come out."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        try:
            one = read(path, contract)
        except FileRefused as refusal:
            return known(refusal)
    assert set(one.quarantine["reason"]) <= ROW_REASONS.keys()
    return one


def refused(content: bytes, reasons: tuple[str, ...], says: str, contract: LabContract = STRICT) -> None:
    found = outcome(content, contract)
    assert isinstance(found, LabFileRefused), f"loaded: {found}"
    assert found.reason in reasons, str(found)
    assert re.search(says, str(found)), str(found)
    assert found.next_step


def multiplied(name: str, column: str, factor: float) -> list[list[str]]:
    rows = rows_of(name)
    place = rows[0].index(column)
    for row in rows[1:]:
        row[place] = f"{float(row[place]) * factor:.10g}"
    return rows


@FEW
@given(NAMES, st.floats(0, 1))
def test_a_truncated_file_gives_whole_rows_of_the_truth_or_a_refusal(name, share):
    content = made(name)
    cut = int(share * len(content))
    strict, tolerant = (
        outcome(content[:cut], LabContract()),
        outcome(content[:cut], LabContract(policy="tolerant")),
    )
    if isinstance(strict, LabFileRefused):
        assert strict.reason in (
            "EMPTY_FILE",
            "UNKNOWN_DIALECT",
            "NO_ROWS",
            "TRUNCATED",
            "MISSING_COLUMN",
            "TIME_SCALE",
            "UNIT",
        )
    for one in (strict, tolerant):
        if isinstance(one, Reading):
            same_as_truth(one.points)
            assert one.rows_read - one.points.height <= 1
    if isinstance(strict, Reading) and not content[:cut].endswith(b"\n"):
        assert any("last line has no end" in finding for finding in strict.findings)


@FEW
@given(NAMES, st.randoms(use_true_random=False))
def test_the_order_of_the_columns_does_not_matter(name, random):
    rows = rows_of(name)
    order = list(range(len(rows[0])))
    random.shuffle(order)
    straight, shuffled = (
        outcome(made(name), STRICT),
        outcome(made(name, [[row[place] for place in order] for row in rows]), STRICT),
    )
    assert isinstance(shuffled, Reading)
    assert shuffled.points.equals(straight.points)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_required_column_that_is_gone_refuses_the_file_by_name(name):
    for column in REQUIRED[name]:
        rows = rows_of(name)
        place = rows[0].index(column)
        without = [row[:place] + row[place + 1 :] for row in rows]
        refused(
            made(name, without),
            ("MISSING_COLUMN", "UNKNOWN_DIALECT"),
            "expected (also|those of a known cycler)",
        )


@FEW
@given(NAMES, st.data())
def test_any_other_column_that_is_gone_changes_no_other_number(name, data):
    rows = rows_of(name)
    optional = [column for column in rows[0] if column not in REQUIRED[name]]
    place = rows[0].index(data.draw(st.sampled_from(optional)))
    one = outcome(made(name, [row[:place] + row[place + 1 :] for row in rows]), STRICT)
    if isinstance(one, Reading):
        same_as_truth(one.points)
    else:
        # A signature column: then the layout is not known; State: then nothing tells charge from discharge;
        # the clock, where the time's unit is not written.
        assert one.reason in ("UNKNOWN_DIALECT", "SIGN", "TIME_SCALE")


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_flipped_sign_is_refused_or_has_no_meaning(name):
    column = next(
        column for column in REQUIRED[name] if column.lstrip("~").lower().startswith(("current", "amps", "i"))
    )
    flipped = made(name, multiplied(name, column, -1.0))
    if name in SIGNED:
        refused(flipped, ("SIGN",), "positive current charges")
        turned = outcome(flipped, LabContract(current_sign="positive discharges"))
        assert isinstance(turned, Reading)
        same_as_truth(turned.points)
        assert any("turned round" in finding for finding in turned.findings)
    else:
        same_as_truth(outcome(flipped, STRICT).points)


def test_magnitudes_without_a_step_type_are_refused_because_a_discharge_would_look_like_a_charge():
    rows = rows_of("maccor")
    place = rows[0].index("State")
    without = made("maccor", [row[:place] + row[place + 1 :] for row in rows])
    refused(without, ("SIGN",), "no step type.*State or Md")


def test_an_unknown_step_type_with_a_current_is_not_guessed():
    rows = rows_of("maccor")
    place = rows[0].index("State")
    rows[20][place] = "Q"
    refused(made("maccor", rows), ("BAD_ROWS",), "line 22, step_type: UNKNOWN_STEP_TYPE 'Q'")


@pytest.mark.parametrize("name", ["battery data format", "arbin", "novonix", "landt"])
@pytest.mark.parametrize("factor", [1e3, 1e-3, 60.0, 1 / 3600])
def test_a_time_in_another_unit_than_its_heading_says_contradicts_the_clock(name, factor):
    column = REQUIRED[name][0]
    refused(
        made(name, multiplied(name, column, factor)),
        ("TIME_SCALE",),
        "of wall clock for each second of test time",
    )


@pytest.mark.parametrize("factor", [1e3, 1e-3])
def test_without_a_clock_the_counters_contradict_a_wrong_time(factor):
    rows = multiplied("basytec", "~Time[s]", factor)
    place = rows[0].index("t-Step[s]")
    rows = [row[:place] + row[place + 1 :] for row in rows]
    refused(made("basytec", rows), ("SCALE",), "times as much; expected the same", LabContract())


def test_without_clock_and_counters_the_nominal_capacity_contradicts_or_the_finding_stays():
    keep = ("Test Time / s", "Voltage / V", "Current / A")
    rows = multiplied("battery data format", keep[0], 1e3)
    places = [rows[0].index(column) for column in keep]
    bare = made("battery data format", [[row[place] for place in places] for row in rows])
    refused(bare, ("SCALE",), "a swing of 1000 Ah")
    trusting = outcome(bare, LabContract())
    assert isinstance(trusting, Reading)
    assert any("unproven: no wall clock" in finding for finding in trusting.findings)


@pytest.mark.parametrize("name", ["battery data format", "arbin", "basytec", "novonix", "pec", "landt"])
@pytest.mark.parametrize("factor", [1e3, 1e-3])
def test_milliamperes_that_are_called_amperes_contradict_the_counters(name, factor):
    refused(
        made(name, multiplied(name, REQUIRED[name][2], factor)),
        ("SCALE",),
        "in the (dis)?charge counter|C\\) and a swing",
    )


def test_millivolts_that_are_called_volts_are_no_cell():
    refused(made("novonix", multiplied("novonix", "Potential (V)", 1e3)), ("SCALE",), "probably millivolts")


def test_volts_that_are_called_millivolts_contradict_the_energy():
    rows = rows_of("arbin")
    rows[0][rows[0].index("Voltage(V)")] = "Voltage(mV)"
    refused(made("arbin", rows), ("SCALE",), "Wh for .* Ah")


def test_kelvin_called_celsius_is_refused():
    rows = rows_of("novonix")
    place = rows[0].index("Temperature (°C)")
    for row in rows[1:]:
        row[place] = "298.15"
    refused(made("novonix", rows), ("SCALE",), "probably kelvin")


@pytest.mark.parametrize(
    ("column", "unit", "factor"),
    [
        ("Voltage / V", "Voltage / mV", 1e3),
        ("Current / A", "Current / mA", 1e3),
        ("Test Time / s", "Test Time / h", 1 / 3600),
    ],
)
def test_another_unit_that_the_heading_names_is_converted(column, unit, factor):
    rows = multiplied("battery data format", column, factor)
    rows[0][rows[0].index(column)] = unit
    one = outcome(made("battery data format", rows), STRICT)
    same_as_truth(one.points)


@pytest.mark.parametrize("unit", ["Voltage / parsec", "Voltage / A", "Voltage"])
def test_a_heading_without_a_unit_of_its_quantity_is_refused(unit):
    rows = rows_of("battery data format")
    rows[0][rows[0].index("Voltage / V")] = unit
    refused(made("battery data format", rows), ("UNIT", "MISSING_COLUMN"), "voltage")


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
