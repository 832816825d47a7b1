"""A month of a small site in a process that is warm, and the same month once more with nothing due.

The site is one of the demo's: 3 strings of 24 jars, a sample every 300 s, 0.6 million jar rows a month. What
such a month costs is fixed cost: Dagster's events, questions to PostgreSQL, suites, pictures. Seconds are of
CPU, of this process and of PostgreSQL, as other work on the machine moves them least.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

try:
    from battery_assets.actions.session import Session, put_site, quiet_logs, run_here, session
except ImportError:  # a checkout from before that module had a room
    from battery_assets.session import Session, put_site, quiet_logs, run_here, session

SITE = "little"
DEMO = {"place": "bangrak", "seed": 5, "interval_s": 300, "strings": 3, "start": "2025-01"}
SMALL = {**DEMO, "interval_s": 3600, "strings": 1, "jars_per_string": 2}
# The first month compiles and imports; those after it are measured.
COLD, WARM = "2025-01", ("2025-02", "2025-03")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """CPU seconds of this process and of PostgreSQL, seconds on the clock, and bytes of WAL."""

    own: float = 0.0
    database: float = 0.0
    wall: float = 0.0
    wal_bytes: float = 0.0


def measure(small: bool) -> dict[str, float]:
    """CPU seconds, seconds and megabytes of WAL: of a warm month, and of that month with nothing due."""
    with session() as at:
        quiet_logs()
        put_site(at, SITE, "synthetic", SMALL if small else DEMO)
        run_here("catalogue")
        _month(at, COLD)
        warm, again = ([_month(at, month) for month in WARM] for _ in range(2))
    return {**_figures("small_month", warm), **_figures("small_month_again", again)}


def _figures(name: str, costs: list[Cost]) -> dict[str, float]:
    """The mean of the months."""
    return {
        f"{name}_cpu_seconds": mean(cost.own + cost.database for cost in costs),
        f"{name}_seconds": mean(cost.wall for cost in costs),
        f"{name}_wal_mb": mean(cost.wal_bytes for cost in costs) / 1e6,
    }


def _month(at: Session, month: str) -> Cost:
    with _counted(at) as cost:
        run_here("site_month", month, SITE)
    return cost


@contextmanager
def _counted(at: Session) -> Iterator[Cost]:
    """What a block costs."""
    cost, server = Cost(), _server(at)
    own, database, wall, wal = _own_cpu(), _cpu_of(server), time.perf_counter(), _wal_bytes(at)
    yield cost
    cost.own = _own_cpu() - own
    cost.database = _cpu_of(server) - database
    cost.wall = time.perf_counter() - wall
    cost.wal_bytes = _wal_bytes(at) - wal


def _own_cpu() -> float:
    return sum(os.times()[:4])


def _server(at: Session) -> int:
    """Pid of the server that the session's database runs in, 0 where it runs on another machine."""
    with at.warehouse.transaction() as connection:
        backend = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
    stat = Path(f"/proc/{backend}/stat")
    return int(stat.read_text().rpartition(")")[2].split()[1]) if stat.exists() else 0


def _cpu_of(server: int) -> float:
    """CPU seconds of a process, of its children, and of those of its children that ended."""
    if not server:
        return 0.0
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    total = sum(map(int, _times(server)))
    for child in children:
        total += sum(map(int, _times(int(child))[:2]))
    return total / TICKS


def _times(pid: int) -> list[str]:
    """utime, stime, cutime and cstime of a process; zeros where it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
    except (FileNotFoundError, ProcessLookupError):
        return ["0"] * 4


def _wal_bytes(at: Session) -> float:
    from sqlalchemy import text

    with at.warehouse.transaction() as connection:
        return float(connection.execute(text("SELECT wal_bytes FROM pg_stat_wal")).scalar_one())


def main() -> None:
    """Measure in this process and leave the values in a file."""
    parser = argparse.ArgumentParser(description="Measure a small month; `benchmarks.against` calls this.")
    parser.add_argument("answer", type=Path)
    parser.add_argument("--small", action="store_true")
    given = parser.parse_args()
    given.answer.write_text(json.dumps(measure(given.small)))


if __name__ == "__main__":
    main()
