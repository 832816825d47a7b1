"""Run by `limited` in a process of its own: a cycler's binary file rewritten as one Arrow table.

Foreign binaries are decoded here, under limits of memory and time; the parent only reads what this process
wrote. Arguments: one JSON object with path, folder, kind ('access', 'nda', 'ndax', 'mat5', 'mat73'),
cpu_seconds and memory_bytes. Results in `folder`: table.arrow and facts.json, or refused.json; with the kind
'cells' one file for each cell of a batch, as `severson_child` makes them.
"""

import json
import runpy
import sys
from pathlib import Path

_POINTS, _AUXILIARY, _TEST = "Channel_Normal_Table", "Auxiliary_Table", "Global_Table"
_TEMPERATURE_TYPE = 1
_MEASURED = ("Voltage_measured", "Current_measured", "Temperature_measured", "Time")
_SEVERSON = Path(__file__).with_name("severson_child.py")
_NEWARE = Path(__file__).with_name("neware_child.py")
_NEXT = {
    **dict.fromkeys(("mat73", "cells"), "save the points of each cell as CSV in the Battery Data Format"),
    "mat5": "save the points of each cell as CSV with Voltage_measured, Current_measured, Time and cycle_idx",
    "access": "export the test as CSV or workbook with Arbin's Data Watcher",
    "nda": "export the record layer as CSV or workbook with Neware's BTSDA",
    "ndax": "export the record layer as CSV or workbook with Neware's BTSDA",
}


def main(request: dict) -> int:
    """Decode one file; 0 also for a file that is refused in good order."""
    folder = Path(request["folder"])
    try:
        if request["kind"] == "cells":
            runpy.run_path(str(_SEVERSON))["cells_apart"](request)
            return 0
        decode = {"access": _access, "mat5": _nasa, "mat73": _severson}.get(request["kind"], _neware)
        columns, facts = decode(request)
        _write(columns, folder)
        (folder / "facts.json").write_text(json.dumps(facts, default=str))
    except MemoryError:
        _refuse(folder, "TOO_LARGE", f"decoding needs more than {request['memory_bytes']:,} bytes of memory")
    except ModuleNotFoundError as error:
        _refuse(folder, "UNSUPPORTED", f"the package {error.name} is not installed; {_NEXT[request['kind']]}")
    except Exception as error:
        # What a reader has not learnt yet is no fault of the file.
        usual = "UNSUPPORTED" if isinstance(error, NotImplementedError) else "CORRUPT"
        reason, words = getattr(error, "reason", usual), f"{type(error).__name__}: {error}"[:300]
        said = str(error) if hasattr(error, "reason") else f"the file cannot be decoded ({words})"
        step = getattr(error, "next_step", "") or _NEXT[request["kind"]]
        _refuse(folder, reason, f"{said}; next step: {step}")
    return 0


def _refuse(folder: Path, reason: str, detail: str) -> None:
    (folder / "refused.json").write_text(json.dumps({"reason": reason, "detail": detail}))


def _write(columns: dict, folder: Path) -> None:
    import pyarrow as pa

    table = pa.table(columns)
    with pa.ipc.new_file(str(folder / "table.arrow"), table.schema) as writer:
        writer.write_table(table)


def _access(request: dict) -> tuple[dict, dict]:
    """Arbin's .res: an Access database, read without Microsoft's driver."""
    from access_parser import AccessParser

    database = AccessParser(request["path"])
    if _POINTS not in database.catalog:
        raise ValueError(f"no table {_POINTS}: not an Arbin result, tables are {', '.join(database.catalog)}")
    points = dict(database.parse_table(_POINTS))
    facts = {name: str(values[0]) for name, values in database.parse_table(_TEST).items() if values}
    tests = set(points.get("Test_ID", []))
    if len(tests) > 1:
        raise ValueError(f"{len(tests)} tests in one file (Test_ID {sorted(tests)}): export them one by one")
    order = sorted(range(len(points["Data_Point"])), key=points["Data_Point"].__getitem__)
    columns = {name: [values[row] for row in order] for name, values in points.items() if name != "Test_ID"}
    temperatures = _temperatures(database, columns["Data_Point"])
    return (columns | {"Aux_Temperature_1": temperatures} if temperatures else columns), facts


def _temperatures(database, records: list) -> list | None:
    """The first auxiliary temperature at each point, where the tester logged one."""
    if _AUXILIARY not in database.catalog:
        return None
    auxiliary = database.parse_table(_AUXILIARY)
    rows = zip(
        *(auxiliary.get(name, []) for name in ("Data_Point", "Auxiliary_Index", "Data_Type", "X")),
        strict=False,
    )
    first = {point: value for point, index, kind, value in rows if kind == _TEMPERATURE_TYPE and index == 0}
    return [first.get(record) for record in records] if first else None


def _neware(request: dict) -> tuple[dict, dict]:
    return runpy.run_path(str(_NEWARE))["points"](request)


def _severson(request: dict) -> tuple[dict, dict]:
    return runpy.run_path(str(_SEVERSON))["points"](request)


def _nasa(request: dict) -> tuple[dict, dict]:
    """NASA Ames' MATLAB files: one cell, its charges and discharges as records that each begin at 0 s.

    A record belongs to the cycle of the discharge that ends it. Impedance records hold no points in time.
    """
    import numpy as np
    import scipy.io

    content = scipy.io.loadmat(request["path"], simplify_cells=True)
    names = [name for name, value in content.items() if isinstance(value, dict) and "cycle" in value]
    if len(names) != 1:
        raise ValueError(f"not one cell with its cycles, but {[name for name in content if name[:1] != '_']}")
    parts, cycle = [], 1
    for number, record in enumerate(content[names[0]]["cycle"], start=1):
        if record["type"] not in ("charge", "discharge"):
            continue
        data = record["data"]
        own = {name: np.atleast_1d(np.asarray(data[name], float)) for name in _MEASURED}
        places = {"begun": _started(record["time"]), "record": number, "cycle_idx": cycle}
        parts.append(own | {name: np.full(len(own["Time"]), value) for name, value in places.items()})
        cycle += record["type"] == "discharge"
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    columns["Date"] = (columns.pop("begun") + columns["Time"]) / 86_400
    return columns, {"Test_Name": names[0]}


def _started(time) -> float:
    """Seconds since 1899-12-30, day 0 of workbooks, of a vector of year, month, day, hour, minute, second."""
    from datetime import datetime

    year, month, day, hour, minute, second = (float(part) for part in time)
    begun = datetime(int(year), int(month), int(day), int(hour), int(minute))
    return (begun - datetime(1899, 12, 30)).total_seconds() + second


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
