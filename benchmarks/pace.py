"""python -m benchmarks.pace [--months N] [--share]: how much faster two workers are than one, each on a core.

Broker, database, store, daemon and code server keep to the other cores, so that they take nothing from the
workers: four cores or more, without other load. Each worker first carries out a month that does not count.

`--share` asks for less: CPU seconds, of one worker and of the services beside it, for the same months. They
bound what two workers can gain where services share their two cores, whatever else the machine does.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from battery_assets.platform.dagster.partitions import month_range
from battery_assets_tests.worlds.spread import night
from battery_assets_tests.worlds.spread.alone import SITES
from battery_assets_tests.worlds.spread.machines import machines
from battery_assets_tests.worlds.spread.stores import platform, shared_stores

FEWEST_CORES = 4


def main() -> int:
    """Print seconds and their ratio. 1 where the machine has too few cores for the ratio to mean anything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pace", description=__doc__)
    parser.add_argument("--months", type=int, default=4, help="Months of each of two sites that count.")
    parser.add_argument("--share", action="store_true", help="CPU seconds of services beside one worker.")
    asked = parser.parse_args()
    if asked.share:
        return share(asked.months)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < FEWEST_CORES:
        print(
            f"error: {len(cores)} cores: the services would share those of the workers\n"
            f"next step: run it on a machine of {FEWEST_CORES} cores or more, or ask for --share",
            file=sys.stderr,
        )
        return 1
    os.sched_setaffinity(0, cores[2:])
    print(f"load {os.getloadavg()[0]:.1f} on {len(cores)} cores")
    with shared_stores() as stores:
        one = seconds(stores, cores[:1], asked.months)
        print(f"one worker: {2 * asked.months} months in {one:.1f} s")
        two = seconds(stores, cores[:2], asked.months)
        print(f"two workers: {2 * asked.months} months in {two:.1f} s, {one / two:.2f} times as fast")
    return 0


def seconds(stores: dict[str, str], cores: Sequence[int], months: int) -> float:
    """Wall seconds of so many months of two sites, by a worker on each of these cores."""
    first, *counted = month_range("2024-01", f"2024-{1 + months:02d}")
    with night.home(platform(stores)) as settings, machines(settings, cores) as at:
        for site in SITES:
            at.launch(site, first)
        at.ended()
        began = time.monotonic()
        for month in counted:
            for site in SITES:
                at.launch(site, month)
        at.ended(len(SITES) * (1 + months))
        return time.monotonic() - began


def share(months: int) -> int:
    """Print CPU seconds of one worker and of the services, and what two workers gain at most on two cores."""
    first, *counted = month_range("2024-01", f"2024-{1 + months:02d}")
    with (
        shared_stores() as stores,
        night.home(platform(stores)) as settings,
        machines(settings, [None]) as at,
    ):
        for site in SITES:
            at.launch(site, first)
        at.ended()
        roots = [os.getpid(), _database_process(stores["SERVER"])], [at.children["worker-1"].process.pid]
        began = [_cpu_s(*of) for of in roots]
        for month in counted:
            for site in SITES:
                at.launch(site, month)
        at.ended(len(SITES) * (1 + months))
        everything, worker = (_cpu_s(*of) - before for of, before in zip(roots, began, strict=True))
    services = (everything - worker) / worker
    print(f"worker: {worker:.1f} CPU s for {len(SITES) * months} months; services: {services:.2f} of that")
    # One worker has a core and the services the other; two workers share both cores with them.
    gain = 2 * max(1.0, services) / (1 + services)
    print(f"two workers on two cores that they share with the services: at most {gain:.2f} times as fast")
    return 0


def _database_process(server: str) -> int:
    """The process of the database server, which the processes of its connections are children of."""
    with psycopg.connect(f"{server}/postgres") as connection:
        stat = Path(f"/proc/{connection.info.backend_pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


def _cpu_s(*roots: int) -> float:
    """CPU seconds of processes, of those that they started, and of theirs; ended ones are their parents'."""
    times: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if entry.name.isdigit():
            children.setdefault(int(words[1]), []).append(int(entry.name))
            times[int(entry.name)] = sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")
    waiting, total = list(roots), 0.0
    while waiting:
        process = waiting.pop()
        total += times.pop(process, 0.0)
        waiting += children.pop(process, [])
    return total


if __name__ == "__main__":
    sys.exit(main())
