"""Every real file is loaded with the right rows, charge and sign, or refused with a reason that helps."""

import functools
from pathlib import Path

import numpy as np
import pytest

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.file_table import COLUMNS, files, markdown, row
from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.reading import Reading
from battery_assets.ingest.lab.reconcile.joined import joined
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.worlds.lab_files.discharged import discharge_capacities

# file: dialect, rows, cycle numbers, Ah charged and discharged as the cycler's own counters say.
LOADED = {
    "bdf/SINTEF__LiGrR2032__2024-04-30__25degC__Landt.bdf.csv": (
        "battery data format",
        25162,
        None,
        0.0032,
        0.0076,
    ),
    "bdf/SINTEF__LiGrR2032__2024-04-30__25degC__Landt.csv": ("landt", 25162, 2, 0.0032, 0.0076),
    "beep/2017-05-09_test-TC-contact_CH33.csv": ("arbin", 287, None, 0.60309, 0.0),
    "beep/PredictionDiagnostics_000109_tztest.010": ("maccor", 2165, 4, 6.78033, 6.04589),
    "cellpy/20160805_test001_45_cc_01.res": ("arbin", 10261, 18, 0.026761, 0.025961),
    "cellpy/Test25205.csv": ("pec", 489, 1, 1.2e-5, 2.1e-5),
    "cellpy/maccor_001.txt": ("maccor", 6704, 1, 17.6236, 17.36311),
    "cellpy/maccor_002.txt": ("maccor", 7446, 2, 0.00471871, 0.00450493),
    "cellpy/neware_uio.csv": ("neware", 9065, 4, 0.0177688, 0.0207441),
    "pyprobe/Sample_data_biologic_CA1.txt": ("biologic", 1397, 1, 0.0, 0.0323714),
    "pyprobe/sample_data_arbin.csv": ("arbin", 13, 1, 0.000400839, 2.04379e-5),
    "pyprobe/sample_data_basytec.txt": ("basytec", 74, 2, 0.00124892, 0.0),
    "pyprobe/sample_data_maccor.csv": ("maccor", 15, 1, 0.024, 0.0),
    "pyprobe/sample_data_novonix.csv": ("novonix", 207, 1, 1.70653, 0.0),
}
REFUSED = {
    "bdf/DLR__LiLNMOHydra0b__20221125__POCV__25degC__Basytec.bdf.csv": ("TIME_SCALE", "16.8 years"),
    "bdf/sample.bdf.csv": ("TRUNCATED", "line 4, Current / A"),
    "beep/2017-05-09_test-TC-contact_CH33_Metadata.csv": ("NO_POINTS", "without measured points"),
    "cellpy/custom_good_small.csv": ("UNKNOWN_DIALECT", "'date_stamp'"),
    "cellpy/custom_missing_column.csv": ("UNKNOWN_DIALECT", "'date_stamp'"),
    "cellpy/custom_nan_inf.csv": ("UNKNOWN_DIALECT", "'date_stamp'"),
    "cellpy/custom_truncated.csv": ("UNKNOWN_DIALECT", "'date_stamp'"),
    "pyprobe/Experiment_Record.xlsx": ("UNKNOWN_DIALECT", "'Chemistry'"),
}
# Rows of an impedance sweep: 61 of 74 are no points.
SET_ASIDE = "beep/maccor_test_file_4267-66-6519.041"
CUSTOM = LabContract(
    columns=(
        ("test_time", "test_time_s", 1.0),
        ("voltage", "voltage_v", 1.0),
        ("current", "current_a", 1e-3),
        ("cycle", "cycle_count", 1.0),
        ("charge_capacity", "charge_ah", 1e-3),
        ("discharge_Capacity", "discharge_ah", 1e-3),
    )
)


@functools.cache
def plainly(path) -> Reading:
    """A file read once for all tests, without a contract."""
    return read(path)


@pytest.fixture(scope="module")
def cyclers(shared_data):
    return shared_data / "cyclers"


def test_no_file_is_forgotten(cyclers):
    found = {str(path.relative_to(cyclers)) for path in files([cyclers])}
    assert found == LOADED.keys() | REFUSED.keys() | {SET_ASIDE}


@pytest.mark.parametrize("name", LOADED)
def test_a_real_file_has_its_rows_its_charge_and_its_sign(name, cyclers):
    dialect, rows, cycles, charged, discharged = LOADED[name]
    one = plainly(cyclers / name)
    assert one.source.reader == dialect
    assert (one.rows_read, one.rows_loaded, one.rows_quarantined) == (rows, rows, 0)
    assert one.cycles == cycles
    assert one.points["charge_ah"][-1] == pytest.approx(charged, rel=1e-4, abs=1e-9)
    assert one.points["discharge_ah"][-1] == pytest.approx(discharged, rel=1e-4, abs=1e-9)
    current = one.points["current_a"]
    assert (current > 0).any() == (charged > 1e-4)
    assert (np.diff(one.points["test_time_s"].to_numpy()) >= 0).all()


