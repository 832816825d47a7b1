"""Severson's batches of MATLAB 7.3: points of one cell, many cells taken apart, and nothing that is not proven."""

import hashlib

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from battery_assets.ingest.files.problems import FileRefused
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.formats.severson import cells_apart
from battery_assets.ingest.lab.read import read, recognise
from battery_assets.ingest.lab.reading import Reading
from battery_assets_tests.ingest.lab.test_mutations import FEW
from battery_assets_tests.worlds.lab_files.discharged import discharge_capacities
from battery_assets_tests.worlds.lab_files.made_batch import NOMINAL_AH, batch, cell
from battery_assets_tests.worlds.lab_files.made_files import TRUTH

# Each example starts a process.
FEWER = settings(FEW, max_examples=8)
STRICT = LabContract(policy="strict", nominal_capacity_ah=2.0)


def changed(field: str, change) -> list[dict[str, np.ndarray]]:
    return [{**one, field: change(one[field])} for one in cell()]


def refused(path, says: str, contract: LabContract = STRICT) -> None:
    with pytest.raises(FileRefused, match=says) as told:
        read(path, contract)
    assert "next step: " in str(told.value)


@pytest.mark.parametrize("unit_a", [NOMINAL_AH, 1.0])
def test_the_points_of_a_cell_are_read_in_amperes_whatever_the_file_has(tmp_path, unit_a):
    one = read(batch(tmp_path / "a.mat", [cell(unit_a=unit_a)]))
    assert (one.source.reader, one.rows_read, one.rows_loaded) == ("severson matlab batch", 290, 290)
    for ours, theirs in (
        ("voltage_v", "voltage"),
        ("current_a", "current"),
        ("temperature_c", "temperature"),
    ):
        np.testing.assert_allclose(one.points[ours], TRUTH[theirs], rtol=1e-12)
    assert one.points["cycle_count"].to_list() == TRUTH["cycle"].to_list()
    assert one.points["charge_ah"][-1] == pytest.approx(2.0)
    assert one.points["resistance_ohm"].unique().to_list() == [0.017]
    words = "C-rates of 1.1 Ah" if unit_a == NOMINAL_AH else "amperes"
    assert any(f"the currents are {words}" in finding for finding in one.findings)


def test_minutes_of_a_cycle_become_seconds_of_the_test_end_to_end(tmp_path):
    one = read(batch(tmp_path / "a.mat", [cell()]))
    time, rows = one.points["test_time_s"], TRUTH.filter(TRUTH["cycle"] == 1).height
    assert time[rows] == time[rows - 1] == 60.0 * (rows - 1)
    assert discharge_capacities(one.points)["discharge_ah"].to_list() == pytest.approx([1.0, 1.0], rel=0.02)


def test_what_the_batch_says_of_the_cell_is_kept(tmp_path):
    told = read(batch(tmp_path / "a.mat", [cell()])).declared
    assert (told.barcode, told.channel, told.protocol) == ("el150800460510", "1", "3.6C(80%)-3.6C")


def test_a_batch_of_many_cells_is_no_test(tmp_path):
    refused(
        batch(tmp_path / "a.mat", [cell(), cell(0.9)]), r"IDENTITY.*2 cells \(c0 to c1\).*import lab takes"
    )


def test_taken_apart_each_cell_has_its_numbers_and_tells_where_it_is_from(tmp_path):
    whole = batch(tmp_path / "whole.mat", [cell(), cell(0.9), cell(0.8)])
    parts = cells_apart(whole, tmp_path)
    assert [part.name for part in parts] == ["c0.mat", "c1.mat", "c2.mat"]
    for place, part in enumerate(parts):
        alone = read(batch(tmp_path / "alone.mat", [cell(1 - place / 10)]))
        one = read(part)
        assert one.points.equals(alone.points)
        assert one.declared.cell == f"c{place}"
        assert one.declared.barcode == f"el15080046051{place}"
        assert any(
            f"cut from whole.mat, sha256 {_sha(whole)}, cell c{place}" in note for note in one.findings
        )
        with h5py.File(part) as file:
            assert set(file["batch"]) == {
                "summary", "cycles", "cycle_life", "policy_readable", "barcode", "channel_id",
            }  # fmt: skip


def test_the_same_batch_gives_the_same_bytes(tmp_path):
    whole = batch(tmp_path / "whole.mat", [cell(), cell(0.9)])
    found = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        found.append([_sha(part) for part in cells_apart(whole, tmp_path / name)])
    assert found[0] == found[1]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"MATLAB 5.0 MAT-file"])
