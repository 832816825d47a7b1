"""python -m benchmarks.pace [--months N] [--strings N] [--interval S] [--share]: two workers against one.

Each worker is pinned to a core of its own. Where the machine has four cores or more, database, store, broker,
daemon and code server keep to the others. Where it has fewer they run on those of the workers: what they took
is printed beside the ratio, which is the lower for it. No other load may be there, as wall seconds count.

The months are those of real sampling, every 5 s, up to what is calculated of each sample. Before them each
worker carries out a small month that does not count.

`--share` asks for less: CPU seconds, of one worker and of the services beside it, which hold on a machine
under load. From them follows what two workers gain on two cores that they share with the services.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from battery_assets.platform.dagster.partitions import month_range
from battery_assets_tests.worlds.spread import night
from battery_assets_tests.worlds.spread.alone import MONTH, SITES, enter_sites
from battery_assets_tests.worlds.spread.machines import Machines, machines
from battery_assets_tests.worlds.spread.stores import platform, shared_stores
from benchmarks.process_times import cpu_s_by_name, since

if TYPE_CHECKING:
    from battery_assets.actions.session import Session

# With as many the services have cores that no worker uses.
CORES_APART = 4
# Two sites, so that two workers always have a month to do: the months of a site follow each other.
MEASURED = ("c", "d")
# What a user's dagster.yaml says.
MONITOR_EVERY_S = 15
IDLE_S = 60.0
WORKER = "worker"
# A worker that asks these does nothing until they answer: their time is its own, with one worker or with two.
WAITED_FOR = ("database", "store and asking")


@dataclass(frozen=True)
class Asked:
    """The months of each site that count, strings of a site, and seconds between samples."""

    months: int
    strings: int
    interval_s: int

    @property
    def runs(self) -> int:
        """Runs that count."""
        return self.months * len(MEASURED)

    def enter(self, at: "Session") -> None:
        """Enter the sites: two small ones for the first month, two alike that are measured."""
        from battery_assets.actions.add_site import add_synthetic_site

        enter_sites(at)
        for seed, name in enumerate(MEASURED, start=3):
            terms = {"place": "bangrak", "seed": seed, "strings": self.strings, "interval_s": self.interval_s}
            add_synthetic_site(at, name, {**terms, "start": MONTH})


@dataclass(frozen=True)
class Took:
    """Wall seconds, and CPU seconds by name of who spent them; the worker's are of all workers."""

    wall_s: float
    cpu_s: dict[str, float]

    @property
    def worker_s(self) -> float:
        """CPU seconds of the workers."""
        return self.cpu_s[WORKER]

    @property
    def services_s(self) -> float:
        """CPU seconds of everything else."""
        return sum(self.cpu_s.values()) - self.worker_s

    def words(self) -> str:
        """CPU seconds, the largest first."""
        rest = sorted(self.cpu_s.items(), key=lambda one: -one[1])
        return ", ".join(f"{name} {seconds:.1f}" for name, seconds in rest if name != WORKER)


