"""Severson's batches of MATLAB 7.3 (HDF5), read in the process of `binary_child`: one cell as a table, or a
file for each cell.

`batch` is an array of structs: each of its fields holds references, one a cell; `cycles` of a cell likewise
one a cycle. By the authors' description (SOURCES 10) I is a C-rate of 1.1 Ah, V in volts, Qc and Qd in Ah, T
in °C, t in minutes from the cycle's beginning; `summary` has the cycles' numbers and their resistance in ohm.
"""

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

# Field of a cycle, and its heading in our table.
CYCLE = {
    "t": "time (min)",
    "I": "current (A)",
    "V": "voltage (V)",
    "T": "temperature (C)",
    "Qc": "charge (Ah)",
    "Qd": "discharge (Ah)",
}
_TOLD = {"Barcode": "barcode", "Channel": "channel_id", "Policy": "policy_readable"}
_NOMINAL_AH = 1.1
# C-rates and amperes lie 10 % apart in this data set; cycles below 1 % of the capacity tell nothing.
_SAME, _LEAST_FLOW = 0.04, 0.01
_HEADER = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"


class Refused(Exception):
    """A file that is whole, and cannot be read as it is."""

    def __init__(self, reason: str, found: str, expected: str, next_step: str = "") -> None:
        self.reason, self.next_step = reason, next_step
        super().__init__(f"found {found}; expected {expected}")


def points(request: dict) -> tuple[dict, dict]:
    """The cycles of a batch of one cell below each other, their times still each from 0; facts."""
    with h5py.File(request["path"], "r") as file:
        cells = _cells(file)
        if not cells:
            raise Refused(
                "UNSUPPORTED",
                "a MATLAB 7.3 file without Severson's batch of cells",
                f"batch.cycles with {', '.join(CYCLE)}",
            )
        if cells > 1:
            raise Refused(
                "IDENTITY",
                f"{cells} cells (c0 to c{cells - 1}) in one file",
                "one",
                "battery-assets import lab takes such a file apart, a file and a test for each cell",
            )
        cycles = _first(file, file["batch/cycles"])
        fields = [[_numbers(item) for item in _each(file, cycles[name])] for name in CYCLE]
        own = list(zip(*fields, strict=True))
        numbers, ohms = _summary(file, len(own))
        facts = {"Test_Name": file.attrs.get("cell", "")}
        facts |= {
            key: _text(_first(file, file["batch"][name]))
            for key, name in _TOLD.items()
            if name in file["batch"]
        }
        notes = [f"cut from {file.attrs['cut_from']}"] if "cut_from" in file.attrs else []
    _one_length(own, numbers)
    factor, words = _ampere(own)
    columns = {
        name: np.concatenate(parts)
        for name, parts in zip(CYCLE.values(), zip(*own, strict=True), strict=True)
    }
    columns[CYCLE["I"]] *= factor
    rows = [len(parts[0]) for parts in own]
    columns |= {"cycle": np.repeat(numbers, rows), "resistance (ohm)": np.repeat(ohms, rows)}
    return columns, {**facts, "notes": [*notes, words]}


def cells_apart(request: dict) -> None:
    """c0.mat, c1.mat ... in the folder, each a batch of one with all that the batch has of it; or none.

    Each tells where it was cut from. The same batch gives the same bytes.
    """
    with h5py.File(request["path"], "r") as file:
        cells = _cells(file)
        if cells < 2:
            return
        fields = {name: field[()].ravel() for name, field in file["batch"].items() if _many(field) == cells}
        for place in range(cells):
            target = Path(request["folder"]) / f"c{place}.mat"
            with h5py.File(target, "w", userblock_size=512) as out:
                out.attrs["cell"] = f"c{place}"
                out.attrs["cut_from"] = f"{request['name']}, sha256 {request['sha256']}, cell c{place}"
                batch, home = out.create_group("batch"), out.create_group("#refs#")
                for name, refs in fields.items():
                    held = _copied(file, file[refs[place]], home)
                    batch.create_dataset(name, (1, 1), h5py.ref_dtype)[0, 0] = held.ref
            with target.open("r+b") as raw:
                raw.write(_HEADER)


