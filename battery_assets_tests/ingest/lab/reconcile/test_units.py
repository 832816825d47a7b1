"""Units that a file states elsewhere, and columns that are not read: used, named, never guessed."""

import pytest

from battery_assets.ingest.exports.contract import ContractError
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects.headings import heading
from battery_assets.ingest.lab.dialects.vocabulary import factor, zero
from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.worlds.lab_files.made_files import TRUTH, made, rows_of, same_as_truth, written


def renamed(name: str, old: str, new: str, change=str) -> list[list[str]]:
    """The made rows with one column under another heading, its cells changed."""
    rows = rows_of(name)
    place = rows[0].index(old)
    return [
        [*row[:place], new if at == 0 else change(row[place]), *row[place + 1 :]]
        for at, row in enumerate(rows)
    ]


def with_units(name: str, old: str, unit, behind: str = "Units") -> list[list[str]]:
    """The made rows with a column of units behind a column whose heading names none."""
    rows = renamed(name, old, old.split("(")[0].split("[")[0])
    place = rows[0].index(old.split("(")[0].split("[")[0])
    cells = [behind, *(unit(number) for number in range(len(rows) - 1))]
    return [[*row[: place + 1], cell, *row[place + 1 :]] for row, cell in zip(rows, cells, strict=True)]


def test_kelvin_is_read(shared_data):
    one = read(shared_data / "cases_files/kelvin.bdf.csv")
    assert one.points["temperature_c"].to_list() == [25.0] * 30


@pytest.mark.parametrize(
    ("unit", "shown"),
    [
        ("K", lambda c: c + 273.15),
        ("kelvin", lambda c: c + 273.15),
        ("degF", lambda c: c * 9 / 5 + 32),
        ("°C", float),
    ],
)
def test_temperatures_of_other_scales_are_celsius(unit, shown, tmp_path):
    rows = renamed(
        "battery data format",
        "Ambient Temperature / degC",
        f"Ambient Temperature / {unit}",
        lambda cell: f"{shown(float(cell)):.6f}",
    )
    one = read(written(tmp_path, made("battery data format", rows)))
    assert one.points["temperature_c"].to_list() == pytest.approx(TRUTH["temperature"].to_list(), abs=1e-5)


def test_kelvin_called_celsius_can_be_declared(tmp_path):
    rows = renamed(
        "novonix", "Temperature (°C)", "Temperature (°C)", lambda cell: f"{float(cell) + 273.15:.2f}"
    )
    one = read(
        written(tmp_path, made("novonix", rows)),
        LabContract(columns=(("Temperature (°C)", "temperature_c", "K"),)),
    )
    assert one.points["temperature_c"].to_list() == pytest.approx(TRUTH["temperature"].to_list(), abs=0.01)


@pytest.mark.parametrize("unit", ["K", "Kelvin", "degk", "°K", "\ufffdK"])
def test_kelvin_is_told_by_any_of_its_names(unit):
    assert 300 * factor(unit, "temperature") + zero(unit, "temperature") == pytest.approx(26.85)


def test_volts_beside_an_auxiliary_input_are_no_temperature(shared_data):
    one = read(shared_data / "cases_files/maccor_aux_in_volts.txt")
    assert one.points["temperature_c"].null_count() == one.points.height
    assert any("'Aux #1' in 'V', not read as temperature_c" in finding for finding in one.findings)


def test_words_in_an_input_that_is_not_read_are_no_fault(tmp_path):
    rows = renamed("maccor", "Temp 1", "Aux #1", lambda cell: "OVLD" if cell.endswith("1") else cell)
    place = rows[0].index("Aux #1")
    rows = [[*row[: place + 1], "V" if at else "Units", *row[place + 1 :]] for at, row in enumerate(rows)]
    same_as_truth(read(written(tmp_path, made("maccor", rows))).points)


@pytest.mark.parametrize("behind", ["Units", "Unit", "Aux #1 Units"])
def test_a_unit_in_the_cells_beside_is_the_columns(behind, tmp_path):
    rows = renamed("maccor", "Temp 1", "Aux #1", lambda cell: f"{float(cell) * 1.8 + 32:.4f}")
    place = rows[0].index("Aux #1")
    rows = [[*row[: place + 1], " F " if at else behind, *row[place + 1 :]] for at, row in enumerate(rows)]
    one = read(written(tmp_path, made("maccor", rows)))
    assert one.points["temperature_c"].to_list() == pytest.approx(TRUTH["temperature"].to_list(), abs=1e-3)


def test_units_that_change_on_the_way_are_no_unit(tmp_path):
    rows = with_units("arbin", "Voltage(V)", lambda number: "V" if number % 2 else "mV")
    with pytest.raises(
        LabFileRefused, match=r"UNIT.*'Voltage' in 'mV and V'.*declare it: --column 'Voltage=voltage_v:UNIT'"
    ):
        read(written(tmp_path, made("arbin", rows)))


def test_milliamperes_in_the_heading_are_read_and_millivolts_without_one_are_refused(shared_data):
    path = shared_data / "cases_first_use/lab/maccor_milli.txt"
    with pytest.raises(LabFileRefused, match=r"SCALE.*probably millivolts.*voltage_v.*mV"):
        read(path)
    one = read(path, LabContract(columns=(("Volts", "voltage_v", "mV"),)))
    assert one.source.reader == "maccor"
    assert 2.0 < one.points["voltage_v"].min() < one.points["voltage_v"].max() < 5.0
    assert one.points["current_a"].abs().max() == 1.0
    assert one.points["cycle_count"].null_count() == 0