def main() -> int:
    """Print seconds and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pace", description=__doc__)
    parser.add_argument("--months", type=int, default=3, help="Months of each of two sites that count.")
    parser.add_argument("--strings", type=int, default=4, help="Strings of each site, of 24 jars.")
    parser.add_argument("--interval", type=int, default=5, help="Seconds between samples.")
    parser.add_argument("--share", action="store_true", help="CPU seconds of services beside one worker.")
    given = parser.parse_args()
    asked = Asked(given.months, given.strings, given.interval)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print(
            "error: one core: two workers would share it\nnext step: run it on two or more", file=sys.stderr
        )
        return 1
    print(f"load {os.getloadavg()[0]:.1f} on {len(cores)} cores", flush=True)
    print(f"{asked.runs} months of {asked.strings} strings, a sample every {asked.interval_s} s", flush=True)
    return share(asked) if given.share else ratio(asked, cores)


def ratio(asked: Asked, cores: Sequence[int]) -> int:
    """Print wall seconds of one worker and of two, each on its core."""
    if len(cores) >= CORES_APART:
        os.sched_setaffinity(0, cores[2:])
    took = []
    with shared_stores() as stores:
        for workers, words in ((1, "one worker"), (2, "two workers")):
            one, _ = measured(stores, cores[:workers], asked)
            print(
                f"{words}: {one.wall_s:.1f} s; {one.worker_s:.1f} CPU s; services: {one.words()}", flush=True
            )
            took.append(one)
    one, two = took
    print(f"two workers are {one.wall_s / two.wall_s:.2f} times as fast as one")
    if len(cores) < CORES_APART:
        part = 100 * two.services_s / two.worker_s
        print(f"the services ran on the cores of the workers, and took {part:.1f} % of what those took")
    return 0


def share(asked: Asked) -> int:
    """Print CPU seconds of one worker and of the services, and what two workers gain on two cores."""
    with shared_stores() as stores:
        took, idle = measured(stores, [None], asked, IDLE_S)
    print(f"worker: {took.worker_s:.1f} CPU s in {took.wall_s:.0f} s; services: {took.words()}")
    rate = idle.services_s / idle.wall_s
    print(f"services at rest: {100 * rate:.1f} % of a core; in {IDLE_S:.0f} s {idle.words()}")
    # What they take at rest goes by the clock, and a loaded machine's clock is not that of a free one.
    of_months = {
        name: max(seconds - idle.cpu_s[name] / idle.wall_s * took.wall_s, 0.0)
        for name, seconds in took.cpu_s.items()
        if name != WORKER
    }
    waited_for = sum(of_months.pop(name) for name in WAITED_FOR)
    beside = sum(of_months.values())
    print(
        f"services for the months: {waited_for:.1f} CPU s that the worker waits for, {beside:.1f} beside it"
    )
    all_of_it = took.worker_s + waited_for + beside
    least, most = (2 - rate) * took.worker_s / all_of_it, (2 - rate) * (all_of_it - beside) / all_of_it
    print(
        f"two workers on two cores shared with the services: {least:.2f} to {most:.2f} times as fast, derived"
    )
    return 0


def measured(
    stores: dict[str, str], cores: Sequence[int | None], asked: Asked, idle_s: float = 0.0
) -> tuple[Took, Took]:
    """What the months took with a worker on each of these cores, and what the same processes took at rest."""
    first, *later = month_range(MONTH, f"2024-{asked.months:02d}")
    with (
        night.home(platform(stores)) as settings,
        machines(settings, cores, asked.enter, MONITOR_EVERY_S) as at,
    ):
        for site in SITES:
            at.launch(site)
        at.ended()
        roots = _roots(at, stores["SERVER"])
        began, spent = time.monotonic(), cpu_s_by_name(roots)
        for month in (first, *later):
            for site in MEASURED:
                at.launch(site, month)
        at.ended(len(SITES) + asked.runs)
        ended, spent_then = time.monotonic(), cpu_s_by_name(roots)
        time.sleep(idle_s)
        rested = Took(time.monotonic() - ended, since(spent_then, cpu_s_by_name(roots)))
        return Took(ended - began, since(spent, spent_then)), rested


def _roots(at: Machines, server: str) -> dict[str, list[int]]:
    """The processes to watch, by name: of what belongs to none of the others, this program is the root."""
    names = {"code": "code server", "daemon": "daemon", "broker": "broker", "broker-names": "broker"}
    roots: dict[str, list[int]] = {"database": [_database_process(server)], "store and asking": [os.getpid()]}
    for name, child in at.children.items():
        roots.setdefault(names.get(name, WORKER), []).append(child.process.pid)
    return roots


def _database_process(server: str) -> int:
    """The process of the database server, which the processes of its connections are children of."""
    with psycopg.connect(f"{server}/postgres") as connection:
        stat = Path(f"/proc/{connection.info.backend_pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


if __name__ == "__main__":
    sys.exit(main())
