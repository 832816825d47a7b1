"""Rows that are no points, records that are missing, and inputs without a sensor."""

import numpy as np
import polars as pl
import pytest

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.reconcile.sensors import at_end_of_range
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.ingest.lab.formats.test_neware_workbooks import workbook
from battery_assets_tests.worlds.lab_files.made_files import TRUTH, made, rows_of, same_as_truth, written


def with_columns(name: str, columns: dict[str, list]) -> list[list[str]]:
    """The made rows with columns more."""
    rows = rows_of(name)
    added = zip(*columns.values(), strict=True)
    return [[*rows[0], *columns], *([*row, *map(str, own)] for row, own in zip(rows[1:], added, strict=True))]


def with_cells(name: str, column: str, cells: dict[int, str]) -> list[list[str]]:
    """The made rows with other cells in some rows (1-based) of a column."""
    rows = rows_of(name)
    for row, cell in cells.items():
        rows[row][rows[0].index(column)] = cell
    return rows


def of_steps(rows: list[list[str]]) -> list[list[str]]:
    """One row a step: the last one."""
    last = TRUTH["step"].diff().shift(-1).fill_null(1).to_list()
    return [rows[0], *(row for row, moved in zip(rows[1:], last, strict=True) if moved)]


def test_rows_of_a_sweep_are_no_points(shared_data):
    one = read(shared_data / "cases_files/bio_sweeps_in_a_sequence.mpt")
    assert (one.rows_read, one.points.height, one.rows_quarantined) == (96, 60, 36)
    assert set(one.quarantine["reason"]) == {"IMPEDANCE_ROW"}
    assert one.points["charge_ah"][-1] == pytest.approx(0.0059, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "frequency", "impedance"),
    [
        ("biologic", "freq/Hz", "|Z|/Ohm"),
        ("biologic", "freq/Hz", "unnamed"),
        ("arbin", "Frequency(Hz)", "Zre(Ohm)"),
        ("battery data format", "Frequency / Hz", "Impedance / Ohm"),
    ],
)
def test_a_row_with_a_frequency_is_no_point_whatever_file_it_stands_in(name, frequency, impedance, tmp_path):
    sweep = [1e4 if 100 <= row < 110 else 0 for row in range(TRUTH.height)]
    one = read(written(tmp_path, made(name, with_columns(name, {frequency: sweep, impedance: sweep}))))
    assert one.points.height == TRUTH.height - 10
    assert one.quarantine["reason"].to_list() == ["IMPEDANCE_ROW"] * 10
    assert one.quarantine["value"].to_list() == ["10000.0"] * 10


def test_what_flowed_while_a_sweep_ran_is_the_counters(tmp_path):
    """Half of a charge is sweeps at rest: the counter stands still, and the current before is not integrated."""
    charging = TRUTH["kind"].to_list()
    first = charging.index("C")
    sweep = [1e4 if first + 10 <= row < first + 40 else 0 for row in range(TRUTH.height)]
    rows = with_columns("arbin", {"Frequency(Hz)": sweep, "Zre(Ohm)": sweep})
    place = rows[0].index("Charge_Capacity(Ah)")
    for row in rows[first + 41 :]:
        row[place] = f"{float(row[place]) - 31 / 60:.6f}"
    keep = [at for at, text in enumerate(rows[0]) if "Energy" not in text]
    rows = [[row[at] for at in keep] for row in rows]
    one = read(written(tmp_path, made("arbin", rows)))
    charged = TRUTH["charge_ah"][-1] - 31 / 60
    assert one.points["charge_ah"][-1] == pytest.approx(charged, abs=1e-5)
    assert one.moved()[0].ah == pytest.approx(charged, abs=1e-5)


def test_what_a_row_of_a_sweep_lacks_is_no_fault(tmp_path):
    sweep = [1e4 if row == 100 else 0 for row in range(TRUTH.height)]
    rows = with_columns("arbin", {"Frequency(Hz)": sweep, "Zre(Ohm)": sweep})
    rows[101][rows[0].index("Voltage(V)")] = ""
    one = read(written(tmp_path, made("arbin", rows)))
    assert (one.points.height, one.rows_quarantined) == (TRUTH.height - 1, 1)


def test_a_rate_of_sampling_is_no_sweep(tmp_path):
    rate = [10] * TRUTH.height
    one = read(written(tmp_path, made("arbin", with_columns("arbin", {"Frequency(Hz)": rate}))))
    same_as_truth(one.points)


