"""Quantities that follow from two columns: two exports of one test agree, whatever was ticked."""

import numpy as np
import pytest

from battery_assets.ingest.lab.read import read
from battery_assets_tests.worlds.lab_files.made_files import (
    INTERVAL_S,
    TRUTH,
    made,
    rows_of,
    same_as_truth,
    written,
)
from battery_assets_tests.worlds.lab_files.made_mpr import mpr, truth_columns

ECE_V = 0.25


def exported(folder, columns: dict[str, list], name: str = "a.mpt"):
    """EC-Lab's text of the made test without its voltage and current, with these columns instead."""
    rows = rows_of("biologic")
    keep = [place for place, text in enumerate(rows[0]) if not text.startswith(("Ecell", "I/"))]
    cells = [*zip(*columns.values(), strict=True)]
    table = [[rows[0][place] for place in keep] + list(columns)]
    table += [
        [row[place] for place in keep] + [f"{value:.7E}" for value in own]
        for row, own in zip(rows[1:], cells, strict=True)
    ]
    return written(folder, made("biologic", table), name)


def electrodes(unit: str = "V", scale: float = 1.0) -> dict[str, list]:
    return {
        f"Ewe/{unit}": (scale * (TRUTH["voltage"] + ECE_V)).to_list(),
        f"Ece/{unit}": [scale * ECE_V] * TRUTH.height,
    }


def test_three_electrodes_give_the_voltage_between_both(shared_data):
    one = read(shared_data / "cases_files/bio_three_electrodes.mpt")
    assert (one.points["voltage_v"].min(), one.points["voltage_v"].max()) == pytest.approx(
        (3.650, 3.737), abs=1e-9
    )
    assert not any("Ece" in finding for finding in one.findings)


@pytest.mark.parametrize(("unit", "scale"), [("V", 1.0), ("mV", 1e3)])
def test_the_same_test_in_both_exports_is_one_voltage(unit, scale, tmp_path):
    current = {"I/mA": (1e3 * TRUTH["current"]).to_list()}
    text = read(exported(tmp_path, electrodes(unit, scale) | current))
    columns = truth_columns()
    columns[6] = (TRUTH["voltage"] + ECE_V).to_list()
    columns[9] = [ECE_V] * TRUTH.height
    binary = read(written(tmp_path, mpr(columns), "a.mpr"))
    for one in (text, binary):
        same_as_truth(one.points)
    np.testing.assert_allclose(text.points["voltage_v"], binary.points["voltage_v"], atol=1e-6)


@pytest.mark.parametrize("means", ["<Ewe>/V", "<Ewe/V>"])
def test_means_of_both_electrodes_are_subtracted_too(means, tmp_path):
    volts = {means: (TRUTH["voltage"] + ECE_V).to_list(), means.replace("we", "ce"): [ECE_V] * TRUTH.height}
    same_as_truth(read(exported(tmp_path, volts | {"I/mA": (1e3 * TRUTH["current"]).to_list()})).points)


def test_a_voltage_of_the_cell_itself_is_not_formed_again(tmp_path):
    volts = electrodes() | {"Ewe-Ece/V": TRUTH["voltage"].to_list()}
    same_as_truth(read(exported(tmp_path, volts | {"I/mA": (1e3 * TRUTH["current"]).to_list()})).points)


def test_a_text_without_a_current_has_the_charge_of_each_interval_over_it(tmp_path):
    charge = (1e3 * TRUTH["current"] * INTERVAL_S / 3600).to_list()
    one = read(exported(tmp_path, {"Ewe/V": TRUTH["voltage"].to_list(), "dq/mA.h": charge}))
    same_as_truth(one.points)
    assert any("the charge of each interval" in finding for finding in one.findings)


def test_a_text_without_a_current_has_the_power_over_the_voltage(tmp_path):
    power = (TRUTH["current"] * TRUTH["voltage"]).to_list()
    one = read(exported(tmp_path, {"Ecell/V": TRUTH["voltage"].to_list(), "P/W": power}))
    same_as_truth(one.points)
    assert any("the power over the voltage" in finding for finding in one.findings)
