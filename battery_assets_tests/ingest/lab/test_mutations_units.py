"""A unit, a time or a sign that the heading does not have never becomes another number."""

import pytest

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.reading import Reading
from battery_assets_tests.worlds.lab_files.made_files import (
    made,
    rows_of,
    same_as_truth,
)
from battery_assets_tests.worlds.lab_files.mutated import REQUIRED, STRICT, multiplied, outcome, refused


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
