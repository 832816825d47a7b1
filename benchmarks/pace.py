"""python -m benchmarks.pace [--months N]: how much faster two workers are than one, a core for each.

Broker, database, store, daemon and code server keep to the other cores, so that they take nothing from the
workers: four cores or more, without other load. Each worker first carries out a month that does not count.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence

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
    asked = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < FEWEST_CORES:
        print(
            f"error: {len(cores)} cores: the services would share those of the workers\n"
            f"next step: run it on a machine of {FEWEST_CORES} cores or more",
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


if __name__ == "__main__":
    sys.exit(main())
