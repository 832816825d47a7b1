"""Every refused file says what to do about it, and never what was done already."""

import re

import pytest

from battery_assets import tables as t
from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.exports.landing import landing_files
from battery_assets.ingest.exports.tables import read_table
from battery_assets.ingest.files.advice import MARK, STEPS, apart, next_step, with_step
from battery_assets.ingest.files.problems import FILE_REASONS, FileRefused
from battery_assets_tests.worlds.readings import HEADER, NOW, good, sample


@pytest.fixture
def refused(tmp_path):
    """The words of a file that is refused, by its text and the terms it is read under."""

    def reason(text: str | bytes, name: str = "telemetry_jar_raw.csv", **terms) -> str:
        path = tmp_path / "bkk" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        table = t.user if name.startswith("user") else t.telemetry_jar_raw
        reading = read_table(landing_files(tmp_path, "bkk")[0], table, None, SourceContract(**terms), now=NOW)
        path.unlink()
        return reading.files["reason"][0]

    return reason


def test_every_reason_has_its_step():
    assert STEPS.keys() == FILE_REASONS.keys()
    for reason, step in STEPS.items():
        assert MARK in with_step(FileRefused(reason, "found"))
        assert not re.search(r"[.;]$", step), reason


def test_a_step_that_was_told_is_not_told_again():
    told = FileRefused("BAD_ROWS", "3 rows; next step: wait")
    assert with_step(told) == str(told)


@pytest.mark.parametrize(
    ("text", "terms", "first", "then"),
    [
        (good().replace("battery_id", "jar"), {"rename": (("volts", "voltage_v"),)}, "--contract 'rename=",
         "complete the term rename, which says volts:voltage_v now"),
        (good().replace(",", ";"), {"separator": "\t"}, "--contract 'separator=;'", "correct the term separator"),
        (good().rstrip("\n"), {"final_newline": "required"}, "final_newline=optional", "final_newline=optional"),
        (HEADER + sample(voltage="1351.2") * 3, {"units": (("voltage_v", "x10"),)}, "units=telemetry_jar_raw.voltage_v:UNIT",
         "its unit is declared as x10"),
    ],
)  # fmt: skip
def test_what_was_given_is_not_advised_again(refused, text, terms, first, then):
    assert first in refused(text, timezone="UTC")
    again = refused(text, timezone="UTC", **terms)
    assert then in again
    assert first == then or first not in again
    assert "--timezone" not in again


def test_a_zone_is_advised_where_none_was_given(refused):
    assert refused(good()).endswith(f"{MARK}say where its times were taken: --timezone Asia/Bangkok")


def test_a_bad_row_is_told_by_line_column_value_and_what_is_allowed(refused):
    told = refused(HEADER + sample(1) + sample(2, voltage="-1.38") * 3, timezone="UTC")
    assert told.startswith("TOO_MANY_BAD_ROWS: 3 of 4 rows are bad; mostly OUT_OF_RANGE (3); first: line 3, ")
    assert "column voltage_v: OUT_OF_RANGE '-1.38' (allowed: 0 to 99.999 V" in told


@pytest.mark.parametrize(
    "text",
    ["7,some.body@example.org,Some Body,boss\n8,some.body@example.org,Some Body,boss\n",
     "user_id,email,name,role,created_at,updated_at\nsome.body@example.org,a,Some Body,x,2024-01-01T00:00Z,b\n",
     "email,email\nSome Body,1\n"],
)  # fmt: skip
def test_nothing_of_how_to_reach_people_stands_in_the_reason(refused, text):
    told = refused(text, "user.csv")
    assert "ome" not in told.replace("some", "") and "@" not in told, told
    assert MARK in told


def test_several_files_with_one_step_are_told_it_once():
    lines, step = apart([f"a: X{MARK}do this", f"b: Y{MARK}do this", f"c: Z{MARK}do that", "d: W"])
    assert lines == ["a: X", "b: Y", "c: Z", "d: W"]
    assert step == "do this; do that"


def test_next_steps_name_terms_that_there_are():
    terms = SourceContract.__dataclass_fields__.keys()
    for reason in STEPS:
        for named in re.findall(r"--contract '?(\w+)=", next_step(FileRefused(reason, ""))):
            assert named in {*terms, "KEY"}, reason
