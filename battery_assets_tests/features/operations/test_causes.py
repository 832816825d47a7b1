"""Faults that the generator makes are one incident each, and the incident names them.

`python -m battery_assets_tests.worlds.incidents.causes` prints the whole matrix; here are a month or two of each.
Codes that the generator has no fault for are in `test_incidents`.
"""

from collections import Counter

import pytest

from battery_assets_tests.worlds.incidents.causes import CAUSES_OF, MARKS, PAGE, Judged, judged, table, write
from battery_assets_tests.worlds.incidents.fault_months import small_site

# Sites and months in which the generator's sites of `small_site` have the fault.
FAULTS = [
    ("strap", 13, ["2025-01"]),
    ("cell_short", 6, ["2025-11"]),
    ("thermal_runaway", 12, ["2028-03"]),
    ("overcharge", 8, ["2025-08", "2025-09"]),
    ("open_diode", 5, ["2026-07"]),
    ("capacitor", 3, ["2025-03", "2025-04"]),
    ("worn string", 7, ["2025-06"]),
]


@pytest.mark.parametrize(("fault", "seed", "months"), FAULTS, ids=[name for name, _, _ in FAULTS])
def test_a_fault_is_one_incident_that_names_it(fault, seed, months):
    found = judged(small_site(seed), months)
    pairs = found.pairs
    named = [code for truth, code in pairs if truth == fault]
    assert named and set(named) <= set(CAUSES_OF[fault]), pairs
    # An overcharged string is hot besides: heat is an incident of its own.
    assert found.more == 0 or fault == "overcharge"
    # No sound jar is called shorted or broken, and nothing else is called what this fault is.
    wrong = [(truth, code) for truth, code in pairs if code in ("CELL-SHORT", "THERMAL-RUNAWAY")]
    assert all(code in CAUSES_OF.get(truth, ()) for truth, code in wrong), pairs


def test_the_matrix_counts_what_was_named_rightly_and_what_was_missed(tmp_path):
    pairs = [("strap", "OPEN-WELD"), ("strap", "none"), ("sound", "OPEN-WELD"), ("nothing", "HVAC")]
    text = table(Judged(Counter(pairs), more=2, orders=3, ends=2, found=1))
    lines = text.splitlines()
    assert lines[0] == "| truth | HVAC | OPEN-WELD | none | right |"
    assert "| strap |  | 1 | 1 | 1 of 2 |" in lines
    assert "| *right of those named so* | 0 of 1 | 1 of 2 | | |" in lines
    assert lines[-1].startswith("Incidents beyond the first of one fault: 2. Work orders: 3 for 2 true ends")
    page = tmp_path / "page.md"
    page.write_text(f"before\n{MARKS[0]}\nold\n{MARKS[1]}\nafter\n")
    write(text, page)
    assert page.read_text() == f"before\n{MARKS[0]}\n{text}\n{MARKS[1]}\nafter\n"
    assert all(mark in PAGE.read_text(encoding="utf-8") for mark in MARKS)
