"""A thousand files of cyclers through the whole job of a lab: memory by number of files, and seconds.

All tests began on one day. They are entered, known again, and taken through lab_month: points, cycles,
labels, features, training table, model, predictions, checks. The peak is that of the one process that does
it.

Run as a script it is the process that is measured: NAME of the lab, FOLDER of its landing.
"""

import json
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from benchmarks.lab import made_test
from benchmarks.world import clocked

if TYPE_CHECKING:
    from battery_assets.platform.warehouse.resource import Warehouse

# Six cycles at 30 s. A hundred such files fill one file of the lake, so that both counts meet its limit.
ROWS, SAMPLE_S = 2_000, 30
FEW, MANY = 100, 1_000
MONTH = "2024-03"
TERMS = {"nominal_capacity_ah": 2.0, "timezone": "UTC"}


def measure(small: bool) -> dict[str, float]:
    """Peak memory with many files, and over that with a tenth; seconds to take many in, and to know them."""
    few, many = (5, 20) if small else (FEW, MANY)
    with tempfile.TemporaryDirectory(prefix="battery_bench_folder_") as name:
        of_few, of_many = (_apart(f"bench-{files}", Path(name) / str(files), files) for files in (few, many))
    return {
        "lab_memory_1000_over_100_files": of_many["peak_mb"] / of_few["peak_mb"],
        "lab_memory_1000_files_mb": of_many["peak_mb"],
        "lab_folder_1000_files_seconds": of_many["enter_s"] + of_many["job_s"],
        "lab_folder_1000_known_seconds": of_many["again_s"],
        "lab_seconds_per_file_1000_over_100": (of_many["enter_s"] / many) / (of_few["enter_s"] / few),
    }


def _apart(lab: str, folder: Path, files: int) -> dict[str, float]:
    """What a process of its own measured."""
    write_files(folder, files)
    command = [sys.executable, "-m", "benchmarks.lab_folder", lab, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{files} files ended with {done.returncode}:\n{done.stderr[-4000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    made = found["enter"], found["again"], found["points"], found["labels"]
    if made != (files, 0, files * ROWS, files * ROWS) or found["cycles"] < files:
        raise RuntimeError(f"{files} files of {ROWS} points: {found}")
    return found


def write_files(folder: Path, files: int) -> None:
    """Tests of as many cells, all begun on one day: what most fills a day of the lake."""
    test = made_test(ROWS * SAMPLE_S).gather_every(SAMPLE_S)
    begun = datetime(2024, 3, 5, tzinfo=UTC).timestamp()
    for number in range(files):
        cell = folder / f"C{number:04d}"
        (cell / "cycle_life").mkdir(parents=True)
        (cell / "cell.json").write_text(json.dumps(TERMS))
        # No two cells measure the same.
        own = test.with_columns(
            (pl.col("Test Time / s") + begun + number).alias("Unix Time / s"),
            (pl.col("Voltage / V") + 1e-5 * number).round(5),
        )
        own.write_csv(cell / "cycle_life" / "a.bdf.csv")


def entered_twice(warehouse: "Warehouse", lab: str, folder: Path) -> dict[str, float]:
    """Enter a folder, and once more: seconds and how many tests were taken in each time."""
    from battery_assets.lab.intake import enter_new_tests

    found: dict[str, float] = {}
    for times in ("enter", "again"):
        with clocked() as clock:
            statuses = [one.status for one in enter_new_tests(warehouse, lab, folder, {}, print)]
        found |= {times: statuses.count("accepted"), f"{times}_s": clock.seconds}
    return found


def made(warehouse: "Warehouse", lab: str) -> dict[str, int]:
    """How many points, labels of them and cycles the month has."""
    from battery_assets import tables as t
    from battery_assets.platform.dagster.partitions import Part

    counted = {"points": t.timeseries_point, "labels": t.label_soc, "cycles": t.cycle}
    return {
        name: warehouse.read(table, Part(lab, MONTH)).select(pl.len()).collect().item()
        for name, table in counted.items()
    }


def main(lab: str, folder: Path) -> None:
    """Take a folder through the lab's job in this process, in the platform of the environment."""
    from battery_assets.actions.session import put_site, quiet_logs, run_here, session
    from battery_assets.platform.registry.kinds import LAB_FILES

    with session() as at:
        quiet_logs()
        put_site(at, lab, LAB_FILES, {})
        found: dict[str, Any] = entered_twice(at.warehouse, lab, folder)
        with clocked() as clock:
            run_here("lab_month", MONTH, lab)
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**found, "job_s": clock.seconds, "peak_mb": peak_mb, **made(at.warehouse, lab)}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
