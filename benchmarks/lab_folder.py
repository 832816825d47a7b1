"""A folder of a thousand files of cyclers: entered, known again, made into points; memory by number of files.

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
    from battery_assets.platform.warehouse import Warehouse

ROWS = 1_000
FEW, MANY = 100, 1_000
MONTH = "2024-03"
TERMS = {"nominal_capacity_ah": 2.0, "timezone": "UTC"}


def measure(small: bool) -> dict[str, float]:
    """Peak memory with many files over that with a tenth; seconds to take many in, and to know them again."""
    few, many = (5, 20) if small else (FEW, MANY)
    with tempfile.TemporaryDirectory(prefix="battery_bench_folder_") as name:
        of_few, of_many = (_apart(f"bench-{files}", Path(name) / str(files), files) for files in (few, many))
    return {
        "lab_memory_1000_over_100_files": of_many["peak_mb"] / of_few["peak_mb"],
        "lab_folder_1000_files_seconds": of_many["enter_s"] + of_many["points_s"],
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
    if (found["enter"], found["again"], found["points"]) != (files, 0, files * ROWS):
        raise RuntimeError(f"{files} files of {ROWS} points: {found}")
    return found


def write_files(folder: Path, files: int) -> None:
    """Tests of as many cells, all begun on one day: what most fills a day of the lake."""
    test, begun = made_test(ROWS), datetime(2024, 3, 5, tzinfo=UTC).timestamp()
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


def walked(warehouse: "Warehouse", lab: str, folder: Path) -> dict[str, Any]:
    """Enter the folder twice and make the month's points; seconds, counts and this process' peak memory."""
    from battery_assets import tables as t
    from battery_assets.lab_importing import entered
    from battery_assets.lab_source import points_by_day, sessions_of
    from battery_assets.platform import registry
    from battery_assets.platform.partitions import Part
    from battery_assets.site_sources import LAB_FILES

    with warehouse.transaction() as connection:
        registry.put_site(connection, lab, LAB_FILES, {})
    found: dict[str, Any] = {}
    for times in ("enter", "again"):
        with clocked() as clock:
            statuses = [one.status for one in entered(warehouse, lab, folder, {}, print)]
        found |= {times: statuses.count("accepted"), f"{times}_s": clock.seconds}
    part = Part(lab, MONTH)
    with clocked() as clock:
        tests = sessions_of(warehouse, part)
        warehouse.replace(t.timeseries_point, warehouse.claim(t.timeseries_point, part), points_by_day(tests))
    found |= {"points_s": clock.seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    return found | {"points": warehouse.read(t.timeseries_point, part).select(pl.len()).collect().item()}


def main(lab: str, folder: Path) -> None:
    """Walk over a folder in this process, in the warehouse of the environment."""
    from battery_assets.platform.migrate import migrate
    from battery_assets.platform.warehouse import Warehouse
    from battery_assets.settings import Settings

    settings = Settings.from_environment()
    migrate(settings.warehouse_url)
    warehouse = Warehouse(database_url=settings.warehouse_url, lake_url=settings.lake_url)
    print(json.dumps(walked(warehouse, lab, folder)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