# Where the current is logged finely enough, our integral is the cycler's counter within half a per cent.
@pytest.mark.parametrize(
    "name", [name for name in LOADED if "SINTEF" not in name and "Test25205" not in name]
)
def test_our_integral_is_the_cyclers_counter(name, cyclers):
    one = plainly(cyclers / name)
    largest = max(one.points["charge_ah"][-1], one.points["discharge_ah"][-1])
    share = 0.06 if "sample_data_arbin" in name or "sample_data_maccor" in name else 0.005
    for counter, integral in zip(("charge_ah", "discharge_ah"), one.moved(), strict=True):
        assert integral.ah == pytest.approx(one.points[counter][-1], abs=share * largest)


def test_a_current_written_too_coarsely_is_told(cyclers):
    one = read(cyclers / "bdf/SINTEF__LiGrR2032__2024-04-30__25degC__Landt.bdf.csv")
    assert any("the current's resolution alone explains" in finding for finding in one.findings)
    assert any("0 °C in every row" in finding for finding in one.findings)


def test_rows_of_an_impedance_sweep_are_no_points(cyclers):
    one = read(cyclers / SET_ASIDE)
    assert (one.rows_read, one.rows_loaded, one.rows_quarantined) == (74, 13, 61)
    assert set(one.quarantine["reason"]) == {"IMPEDANCE_ROW"}
    assert any(
        "stood still while the wall clock ran on, at most by 321 s" in finding for finding in one.findings
    )


@pytest.mark.parametrize("name", REFUSED)
def test_a_real_file_that_is_refused_says_why(name, cyclers):
    reason, says = REFUSED[name]
    with pytest.raises(LabFileRefused) as refusal:
        read(cyclers / name)
    assert refusal.value.reason == reason
    assert says in str(refusal.value)
    assert refusal.value.next_step


def test_hours_written_as_seconds_are_read_when_the_lab_says_so(cyclers):
    path = cyclers / "bdf/DLR__LiLNMOHydra0b__20221125__POCV__25degC__Basytec.bdf.csv"
    one = read(path, LabContract(time_scale=1 / 3600, nominal_capacity_ah=0.0066))
    assert one.rows_loaded == 17_860
    charge, discharge = one.moved()
    assert charge.ah == pytest.approx(0.006288, abs=1e-6)
    assert discharge.ah == pytest.approx(0.006190, abs=1e-6)
    with pytest.raises(LabFileRefused, match=r"SCALE.*0.0226"):
        read(path, LabContract(time_scale=1e-3, nominal_capacity_ah=0.0066))


def test_a_toy_whose_voltage_falls_while_it_charges_is_refused_for_its_sign_too(cyclers):
    with pytest.raises(LabFileRefused, match=r"SIGN.*voltage that falls while the current is positive"):
        read(cyclers / "bdf/sample.bdf.csv", LabContract(policy="tolerant"))


def test_a_declared_layout_loads_the_good_custom_file_alone(cyclers):
    good = read(cyclers / "cellpy/custom_good_small.csv", CUSTOM)
    assert (good.rows_read, good.rows_loaded) == (60, 60)
    for name, reason, says in [
        ("missing_column", "MISSING_COLUMN", r"voltage_v \(as voltage\)"),
        ("nan_inf", "BAD_ROWS", "line 24, voltage: NULL_REQUIRED; line 28, voltage: NON_FINITE 'inf'"),
        ("truncated", "TRUNCATED", "line 80"),
    ]:
        with pytest.raises(LabFileRefused, match=f"{reason}.*{says}"):
            read(cyclers / f"cellpy/custom_{name}.csv", CUSTOM)
    tolerant = LabContract(columns=CUSTOM.columns, policy="tolerant")
    left = read(cyclers / "cellpy/custom_nan_inf.csv", tolerant)
    assert (left.rows_loaded, left.rows_quarantined) == (57, 3)
    cut = read(cyclers / "cellpy/custom_truncated.csv", tolerant)
    assert (cut.rows_loaded, cut.quarantine["reason"].to_list()) == (59, ["TRUNCATED_ROW"])


def test_two_exports_of_one_test_agree(cyclers):
    one = read(cyclers / "bdf/SINTEF__LiGrR2032__2024-04-30__25degC__Landt.csv").points
    two = read(cyclers / "bdf/SINTEF__LiGrR2032__2024-04-30__25degC__Landt.bdf.csv").points
    for word in ("test_time_s", "voltage_v", "current_a", "charge_ah", "discharge_ah", "step_index"):
        assert one[word].equals(two[word]), word


def test_minutes_without_a_unit_are_told_by_the_wall_clock(cyclers):
    one = read(cyclers / "cellpy/maccor_002.txt")
    assert any("the wall clock says minutes" in finding for finding in one.findings)
    clock = one.points["wall_clock"]
    passed = (clock[-1] - clock[0]).total_seconds()
    assert one.points["test_time_s"][-1] == pytest.approx(passed, rel=0.001)


