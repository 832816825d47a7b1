"""Cyclers' files that are rightly refused: with the true reason, and the way out that there is."""

from pathlib import Path

import pytest

from battery_assets.ingest.discharge_tests.record import DischargeTestError, read_discharge_test
from battery_assets.ingest.files.problems import FileRefused
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.read import read
from battery_assets_tests.cases.record import FILES, FIRST_USE, Case, file_of


def summaries(shared: Path) -> str:
    with pytest.raises(FileRefused) as refused:
        file_of(shared, "arbin_StatisticByStep.CSV")
    assert refused.value.reason == "NO_POINTS"
    assert "one row a step or cycle" in refused.value.detail
    return "refused NO_POINTS: a table of summaries, one row a step or cycle"


def version_8(shared: Path) -> str:
    with pytest.raises(FileRefused) as refused:
        file_of(shared, "real_version_8.nda")
    assert refused.value.reason == "UNSUPPORTED"
    assert "the reader lacks this version" in refused.value.detail
    return "refused UNSUPPORTED: the reader lacks this version"


def milli(shared: Path) -> str:
    path = shared / FIRST_USE / "lab/maccor_milli.txt"
    with pytest.raises(FileRefused) as refused:
        read(path)
    assert "probably millivolts" in refused.value.detail
    assert "voltage_v" in refused.value.detail
    declared = read(path, LabContract(columns=(("Volts", "voltage_v", "mV"),))).points
    assert 2.0 < declared["voltage_v"].min() < declared["voltage_v"].max() < 5.0
    assert declared["current_a"].abs().max() == 1.0
    return "refused as probably millivolts, with the way to declare it; so declared it is read, up to 1 A"


def header_only(shared: Path) -> str:
    with pytest.raises(DischargeTestError) as refused:
        read_discharge_test(shared / FIRST_USE / "capacity_test/header_only.csv")
    assert str(refused.value).endswith("header_only.csv has no rows below its heading")
    assert "columns" not in refused.value.next_step
    return "refused: it has no rows below its heading"


CASES = (
    Case(FILES, "arbin_StatisticByStep.CSV", "a summary is no measurement", "refused NO_POINTS", summaries),
    Case(FILES, "real_version_8.nda", "CORRUPT is for broken files", "refused UNSUPPORTED", version_8),
    Case(FIRST_USE, "lab/maccor_milli.txt", "units are declared or told, never guessed",
         "refused as mV with the way to declare it, or read", milli),
    Case(FIRST_USE, "capacity_test/header_only.csv", "the reason is the cause", "has no rows", header_only),
)  # fmt: skip
