"""Binary files are decoded in a process of their own, and what that process cannot decode is refused."""

import numpy as np
import pytest
import scipy.io

from battery_assets.ingest.files.problems import FileRefused
from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.worlds.lab_files.discharged import discharge_capacities
from battery_assets_tests.worlds.lab_files.made_files import TRUTH, written


def nasa_file(path) -> None:
    """The made test in the layout of NASA's files: charges and discharges, each from 0 s, an impedance between."""
    records = []
    for number, ((_, kind), rows) in enumerate(
        TRUTH.filter(TRUTH["kind"] != "R").group_by("cycle", "kind", maintain_order=True)
    ):
        data = {
            "Voltage_measured": rows["voltage"].to_numpy(),
            "Current_measured": rows["current"].to_numpy(),
            "Temperature_measured": rows["temperature"].to_numpy(),
            "Time": rows["step_time"].to_numpy() - 60.0,
        }
        time = np.array([2008.0, 4.0, 2.0 + number, 15.0, 25.0, 41.593])
        records.append(
            {
                "type": {"C": "charge", "D": "discharge"}[kind],
                "ambient_temperature": 24,
                "time": time,
                "data": data,
            }
        )
        records.append({"type": "impedance", "ambient_temperature": 24, "time": time, "data": {"Re": 0.05}})
    scipy.io.savemat(path, {"B0099": {"cycle": records}})


def test_a_nasa_matlab_file_gives_charges_and_discharges_with_their_time(tmp_path):
    nasa_file(tmp_path / "B0099.mat")
    one = read(tmp_path / "B0099.mat")
    assert one.declared.cell == "B0099"
    assert (one.rows_read, one.rows_loaded) == (240, 240)
    assert one.points["cycle_count"].unique().to_list() == [1, 2]
    assert one.points["step_index"].unique().to_list() == [1, 3, 5, 7]
    assert one.points["wall_clock"][0].isoformat()[:19] == "2008-04-02T15:25:41"
    # Records are laid end to end: what flowed in the day between them is not in the file.
    assert one.points["test_time_s"][60] == one.points["test_time_s"][59] == 59 * 60
    assert discharge_capacities(one.points)["discharge_ah"].to_list() == pytest.approx(
        [59 / 60] * 2, rel=1e-6
    )
    assert (one.points["current_a"] > 0).sum() == 120


def test_a_matlab_file_of_something_else_is_refused(tmp_path):
    scipy.io.savemat(tmp_path / "x.mat", {"a": np.arange(3)})
    with pytest.raises(FileRefused, match=r"CORRUPT.*not one cell with its cycles, but \['a'\]"):
        read(tmp_path / "x.mat")


def test_a_parquet_file_of_something_else_is_refused_with_its_columns(tmp_path):
    TRUTH.select("time", "voltage").write_parquet(tmp_path / "x")
    with pytest.raises(LabFileRefused, match=r"UNKNOWN_DIALECT.*'time', 'voltage'"):
        read(tmp_path / "x")


def test_a_cut_access_database_is_refused_and_harms_nobody(shared_data, tmp_path):
    whole = (shared_data / "cyclers/cellpy/20160805_test001_45_cc_01.res").read_bytes()
    with pytest.raises(FileRefused, match=r"CORRUPT.*Data Watcher"):
        read(written(tmp_path, whole[:200_000]))
