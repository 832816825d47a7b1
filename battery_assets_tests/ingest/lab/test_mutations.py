"""Whatever is done to a file, no wrong number is loaded in silence: equal points, quarantine, or a refusal
that says what is wrong and what to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.reading import Reading
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.worlds.lab_files.made_files import (
    LAYOUTS,
    SIGNED,
    made,
    rows_of,
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
