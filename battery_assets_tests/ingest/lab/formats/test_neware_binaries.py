"""Neware's .nda: exact times, clocks without a zone, times that run on, versions the reader lacks."""

import time
from datetime import datetime, timedelta

import numpy as np
import pytest

from battery_assets.ingest.files.problems import FileRefused
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.formats.neware_child import points
from battery_assets.ingest.lab.read import read
from battery_assets_tests.worlds.lab_files.made_files import written
from battery_assets_tests.worlds.lab_files.made_nda import CC_CHARGE, CC_DISCHARGE, REST, START, nda

INTERVAL_MS = 600_123
STEPS = [(CC_CHARGE, 500.0, 40), (REST, 0.0, 30), (CC_DISCHARGE, -500.0, 40)] * 3
AH = 3 * 0.5 * 39 * INTERVAL_MS / 3.6e6


def test_times_of_long_steps_are_added_up_exactly(shared_data):
    one = read(shared_data / "cases_files/real_nw4-120-6-1-36.ndax")
    assert (one.rows_read, one.points.height, one.cycles) == (7_257, 7_257, 5)
    assert (one.points["test_time_s"][-1], one.points["step_count"][-1]) == (60_921.7, 15)
    assert one.points["charge_ah"][-1] == pytest.approx(0.15619, abs=1e-5)
    assert one.points["discharge_ah"][-1] == pytest.approx(0.19021, abs=1e-5)


@pytest.mark.parametrize("runs_on", [False, True])
def test_a_time_is_the_tests_whether_it_begins_anew_in_a_step_or_runs_on(runs_on, tmp_path):
    one = read(written(tmp_path, nda(STEPS, interval_ms=INTERVAL_MS, runs_on=runs_on), "a.nda"))
    rows = np.concatenate([np.arange(many) for _, _, many in STEPS])
    begins = np.cumsum([0] + [many - 1 for _, _, many in STEPS])[:-1]
    expected = (np.repeat(begins, [many for _, _, many in STEPS]) + rows) * INTERVAL_MS
    assert (one.points["test_time_s"] * 1e3).round().cast(int).to_list() == expected.tolist()
    assert (one.points["step_time_s"] * 1e3).round().cast(int).to_list() == (rows * INTERVAL_MS).tolist()
    assert [moved.ah for moved in one.moved()] == pytest.approx([AH, AH], rel=1e-6)
    assert any("runs on through the steps" in finding for finding in one.findings) == runs_on


def test_a_clock_of_calendar_fields_is_no_instant(shared_data):
    path = shared_data / "cases_files/real_calendar_clock.nda"
    bare, oslo = read(path), read(path, LabContract(timezone="Europe/Oslo"))
    assert bare.points["wall_clock"][0] == datetime(2020, 3, 25, 11, 16, 50)
    assert bare.points["ts"].null_count() == bare.points.height
    assert oslo.points["ts"][0].isoformat() == "2020-03-25T10:16:50+00:00"


@pytest.fixture(params=["Asia/Bangkok", "America/New_York"])
def machine_zone(request, monkeypatch):
    """A machine whose local zone is another one."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


def test_the_machines_zone_decides_nothing(machine_zone, tmp_path):
    """The child takes no TZ along, so the decoder itself is asked."""
    path = written(tmp_path, nda(STEPS, interval_ms=INTERVAL_MS), "a.nda")
    columns, _ = points({"path": str(path), "folder": str(tmp_path), "kind": "nda"})
    assert columns["Timestamp"][:2] == [START, START + timedelta(seconds=600)]
    assert columns["Timestamp"][0].tzinfo is None


def test_a_record_that_is_not_in_the_file_is_told(tmp_path):
    one = read(written(tmp_path, nda(STEPS, interval_ms=INTERVAL_MS, without=(7, 8)), "a.nda"))
    assert any("record numbers skip 2, first from 6 to 9" in finding for finding in one.findings)


def test_a_version_that_the_reader_lacks_is_no_broken_file(shared_data, tmp_path):
    for path in (
        shared_data / "cases_files/real_version_8.nda",
        written(tmp_path, nda(STEPS, interval_ms=INTERVAL_MS, version=26), "b.nda"),
    ):
        with pytest.raises(FileRefused, match=r"UNSUPPORTED.*the reader lacks this version.*BTSDA"):
            read(path)