def test_a_table_of_steps_is_no_test(shared_data):
    with pytest.raises(LabFileRefused, match=r"NO_POINTS.*one row a step or cycle.*V_Max_On_Cycle"):
        read(shared_data / "cases_files/arbin_StatisticByStep.CSV")


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("arbin", ("Min_Voltage (V)", "Max_Voltage (V)")),
        ("arbin", ("Vmax_On_Cycle(V)", "Charge_Time(s)")),
        ("neware", ("Onset Volt.(V)", "End Voltage(V)")),
        ("novonix", ("Mean Voltage (V)", "Coulombic Efficiency (%)")),
    ],
)
def test_summaries_of_other_makers_are_told_by_their_columns(name, columns, tmp_path):
    rows = of_steps(with_columns(name, {column: [1] * TRUTH.height for column in columns}))
    with pytest.raises(LabFileRefused, match=r"NO_POINTS.*table of summaries") as refusal:
        read(written(tmp_path, made(name, rows)))
    assert columns[0] in refusal.value.found


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("Cycle\tAH-IN\tAH-OUT\tT1_Start\tT1_End\tT1_Min\tT1_Max", "table of summaries.*T1_Start"),
        ("Cycle ID,Cap_Chg(mAh),Cap_DChg(mAh),Efficiency(%),Engy_Chg(mWh)", "table of summaries.*Cap_DChg"),
        ("Cycle Index,Charge Capacity(Ah),Discharge Capacity(Ah),Coulombic Efficiency", "table of summaries"),
        ("Channel,Start DateTime,Schedule File Name,Creator,Capacity(Ah)", "without measured points"),
    ],
)
def test_what_stands_beside_the_points_of_a_test_is_no_unknown_format(head, says, tmp_path):
    separator = "\t" if "\t" in head else ","
    row = separator.join("1" for _ in head.split(separator))
    with pytest.raises(LabFileRefused, match=rf"NO_POINTS.*{says}.*give the file with the points"):
        read(written(tmp_path, f"{head}\n{row}\n".encode()))


@pytest.mark.parametrize(
    "columns", [("Max Cell Voltage (V)", "Min Cell Voltage (V)"), ("T_max (C)", "T_min (C)")]
)
@pytest.mark.parametrize("name", ["arbin", "neware", "novonix"])
def test_points_beside_the_extremes_of_a_pack_are_points(name, columns, tmp_path):
    rows = with_columns(name, {column: [1] * TRUTH.height for column in columns})
    same_as_truth(read(written(tmp_path, made(name, rows))).points)


def test_a_column_of_efficiencies_alone_is_no_summary(tmp_path):
    efficiency = {"Coulombic Efficiency (%)": [99.0] * TRUTH.height}
    same_as_truth(read(written(tmp_path, made("pec", with_columns("pec", efficiency)))).points)


def test_a_record_that_a_library_lost_is_told(shared_data):
    one = read(shared_data / "cases_files/real_141_records.ndax")
    assert one.points.height == 140
    assert any("record numbers skip 1, first from 132 to 134" in finding for finding in one.findings)


@pytest.mark.parametrize("name", ["arbin", "maccor", "neware", "basytec"])
def test_records_that_are_not_in_the_file_are_told(name, tmp_path):
    rows = rows_of(name)
    one = read(written(tmp_path, made(name, rows[:50] + rows[53:])), LabContract(policy="tolerant"))
    assert any("record numbers skip 3, first from 49 to 53" in finding for finding in one.findings)


def test_an_export_of_every_fifth_record_says_so_and_misses_none(tmp_path):
    rows = rows_of("arbin")
    one = read(written(tmp_path, made("arbin", rows[:1] + rows[1::5])))
    assert any("record numbers rise by 5" in finding for finding in one.findings)
    assert not any("skip" in finding for finding in one.findings)


def test_an_open_thermocouple_is_no_temperature(shared_data):
    one = read(shared_data / "cases_files/open_thermocouple.bdf.csv")
    known = one.points["temperature_c"].drop_nulls()
    assert (known.len(), known.max()) == (20, 25.0)
    assert any(
        "what no cell survives, an input without a sensor (10 times)" in finding for finding in one.findings
    )


@pytest.mark.parametrize("shown", ["655.35", "3276.7", "1372.0", "-242.02", "-200", "-327.68", "0.0"])
@pytest.mark.parametrize("rows", [range(40, 60), range(1, 20), range(270, 291), [7]])
def test_the_end_of_an_inputs_range_is_no_temperature(shown, rows, tmp_path):
    cells = dict.fromkeys(rows, shown)
    one = read(written(tmp_path, made("arbin", with_cells("arbin", "Aux_Temperature_1(C)", cells))))
    known = one.points["temperature_c"].is_not_null()
    assert known.to_list() == [row not in cells for row in range(1, TRUTH.height + 1)]
    assert any("an input without a sensor" in finding for finding in one.findings)