def test_summer_time_ends_in_a_real_test(cyclers):
    one = read(
        cyclers / "beep/PredictionDiagnostics_000109_tztest.010", LabContract(timezone="America/Los_Angeles")
    )
    assert any("goes back by 3593 s" in finding for finding in one.findings)
    assert one.declared.cell == "PredictionDiagnostics_000109_0001BC.010"
    assert one.declared.barcode == "0001BC"
    instants = one.points["ts"]
    assert instants.is_sorted()
    ran = one.points["test_time_s"][-1] - one.points["test_time_s"][0]
    assert (instants[-1] - instants[0]).total_seconds() == pytest.approx(ran, abs=60)


def test_an_access_database_reads_as_the_cyclers_own_driver_would(cyclers):
    one = plainly(cyclers / "cellpy/20160805_test001_45_cc_01.res")
    # Values of the first and last record as mdb-export prints them.
    assert one.points["test_time_s"][0] == pytest.approx(300.0104819316021, abs=1e-9)
    assert one.points["test_time_s"][-1] == pytest.approx(859077.2406335169, abs=1e-9)
    assert one.points["voltage_v"][-1] == pytest.approx(0.2940689, abs=1e-6)
    assert one.points["current_a"][-1] == pytest.approx(-0.00030420697294175625, abs=1e-12)
    assert one.declared.cell == "20160805_sic006_45_cc_01-01-003"


@pytest.mark.parametrize(
    ("cell", "first", "discharges"), [("B0005", 125, 168), ("B0006", 109, 168), ("B0018", 97, 132)]
)
def test_nasa_cells_fall_below_their_end_of_life_when_their_publishers_say(
    cell, first, discharges, shared_data
):
    one = read(shared_data / "nasa_pcoe" / f"{cell}.csv.gz")
    capacities = discharge_capacities(one.points, cut_off_v=2.7)
    assert capacities.height == discharges
    below = capacities["discharge_ah"].to_numpy() < 1.4
    assert capacities["cycle_count"][int(np.argmax(below))] == first
    if cell == "B0005":
        assert capacities["discharge_ah"][0] == pytest.approx(1.8565, abs=0.006)
        assert capacities["discharge_ah"][-1] == pytest.approx(1.3251, abs=0.006)


def test_severson_curves_load_and_the_impossible_one_is_left_out(shared_data):
    folder = shared_data / "severson_early_life"
    archive = np.load(folder / "qv_train_and_primary.npz")
    one, two = read(folder / "raw_samples/cell1.csv"), read(folder / "raw_samples/cell2.csv")
    assert (one.rows_read, one.rows_loaded) == (99_000, 99_000)
    curves = one.curves["discharge_ah"].to_numpy().reshape(99, 1000).T
    np.testing.assert_allclose(curves, archive["train_Q"][0], atol=1e-6)
    np.testing.assert_allclose(one.curves["voltage_v"].to_numpy()[:1000], archive["V"], atol=1e-9)
    assert one.curves["cycle_count"].unique().to_list() == list(range(2, 101))
    assert (two.rows_loaded, two.rows_quarantined, two.cycles) == (98_000, 1_000, 98)
    assert two.quarantine["reason"].to_list() == ["OUT_OF_RANGE"]
    with pytest.raises(LabFileRefused, match=r"BAD_ROWS.*impossible capacities in cycle"):
        read(folder / "raw_samples/cell2.csv", LabContract(policy="strict"))


def test_three_calce_files_are_one_continuous_life(shared_data):
    files_of_test = [read(shared_data / "calce_cs2" / f"CS2_35_8_{day}_10.xlsx") for day in (19, 17, 18)]
    assert [one.rows_read for one in files_of_test] == [383, 1091, 383]
    life = joined(files_of_test)
    assert life.points.height == 1857
    assert life.points["cycle_count"].unique(maintain_order=True).to_list() == [1, 2, 3]
    assert (np.diff(life.points["test_time_s"].to_numpy()) > 0).all()
    assert life.points["wall_clock"].is_sorted()
    capacities = discharge_capacities(life.points)["discharge_ah"].to_list()
    assert capacities == pytest.approx([1.1385, 1.1377, 1.1375], abs=2e-4)
    assert life.points["discharge_ah"][-1] == pytest.approx(3.41367, abs=1e-5)


def test_the_table_of_files_has_a_line_for_each(cyclers):
    table = markdown([cyclers / "cellpy/maccor_001.txt", cyclers / "bdf/sample.bdf.csv"]).splitlines()
    assert len(table) == 4
    assert table[0].count("|") == len(COLUMNS) + 1
    assert "6,704 = 6,704 + 0 + 0" in table[2]
    assert row(cyclers / "bdf/sample.bdf.csv")[-1].startswith("refused, TRUNCATED: 1 bad of 3 rows")


def test_the_page_of_the_lab_shows_the_table_as_it_is(shared_data):
    folders = ["cyclers", "calce_cs2", "nasa_pcoe", "severson_early_life/raw_samples"]
    page = (Path(__file__).resolve().parents[3] / "docs" / "lab.md").read_text(encoding="utf-8")
    shown = page.split("<!-- lab files -->")[1].split("<!-- /lab files -->")[0].strip()
    assert shown == markdown(files([shared_data / folder for folder in folders])), (
        "run `python -m battery_assets.ingest.lab.file_table` on the four folders of real files"
    )
