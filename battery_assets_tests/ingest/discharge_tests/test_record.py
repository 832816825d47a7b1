"""Real discharge tests are read with the capacity they are known to have."""

import zipfile
from datetime import datetime

import numpy as np
import pytest

from battery_assets.ingest.discharge_tests.record import DischargeTestError, read_discharge_test


@pytest.fixture(scope="module")
def agm(shared_data):
    return read_discharge_test(shared_data / "lead_acid" / "agm_12v_100ah_charge_discharge.xlsx")


def test_the_agm_battery_gives_94_78_ah_and_takes_96_65(agm):
    assert agm.ah_out == pytest.approx(94.78, abs=0.005)
    assert agm.ah_in == pytest.approx(96.65, abs=0.005)


def test_the_agm_discharge_runs_at_10_a_to_10_45_v(agm):
    assert agm.rate_a == pytest.approx(10.0, abs=1e-6)
    assert agm.cutoff_voltage_v == pytest.approx(10.45, abs=0.001)
    assert agm.duration_min == pytest.approx(94.778 * 6, abs=0.1)
    assert agm.started_at == datetime(2016, 7, 12, 22, 30, 21)


def test_a_discharge_lowers_the_voltage_and_its_current_is_negative(agm):
    assert (agm.discharge["current_a"] < 0).all()
    assert agm.discharge["voltage_v"][0] - agm.discharge["voltage_v"][-1] > 2
    assert agm.capture["temperature_c"].is_between(20, 40).all()


def test_calibrated_columns_are_chosen_before_raw_ones(agm):
    assert "sheet 'Calibrated Data' read" in agm.findings
    assert "Voltage (Calibrated)" in agm.findings[1]
    assert "one row each 5 s, 2 longer steps" in agm.findings


@pytest.mark.parametrize(
    ("name", "ah", "volts", "minutes"),
    [
        ("TEST_1", 69.82, 9.50, 342),
        ("TEST_2", 80.62, 9.51, 534),
        ("TEST_5", 85.59, 9.49, 409),
        ("TEST_10", 54.64, 9.55, 396),
    ],
)
def test_tubular_tests_agree_with_their_own_cumulative_column(shared_data, name, ah, volts, minutes):
    test = read_discharge_test(shared_data / "lead_acid" / "tubular" / f"{name}_processed.csv")
    assert test.ah_out == pytest.approx(ah, abs=0.006)
    assert test.cutoff_voltage_v == volts
    assert test.duration_min == minutes
    assert (test.capture["current_a"] <= 0).all()
    assert test.started_at is None
    assert any("current turned round" in finding for finding in test.findings)
    assert any("one row a minute" in finding for finding in test.findings)


def written(tmp_path, text, name="test.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def discharge_csv(sign=-1, step_s=10, rows=100) -> str:
    volts = np.linspace(12.5, 10.5, rows)
    lines = [f"{i * step_s},{v:.3f},{sign * 20}" for i, v in enumerate(volts)]
    return "elapsed_s,voltage_v,current_a\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("sign", [1, -1])
def test_the_sign_is_that_of_the_voltage_whatever_the_file_says(tmp_path, sign):
    test = read_discharge_test(written(tmp_path, discharge_csv(sign)))
    assert (test.capture["current_a"] == -20).all()
    assert test.ah_out == pytest.approx(20 * 99 * 10 / 3600)
    assert any("turned round" in finding for finding in test.findings) == (sign == 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "expected a column of voltage"),
        ("Voltage,Current\n12,1\n11,1\n10,1\n", "found no time"),
        (
            "Voltage,Current,Ah Out\n12,6,0.1\n11,6,0.2\n10,6,0.1\n",
            "line 3: expected 'Ah Out' = current / 60",
        ),
        ("elapsed_s,voltage,current\n0,12,x\n1,11,1\n2,10,1\n", "line 2: expected a number for current_a"),
        ("elapsed_s,voltage,current\n0,12,1\n5,11,1\n2,10,1\n", "expected time to go forward"),
        ("elapsed_s,voltage,current\n0,12,0\n1,12,0\n2,12,0\n", "expected a current"),
        ("elapsed_s,voltage,current\n0,12,1\n1,12,1\n2,12,1\n", "expected the voltage to follow"),
        ("elapsed_s,voltage,current\n0,12,1\n1,11,1\n", "at least 3 rows"),
        ("elapsed_s,voltage,current\n0,12,1\n1,13,1\n2,14,1\n", "found only charging"),
        ("elapsed_s,voltage,current\n", "has no rows below its heading"),
        ("Ah Out,voltage,current\n,,\n,,\n", "has no rows below its heading"),
        ("", "not a readable .csv file"),
    ],
)
def test_a_file_that_is_no_discharge_test_is_named_with_what_was_expected(tmp_path, text, words):
    path = written(tmp_path, text)
    with pytest.raises(DischargeTestError) as error:
        read_discharge_test(path)
    assert str(path) in str(error.value)
    assert words in str(error.value)


def test_workbooks_that_are_none_are_named(tmp_path):
    with pytest.raises(DischargeTestError, match=r"test\.xlsx: not a readable \.xlsx file"):
        read_discharge_test(written(tmp_path, "no zip", "test.xlsx"))
    with zipfile.ZipFile(tmp_path / "zip.xlsx", "w") as archive:
        archive.writestr("a.txt", "b")
    with pytest.raises(DischargeTestError, match=r"zip\.xlsx: not a readable workbook"):
        read_discharge_test(tmp_path / "zip.xlsx")
    with pytest.raises(DischargeTestError, match=r"test\.txt: expected \.xlsx or \.csv"):
        read_discharge_test(written(tmp_path, "", "test.txt"))
    with pytest.raises(DischargeTestError, match=r"gone\.csv: cannot be opened"):
        read_discharge_test(tmp_path / "gone.csv")


def test_a_sheet_can_be_asked_for(shared_data):
    path = shared_data / "lead_acid" / "agm_12v_100ah_charge_discharge.xlsx"
    with pytest.raises(DischargeTestError, match="no sheet 'Results'; found Original Data, Calibrated Data"):
        read_discharge_test(path, sheet="Results")