@pytest.mark.parametrize("shown", ["850", "327.67", "-242.02"])
def test_an_input_that_is_open_all_the_time_has_no_temperature(shown, tmp_path):
    cells = dict.fromkeys(range(1, TRUTH.height + 1), shown)
    one = read(written(tmp_path, made("arbin", with_cells("arbin", "Aux_Temperature_1(C)", cells))))
    assert one.points["temperature_c"].null_count() == TRUTH.height


def test_a_cell_that_cools_through_zero_keeps_its_temperature(tmp_path):
    course = [f"{max(5.0 - 0.1 * row, -5.0):.1f}" for row in range(TRUTH.height)]
    cells = dict(enumerate(course, start=1))
    one = read(written(tmp_path, made("arbin", with_cells("arbin", "Aux_Temperature_1(C)", cells))))
    assert one.points["temperature_c"].null_count() == 0


def test_a_voltage_at_the_end_of_its_range_is_no_point(tmp_path):
    cells = dict.fromkeys(range(50, 60), "10.000")
    one = read(written(tmp_path, made("arbin", with_cells("arbin", "Voltage(V)", cells))))
    assert one.points["voltage_v"].max() < 5.0
    assert one.quarantine["reason"].to_list() == ["NO_SENSOR"] * 10
    assert any(
        "the end of an input's range, 10: these rows are left out" in finding for finding in one.findings
    )


@pytest.mark.parametrize(
    ("word", "values", "expected"),
    [
        ("voltage_v", [13.5, 13.5, 655.35, 13.5], [2]),
        ("voltage_v", [3.7, -10.0, 3.7], [1]),
        ("voltage_v", [8.2, 9.1, 10.0, 9.9], []),
        ("voltage_v", [10.0, 10.0], []),
        ("voltage_v", [3.7, 9.5, 3.7], []),
        ("current_a", [1.0, 10.0, 1.0], []),
        ("current_a", [1.0, 655.35, np.nan], [1]),
    ],
)
def test_only_what_stands_far_off_at_a_converters_end_is_overflow(word, values, expected):
    assert np.flatnonzero(at_end_of_range(np.array(values), word)).tolist() == expected


def test_a_workbook_of_summaries_alone_is_refused_and_beside_points_is_not(tmp_path):
    summary = [["Cycle_Index", "Test_Time(s)", "Current(A)", "Voltage(V)", "Charge_Capacity(Ah)", "Charge_Time(s)",
                "Vmax_On_Cycle(V)"], ["1", "600", "1", "4.1", "1", "0", "4.2"]]  # fmt: skip
    with pytest.raises(LabFileRefused, match=r"NO_POINTS.*Vmax_On_Cycle"):
        read(workbook(tmp_path / "a.xlsx", {"Statistics_1-008": summary}))
    both = read(
        workbook(tmp_path / "b.xlsx", {"Statistics_1-008": summary, "Channel_1-008": rows_of("arbin")})
    )
    same_as_truth(both.points)


def test_the_made_test_has_no_sentinel_itself():
    assert not at_end_of_range(TRUTH["voltage"].to_numpy(), "voltage_v").any()
    assert TRUTH["temperature"].dtype == pl.Float64


@pytest.mark.parametrize(
    "shown", ["-99.0", "-100", "85.0", "99.9", "100.0", "OL", "NC", "Overflow", "---", "#N/A"]
)
def test_a_code_or_a_word_of_an_open_input_is_no_temperature_and_no_fault(shown, tmp_path):
    cells = dict.fromkeys(range(40, 60), shown)
    one = read(written(tmp_path, made("arbin", with_cells("arbin", "Aux_Temperature_1(C)", cells))))
    known = one.points["temperature_c"].is_not_null()
    assert known.to_list() == [row not in cells for row in range(1, TRUTH.height + 1)]
    assert any("an input without a sensor (20 times)" in finding for finding in one.findings)
    assert one.quarantine.is_empty()


def test_a_cell_that_warms_through_85_degrees_keeps_its_temperature(tmp_path):
    course = [f"{min(80.0 + 0.5 * row, 100.0):.1f}" for row in range(TRUTH.height)]
    cells = dict(enumerate(course, start=1))
    one = read(written(tmp_path, made("arbin", with_cells("arbin", "Aux_Temperature_1(C)", cells))))
    assert one.points["temperature_c"].null_count() == 0
