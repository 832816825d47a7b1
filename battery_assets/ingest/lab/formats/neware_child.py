"""Run by `binary_child` in its process: Neware's .nda and .ndax through the package NewareNDA.

What the package rounds or shifts is undone here: it gives times in 32 bits and instants in the reader's zone.
"""

import os
import re
from pathlib import Path

_NAMED = (
    "Current(mA)",
    "Charge_Capacity(mAh)",
    "Discharge_Capacity(mAh)",
    "Charge_Energy(mWh)",
    "Discharge_Energy(mWh)",
)
_OTHERS = ("Index", "Cycle", "Step", "Step_Index", "Status", "Time", "Voltage", "Timestamp")
_VERSION = 14


class Unsupported(Exception):
    """A version or a code that the package does not know: the file may be sound."""

    reason = "UNSUPPORTED"


def points(request: dict) -> tuple[dict, dict]:
    """(columns under headings with units, facts). Raises Unsupported; any other error is a broken file."""
    frame = _read(request)
    time_us = (frame["Time"].astype("float64") * 1e6).round().astype("int64")
    stamps = [stamp.to_pydatetime() for stamp in frame["Timestamp"]]
    total_us, step_us, notes = _times(time_us, frame["Step"], stamps)
    columns = {
        "Index": frame["Index"].astype("int64").to_list(),
        "Cycle": frame["Cycle"].astype("int64").to_list(),
        "Step_Index": frame["Step_Index"].astype("int64").to_list(),
        "Status": frame["Status"].astype(str).to_list(),
        "Time (s)": (step_us / 1e6).to_list(),
        "Total Time (s)": (total_us / 1e6).to_list(),
        "Voltage (V)": frame["Voltage"].astype("float64").to_list(),
        "Timestamp": _instants(stamps),
    }
    columns |= {name: frame[name].astype("float64").to_list() for name in _NAMED}
    rest = [name for name in frame.columns if name not in (*_NAMED, *_OTHERS)]
    temperatures = [name for name in rest if re.fullmatch(r"[Tt]-?\d+", name)]
    if temperatures:
        columns["T1"] = frame[temperatures[0]].astype("float64").to_list()
    columns |= {
        name: frame[name].astype("float64").to_list() for name in rest if name not in temperatures[:1]
    }
    return columns, {"notes": notes}


def _read(request: dict):
    import NewareNDA
    from NewareNDA import dicts

    source = Path(request["path"])
    named = source
    if source.suffix.lower() != f".{request['kind']}":
        named = Path(request["folder"]) / f"file.{request['kind']}"
        os.symlink(source, named)
    # A second has 24 bits in the package's types: after 4.6 hours a millisecond is lost.
    dicts.dtype_dict["Time"] = dicts.dtype_dict["Voltage"] = "float64"
    try:
        return NewareNDA.read(str(named), software_cycle_number=False, log_level="ERROR")
    except NotImplementedError as error:
        if request["kind"] == "nda" and not _has_version(source):
            raise ValueError("no version of a Neware file") from error
        raise Unsupported(f"{error} The file may be sound: the reader lacks this version") from error
    except KeyError as error:
        raise Unsupported(f"code {error} is none the reader knows; the file may be sound") from error


def _has_version(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(_VERSION + 1)[_VERSION:] > b"\0"


def _times(time_us, step, stamps: list) -> tuple:
    """(microseconds of the test, of the step, notes), added up in whole numbers.

    In most versions the time begins anew in each step, in some it runs on: the clock beside it decides.
    """
    ends = time_us.groupby(step, sort=False).max()
    before = step.map(ends.cumsum().shift(fill_value=0)).astype("int64")
    runs_on = step.map(ends.shift(fill_value=0)).astype("int64")
    if len(ends) < 2 or (time_us < runs_on).any():
        return time_us + before, time_us, []
    clock_us = (stamps[-1] - stamps[0]).total_seconds() * 1e6
    anew = int((time_us + before).iloc[-1] - (time_us + before).iloc[0])
    on = int(time_us.iloc[-1] - time_us.iloc[0])
    if abs(on - clock_us) >= abs(anew - clock_us):
        return time_us + before, time_us, []
    return (
        time_us,
        time_us - runs_on,
        ["the time of this version runs on through the steps: the clock says so"],
    )


def _instants(stamps: list) -> list:
    """Instants in UTC; calendar fields without a zone stay as they are, whatever zone this machine has."""
    from datetime import UTC

    stamps_known = [
        None if stamp != stamp else stamp for stamp in stamps
    ]  # NaT equals nothing, itself neither.
    return [stamp.astimezone(UTC) if stamp and stamp.tzinfo else stamp for stamp in stamps_known]