def _copied(file: h5py.File, item, home: h5py.Group):
    """A copy of an object under the next free number of `home`, with all that it holds or refers to."""
    name = str(len(home))
    if isinstance(item, h5py.Group):
        made = home.create_group(name)
        for key, field in item.items():
            made[key] = _copied(file, field, home)
    elif _refers(item):
        made = home.create_dataset(name, item.shape, h5py.ref_dtype)
        held = np.array([_copied(file, part, home).ref for part in _each(file, item)], h5py.ref_dtype)
        made[...] = held.reshape(item.shape)
    else:
        file.copy(item, home, name)
        made = home[name]
    return made


def _cells(file: h5py.File) -> int:
    """How many cells a batch has; 0 where the file is none."""
    batch = file.get("batch")
    if not isinstance(batch, h5py.Group) or "cycles" not in batch:
        return 0
    first = _first(file, batch["cycles"])
    return _many(batch["cycles"]) if isinstance(first, h5py.Group) and set(CYCLE) <= set(first) else 0


def _many(field) -> int:
    """Elements of a struct array's field. MATLAB lays a single struct out without references."""
    return field.size if _refers(field) else 1


def _refers(field) -> bool:
    return isinstance(field, h5py.Dataset) and h5py.check_ref_dtype(field.dtype) is h5py.Reference


def _each(file: h5py.File, field) -> Iterator:
    """The objects of a struct array's field, one after the other."""
    return (file[ref] for ref in field[()].ravel()) if _refers(field) else iter((field,))


def _first(file: h5py.File, field):
    return next(_each(file, field))


def _numbers(item) -> np.ndarray:
    """A vector; MATLAB stores the shape of an empty one in its place."""
    return np.empty(0) if item.attrs.get("MATLAB_empty", 0) else np.asarray(item[()], float).ravel()


def _text(item) -> str:
    """A text, stored as the numbers of its characters, or a number."""
    values = _numbers(item)
    if item.attrs.get("MATLAB_class") == b"char":
        return "".join(map(chr, values.astype(int)))
    return " ".join(f"{value:g}" for value in values if np.isfinite(value))


def _summary(file: h5py.File, cycles: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and resistances (ohm) of the cycles: the summary's, where it has one for each cycle."""
    numbers, ohms = np.arange(1.0, cycles + 1), np.full(cycles, np.nan)
    if "summary" in file["batch"]:
        summary = _first(file, file["batch/summary"])
        summarised = {name: _numbers(summary[name]) for name in ("cycle", "IR") if name in summary}
        if len(summarised.get("cycle", ())) == cycles and (np.diff(summarised["cycle"]) > 0).all():
            numbers = summarised["cycle"]
        if len(summarised.get("IR", ())) == cycles:
            ohms = summarised["IR"]
    return numbers, ohms


def _one_length(own: list[tuple[np.ndarray, ...]], numbers: np.ndarray) -> None:
    for number, parts in zip(numbers, own, strict=True):
        if len({len(part) for part in parts}) > 1:
            sizes = ", ".join(f"{len(part)} of {name}" for name, part in zip(CYCLE, parts, strict=True))
            raise Refused("CORRUPT", f"{sizes} in cycle {number:g}", "as many of each")


def _ampere(own: list[tuple[np.ndarray, ...]]) -> tuple[float, str]:
    """What a current is multiplied with: the file's counters prove whether it is a C-rate or in amperes."""
    ratios = []
    for t, current, _, _, charged, discharged in own:
        flowed = float(np.trapezoid(np.abs(current), t)) / 60 if len(t) else 0.0
        if flowed > _LEAST_FLOW:
            ratios.append(float(np.ptp(charged) + np.ptp(discharged)) / flowed)
    ratio = float(np.median(ratios)) if ratios else float("nan")
    for factor, words in ((_NOMINAL_AH, f"C-rates of {_NOMINAL_AH} Ah"), (1.0, "amperes")):
        if abs(ratio / factor - 1) < _SAME:
            return (
                factor,
                f"the currents are {words}: the counters move {ratio:.4g} Ah where one flows an hour",
            )
    raise Refused(
        "CAPACITY",
        f"counters that move {ratio:.4g} Ah where a current of 1 flows an hour",
        f"{_NOMINAL_AH} (a C-rate) or 1 (an ampere)",
    )
