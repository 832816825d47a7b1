"""python -m benchmarks.lake_log: what the log of a lake table costs at many sites x 24 months x days.

The log is synthetic: it names files of 8 MB that are not there, as Delta's own reader and writer never look.
Each size is measured in a process of its own, so that its memory is its own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

LATEST = Path(__file__).with_name("lake_log_latest.json")
MONTHS = [f"{year}-{month:02d}" for year in (2024, 2025) for month in range(1, 13)]
FILE_BYTES, FILE_ROWS = 8_000_000, 3_732_480
SIZES = (10, 100, 1000)


def main() -> int:
    """Measure each size, print, and write what was measured beside this file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lake_log", description=__doc__)
    parser.add_argument("--sites", type=int, help="This size alone, in this process.")
    sites = parser.parse_args().sites
    if sites is not None:
        print(json.dumps(measured(sites)))
        return 0
    load = round(os.getloadavg()[0], 1)
    sizes = []
    for size in SIZES:
        command = [sys.executable, "-m", "benchmarks.lake_log", "--sites", str(size)]
        sizes.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        print(sizes[-1], flush=True)
    LATEST.write_text(json.dumps({"load": load, "cores": os.cpu_count(), "sizes": sizes}, indent=1) + "\n")
    return 0


def measured(sites: int) -> dict[str, Any]:
    """CPU seconds, wall seconds and memory of every act on a log of so many sites."""
    from battery_assets import tables as t
    from battery_assets.platform.dagster.partitions import Part
    from battery_assets.platform.lake.log_names import named_in
    from battery_assets.platform.lake.store import Lake
    from battery_assets.platform.lake.upkeep import fold_log

    table, last = t.telemetry_jar_raw, Part(f"s{sites - 1:04d}", MONTHS[-1])
    with tempfile.TemporaryDirectory(prefix="battery_log_") as folder:
        lake = Lake(folder)
        lake.create(table)
        log = Path(lake.table_url(table), "_delta_log")
        files = sum(_entry(log / f"{version:020d}.json", month, sites) for version, month in _versions())
        acts: dict[str, Any] = {"sites": sites, "files": files, "memory_before_mb": _peak_mb()}
        with _timed(acts, "checkpoint"):
            fold_log(lake, table)
        [checkpoint] = log.glob("*.checkpoint.parquet")
        acts["checkpoint_mb"] = round(checkpoint.stat().st_size / 1e6, 1)
        with _timed(acts, "open"):
            delta = lake.delta(table)
        assert delta is not None
        del delta
        with _timed(acts, "find_a_partition"):
            named = named_in(lake.table_url(table), last, local=True)
        assert len(named) == 31, named
        lake.commit(table, Part("s0000", MONTHS[0]), [], 1, lambda: None)
        with _timed(acts, "find_again"):
            assert named_in(lake.table_url(table), last, local=True) == named
        with _timed(acts, "commit_a_partition"):
            lake.commit(table, last, [], 1, lambda: None)
        assert lake.paths(table, last) == []
        acts["peak_memory_mb"] = _peak_mb()
    return acts


def _versions() -> Iterator[tuple[int, str]]:
    return ((1 + place, month) for place, month in enumerate(MONTHS))


def _entry(file: Path, month: str, sites: int) -> int:
    """Write one entry of a log that adds a file for each day of a month and site. Returns how many."""
    from battery_assets.platform.dagster.partitions import Part

    days: list[date] = Part("s", month).days
    with file.open("w") as out:
        for site in (f"s{number:04d}" for number in range(sites)):
            for day in days:
                path = f"site={site}/month={month}/{day}-{uuid.uuid4().hex}.parquet"
                bounds = {"ts": f"{day}T00:00:00+00:00"}, {"ts": f"{day}T23:59:55+00:00"}
                stats = {"numRecords": FILE_ROWS, "minValues": bounds[0], "maxValues": bounds[1]}
                add = {"path": path, "partitionValues": {"site": site, "month": month}, "size": FILE_BYTES}
                add |= {"modificationTime": 1, "dataChange": True, "stats": json.dumps(stats)}
                out.write(json.dumps({"add": add}) + "\n")
    return sites * len(days)


def _peak_mb() -> int:
    import resource

    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


@contextmanager
def _timed(acts: dict[str, Any], name: str) -> Iterator[None]:
    wall, cpu = time.monotonic(), time.process_time()
    yield
    acts[f"{name}_cpu_s"] = round(time.process_time() - cpu, 3)
    acts[f"{name}_wall_s"] = round(time.monotonic() - wall, 2)


if __name__ == "__main__":
    sys.exit(main())