@pytest.mark.parametrize(("old", "new"), [("Amps", "mAmps"), ("Volts", "mVolts")])
def test_a_prefix_in_the_heading_is_a_unit(old, new, tmp_path):
    rows = renamed("maccor", old, new, lambda cell: f"{1e3 * float(cell):.4f}")
    same_as_truth(read(written(tmp_path, made("maccor", rows))).points)


def test_declared_columns_correct_a_known_dialect(tmp_path):
    rows = renamed("neware", "Voltage(V)", "Spannung", lambda cell: f"{1e3 * float(cell):.3f}")
    path = written(tmp_path, made("neware", rows))
    with pytest.raises(LabFileRefused, match=r"MISSING_COLUMN.*voltage_v"):
        read(path)
    one = read(path, LabContract(columns=(("Spannung", "voltage_v", "mV"),)))
    assert one.source.reader == "neware"
    same_as_truth(one.points)
    assert one.points["charge_ah"].null_count() == 0


@pytest.mark.parametrize("name", ["maccor", "battery data format"])
def test_what_a_lab_declares_of_some_files_leaves_its_others_alone(name, tmp_path):
    one = read(written(tmp_path, made(name)), LabContract(columns=(("Spannung", "voltage_v", "mV"),)))
    assert one.source.reader == name
    assert "declared columns that this file does not have: Spannung" in one.findings
    same_as_truth(one.points)


def test_a_unit_of_another_quantity_is_no_declaration():
    with pytest.raises(ContractError, match=r"'Volts' in 'A', which is no unit of voltage"):
        LabContract(columns=(("Volts", "voltage_v", "A"),))


def test_columns_are_declared_for_parquet_too(tmp_path):
    frame = TRUTH.select(t="time", u=1e3 * TRUTH["voltage"], i=1e3 * TRUTH["current"], z="temperature")
    frame.write_parquet(tmp_path / "own.parquet")
    columns = (("t", "test_time_s", "s"), ("u", "voltage_v", "mV"), ("i", "current_a", 1e-3))
    one = read(tmp_path / "own.parquet", LabContract(columns=columns))
    same_as_truth(one.points)
    assert "columns that are not read: z" in one.findings


def test_every_column_that_is_not_read_is_named(tmp_path):
    rows = rows_of("arbin")
    more = [
        [*row, "Pressure (kPa)" if at == 0 else "101.3", "Room (Ohm)" if at == 0 else "x"]
        for at, row in enumerate(rows)
    ]
    one = read(written(tmp_path, made("arbin", more)))
    assert "columns that are not read: Pressure (kPa), Room (Ohm)" in one.findings
    same_as_truth(one.points)


def test_facts_are_read_under_a_decimal_comma(shared_data):
    one = read(shared_data / "cases_files/bio_german_capacity.mpt")
    assert (one.declared.nominal_capacity_ah, one.declared.protocol) == (1.3, None)


@pytest.mark.parametrize(
    ("words", "comma", "expected"),
    [
        ("2,600 A.h", True, 2.6),
        ("2.600 A.h", False, 2.6),
        ("120.000 µA.h", False, 120e-6),
        ("1.234,5 mA.h", True, 1.2345),
        ("1,234.5 mA.h", False, 1.2345),
        ("1,300 A.h", False, None),
    ],
)
def test_a_capacity_is_read_as_the_file_writes_numbers(words, comma, expected, tmp_path):
    rows = rows_of("biologic")
    if comma:
        rows[1:] = [[cell.replace(".", ",") for cell in row] for row in rows[1:]]
    content = made("biologic", rows).replace(
        b"EC-Lab ASCII FILE\n", f"EC-Lab ASCII FILE\nBattery capacity : {words}\n".encode()
    )
    one = read(written(tmp_path, content))
    assert one.declared.nominal_capacity_ah == (None if expected is None else pytest.approx(expected))


def test_the_mean_of_a_heading_may_stand_in_its_angles(shared_data):
    one = read(shared_data / "cases_files/bio_average_heading.mpt")
    assert (one.points.height, one.points["voltage_v"].max()) == (30, 3.558)


@pytest.mark.parametrize(("words", "slug", "unit"), [("<Ewe-Ece/V>", "ewe_ece", "V"), ("<I/mA>", "i", "mA")])
def test_other_means_are_read_so_too(words, slug, unit):
    assert (heading(words, 0).slug, heading(words, 0).unit) == (slug, unit)


@pytest.mark.parametrize("name", ["neware", "arbin", "landt"])
def test_a_step_time_that_runs_on_with_the_test_is_counted_from_each_step(name, tmp_path):
    rows = rows_of(name)
    test, step = (
        next(at for at, text in enumerate(rows[0]) if text.lower().startswith(start))
        for start in (("total time", "test_time"), ("time", "step_time"))
    )
    for row in rows[1:]:
        row[step] = row[test]
    one = read(written(tmp_path, made(name, rows)))
    assert one.points["step_time_s"].to_list() == pytest.approx(TRUTH["step_time"].to_list())
    assert any("the step's time runs on" in finding for finding in one.findings)
