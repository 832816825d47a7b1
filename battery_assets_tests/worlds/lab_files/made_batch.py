"""A Severson batch as MATLAB 7.3 writes it: structs whose fields are references into '#refs#', texts as numbers
of their characters, column vectors turned round, the 512 bytes of MATLAB before the HDF5."""

from pathlib import Path

import h5py
import numpy as np

from battery_assets_tests.worlds.lab_files.made_files import TRUTH

NOMINAL_AH = 1.1
FIELDS = {
    "t": "step_time",
    "I": "current",
    "V": "voltage",
    "T": "temperature",
    "Qc": "charge_ah",
    "Qd": "discharge_ah",
}


def cycle(number: int, factor: float = 1.0, unit_a: float = NOMINAL_AH) -> dict[str, np.ndarray]:
    """One cycle of the made test in the batch's units: minutes, C-rates, counters that begin at 0."""
    rows = TRUTH.filter(TRUTH["cycle"] == number)
    before = TRUTH.filter(TRUTH["cycle"] < number)
    counted = {
        name: float(before[name].max() or 0.0) if before.height else 0.0
        for name in ("charge_ah", "discharge_ah")
    }
    return {
        "t": (rows["time"].to_numpy() - rows["time"][0]) / 60,
        "I": factor * rows["current"].to_numpy() / unit_a,
        "V": rows["voltage"].to_numpy(),
        "T": rows["temperature"].to_numpy(),
        "Qc": factor * (rows["charge_ah"].to_numpy() - counted["charge_ah"]),
        "Qd": factor * (rows["discharge_ah"].to_numpy() - counted["discharge_ah"]),
    }


def cell(factor: float = 1.0, unit_a: float = NOMINAL_AH) -> list[dict[str, np.ndarray]]:
    """Both cycles of the made test, its charges scaled so that cells differ."""
    return [cycle(number, factor, unit_a) for number in (1, 2)]


def batch(path: Path, cells: list[list[dict[str, np.ndarray]]]) -> Path:
    """Write a batch of these cells."""
    with h5py.File(path, "w", userblock_size=512) as file:
        home = file.create_group("#refs#")
        fields: dict[str, list] = {}
        for place, cycles in enumerate(cells):
            many = float(len(cycles))
            summary = home.create_group(f"s{place}")
            for name, values in {
                "cycle": np.arange(1.0, many + 1),
                "IR": np.full(len(cycles), 0.017),
                "QDischarge": np.ones(len(cycles)),
            }.items():
                summary[name] = values[np.newaxis, :]
            held = {
                "summary": summary,
                "cycles": _struct_array(home, f"c{place}", cycles),
                "cycle_life": _stored(home, f"l{place}", np.array([[many]])),
                "policy_readable": _letters(home, f"p{place}", "3.6C(80%)-3.6C"),
                "barcode": _letters(home, f"b{place}", f"el15080046051{place}"),
                "channel_id": _stored(home, f"h{place}", np.array([[place + 1.0]])),
            }
            for name, item in held.items():
                fields.setdefault(name, []).append(item.ref)
        top = file.create_group("batch")
        for name, refs in fields.items():
            top.create_dataset(name, data=np.array(refs, h5py.ref_dtype)[:, np.newaxis], dtype=h5py.ref_dtype)
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: PCWIN64, HDF5 schema 1.00 .".ljust(124) + b"\x00\x02IM")
    return path


def _struct_array(home: h5py.Group, name: str, structs: list[dict[str, np.ndarray]]) -> h5py.Group:
    made = home.create_group(name)
    for key in structs[0]:
        refs = [
            _stored(home, f"{name}_{key}{n}", one[key][np.newaxis, :]).ref for n, one in enumerate(structs)
        ]
        made.create_dataset(key, data=np.array(refs, h5py.ref_dtype)[:, np.newaxis], dtype=h5py.ref_dtype)
    return made


def _stored(home: h5py.Group, name: str, values: np.ndarray) -> h5py.Dataset:
    made = home.create_dataset(name, data=values, compression="gzip" if values.size > 1 else None)
    made.attrs["MATLAB_class"] = np.bytes_("double")
    return made


def _letters(home: h5py.Group, name: str, text: str) -> h5py.Dataset:
    made = home.create_dataset(name, data=np.frombuffer(text.encode("utf-16-le"), "<u2")[:, np.newaxis])
    made.attrs["MATLAB_class"] = np.bytes_("char")
    return made
