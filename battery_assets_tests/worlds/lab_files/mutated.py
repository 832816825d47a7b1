"""A file of a cycler, spoiled in one way, and what its reader makes of it."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from battery_assets.ingest.files.problems import FILE_REASONS, ROW_REASONS, FileRefused
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.reading import Reading
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.worlds.lab_files.made_files import (
    CAPACITY_AH,
    LAYOUTS,
    rows_of,
)

FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)


STRICT = LabContract(nominal_capacity_ah=CAPACITY_AH)


NAMES = st.sampled_from(sorted(LAYOUTS))


REQUIRED = {
    "battery data format": ("Test Time / s", "Voltage / V", "Current / A"),
    "arbin": ("Test_Time(s)", "Voltage(V)", "Current(A)"),
    "maccor": ("TestTime", "Volts", "Amps"),
    "neware": ("Total Time", "Voltage(V)", "Current(mA)"),
    "biologic": ("time/s", "Ecell/V", "I/mA"),
    "basytec": ("~Time[s]", "U[V]", "I[A]"),
    "novonix": ("Run Time (h)", "Potential (V)", "Current (A)"),
    "pec": ("Total Time (Hours in hh:mm:ss.xxx)", "Voltage (V)", "Current (A)"),
    "landt": ("test_time_s", "voltage_V", "current_A"),
}


def known(refusal: FileRefused) -> LabFileRefused:
    """A refusal whose reason is one of the listed ones."""
    assert refusal.reason in FILE_REASONS
    assert isinstance(refusal, LabFileRefused) or refusal.reason in ("CSV_SYNTAX", "LIMIT", "CORRUPT")
    return refusal


def outcome(content: bytes, contract: LabContract) -> Reading | LabFileRefused:
    """The reading, or the refusal; nothing else may ever come out."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        try:
            one = read(path, contract)
        except FileRefused as refusal:
            return known(refusal)
    assert set(one.quarantine["reason"]) <= ROW_REASONS.keys()
    return one


def refused(content: bytes, reasons: tuple[str, ...], says: str, contract: LabContract = STRICT) -> None:
    found = outcome(content, contract)
    assert isinstance(found, LabFileRefused), f"loaded: {found}"
    assert found.reason in reasons, str(found)
    assert re.search(says, str(found)), str(found)
    assert found.next_step


def multiplied(name: str, column: str, factor: float) -> list[list[str]]:
    rows = rows_of(name)
    place = rows[0].index(column)
    for row in rows[1:]:
        row[place] = f"{float(row[place]) * factor:.10g}"
    return rows