def test_other_files_are_not_taken_apart(tmp_path, content):
    (tmp_path / "x.mat").write_bytes(content)
    assert cells_apart(tmp_path / "x.mat", tmp_path) == []


def test_one_cell_and_another_struct_are_not_taken_apart(tmp_path):
    (tmp_path / "out").mkdir()
    assert cells_apart(batch(tmp_path / "a.mat", [cell()]), tmp_path / "out") == []
    assert cells_apart(_other(tmp_path / "b.mat"), tmp_path / "out") == []


def test_a_matlab_file_of_something_else_is_refused(tmp_path):
    refused(
        _other(tmp_path / "a.mat"),
        r"UNSUPPORTED.*without Severson's batch.*batch.cycles with t, I, V, T, Qc, Qd",
    )


def test_a_batch_is_told_by_its_content(tmp_path):
    assert recognise(batch(tmp_path / "a.csv", [cell()])) == "severson matlab batch"


@pytest.mark.parametrize("factor", [1e3, 1e-3, 1 / 60, 2.0, 1.2])
@pytest.mark.parametrize("field", ["t", "I"])
def test_a_time_or_current_in_another_unit_contradicts_the_counters(tmp_path, field, factor):
    made = changed(field, lambda values: factor * values)
    refused(batch(tmp_path / "a.mat", [made]), "CAPACITY.*counters that move", LabContract())


def test_a_flipped_sign_contradicts_the_voltage(tmp_path):
    refused(batch(tmp_path / "a.mat", [changed("I", lambda values: -values)]), "SIGN", LabContract())


def test_exchanged_counters_are_refused(tmp_path):
    made = [{**one, "Qc": one["Qd"], "Qd": one["Qc"]} for one in cell()[:1]]
    made[0]["I"] = np.where(made[0]["I"] < 0, 0.5, 1) * made[0]["I"]
    refused(batch(tmp_path / "a.mat", [made]), "SIGN|CAPACITY", LabContract())


def test_a_time_that_goes_back_within_a_cycle_is_refused(tmp_path):
    def back(values):
        return np.where(np.arange(len(values)) == 40, 3.0, values)

    refused(batch(tmp_path / "a.mat", [changed("t", back)]), "BAD_ROWS.*OUT_OF_ORDER")


def test_a_cycle_with_more_of_one_than_of_another_is_refused(tmp_path):
    made = cell()
    made[1]["V"] = made[1]["V"][:-1]
    refused(batch(tmp_path / "a.mat", [made]), "CORRUPT.*144 of V.*in cycle 2.*as many of each")


def test_an_empty_cycle_has_no_points(tmp_path):
    made = cell()
    path = batch(tmp_path / "a.mat", [[made[0], {name: np.array([0.0, 0.0]) for name in made[0]}, made[1]]])
    with h5py.File(path, "r+") as file:
        for name in made[0]:
            file[f"#refs#/c0_{name}1"].attrs["MATLAB_empty"] = 1
    one = read(path)
    assert one.points["cycle_count"].unique().to_list() == [1, 3]
    assert one.rows_read == 290


@FEWER
@given(st.floats(0.01, 0.999))
def test_a_cut_batch_is_refused(tmp_path_factory, share):
    folder = tmp_path_factory.mktemp("cut")
    content = batch(folder / "a.mat", [cell()]).read_bytes()
    (folder / "a.mat").write_bytes(content[: int(share * len(content))])
    with pytest.raises(FileRefused):
        read(folder / "a.mat")


@FEWER
@given(st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=4))
def test_bytes_gone_wrong_end_in_a_reading_or_a_refusal(tmp_path_factory, hits):
    folder = tmp_path_factory.mktemp("hit")
    content = bytearray(batch(folder / "a.mat", [cell()]).read_bytes())
    for share, value in hits:
        content[int(share * len(content))] = value
    (folder / "a.mat").write_bytes(content)
    try:
        one = read(folder / "a.mat", STRICT)
    except FileRefused:
        return
    assert isinstance(one, Reading)
    assert (np.diff(one.points["test_time_s"].to_numpy()) >= 0).all()
    assert np.isfinite(one.points.select("voltage_v", "current_a").to_numpy()).all()


def _other(path):
    with h5py.File(path, "w", userblock_size=512) as file:
        file["x"] = np.arange(3.0)
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(128))
    return path


def _sha(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
