"""python -m benchmarks.event_log [--nights N] [--tidied N]: what nights of a site leave in Dagster's log.

The real job of a site's month runs as on successive nights, on PostgreSQL with the product's own storage.
The first night makes a month and is not counted. Counts and bytes are of the nights after it. Then come so
many nights that are tidied up after, each at its own date, and what is left after each is weighed.
"""

import argparse
import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from battery_assets.hosting.database_urls import libpq_url
from battery_assets.platform import clock
from battery_assets.platform.dagster.retention import KEEP_DAYS, prune
from benchmarks.small_month import DEMO

LATEST = Path(__file__).with_name("event_log_latest.json")
SITE, MONTH = "nightly", "2025-01"
FIRST_NIGHT = datetime(2025, 1, 20, 1, tzinfo=UTC)
# How Dagster's text begins a picture.
PICTURE = "data:image/png;base64,"
# Tables that grow with runs; that of assets has a row for each.
TABLES = ("event_logs", "asset_check_executions", "asset_event_tags", "runs", "run_tags")
Kb = dict[str, float]
ENDED = "UPDATE runs SET update_timestamp = %s WHERE id = (SELECT max(id) FROM runs)"
CLIENTS = """SELECT count(*) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"""
# Days after which what is left is weighed: all that was written, without lines of runs, the newest alone.
AFTER = (1, 6, 40)
EVENTS = "SELECT coalesce(dagster_event_type, 'LINE'), event FROM event_logs WHERE id > %s ORDER BY id"


def main() -> int:
    """Measure, print, and write what was measured beside this file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.event_log", description=__doc__)
    parser.add_argument("--nights", type=int, default=3, help="Nights that count.")
    parser.add_argument("--tidied", type=int, default=0, help="Nights of which each is tidied up after.")
    asked = parser.parse_args()
    nights = asked.nights
    found = {"load": round(os.getloadavg()[0], 1), "cores": os.cpu_count(), "nights": nights}
    found |= measured(nights, asked.tidied)
    for key, value in found.items():
        print(f"{key}: {json.dumps(value)}")
    LATEST.write_text(json.dumps(found, indent=1) + "\n")
    return 0


def measured(nights: int, more: int) -> dict[str, Any]:
    """Events and bytes of a night, by kind and by when they go, and kB after each of more nights."""
    from battery_assets.actions.session import put_site, quiet_logs, run_here, session
    from battery_assets_tests.worlds.homes import fresh_home

    with fresh_home() as settings, session(settings) as at:
        quiet_logs()
        put_site(at, SITE, "synthetic", DEMO)
        run_here("catalogue")
        url = libpq_url(os.environ["DAGSTER_PG_URL"])
        with clock.stop_at(FIRST_NIGHT):
            run_here("site_month", MONTH, SITE)
        with psycopg.connect(url, autocommit=True) as connection:
            [last] = connection.execute("SELECT max(id) FROM event_logs").fetchone() or [0]
            sizes = [_kb(connection)]
            with _watched(url) as most:
                for night in range(1, nights + 1):
                    with clock.stop_at(FIRST_NIGHT + timedelta(days=night)):
                        run_here("site_month", MONTH, SITE)
            rows = connection.execute(EVENTS, [last]).fetchall()
            sizes.append(_kb(connection))
            for days in AFTER:
                with clock.stop_at(datetime.now(UTC) + timedelta(days=days)):
                    prune(at.instance, KEEP_DAYS)
                sizes.append(_kb(connection))
            after = [round(sum(kb.values())) for kb in _tidied(connection, at.instance, more)]
    found = {**by_kind(rows, nights), **parts(nights, *sizes), "connections_of_a_run": most[0]}
    return {**found, "kb_after_each_night": after}


def _tidied(connection: psycopg.Connection, instance: Any, nights: int) -> Iterator[Kb]:
    """What is stored after each of so many nights: a run, as if it had ended then, and the tidying."""
    from battery_assets.actions.session import run_here

    # Behind all that was tidied before.
    began = datetime.now(UTC) + timedelta(days=AFTER[-1])
    for night in range(nights):
        with clock.stop_at(FIRST_NIGHT + timedelta(days=night)):
            run_here("site_month", f"{clock.now():%Y-%m}", SITE)
        tonight = began + timedelta(days=night)
        connection.execute(ENDED, [tonight.replace(tzinfo=None)])
        with clock.stop_at(tonight):
            prune(instance, KEEP_DAYS)
        yield _kb(connection)


def parts(nights: int, begun: Kb, written: Kb, bare: Kb, results: Kb, newest: Kb) -> dict[str, Any]:
    """kB of a night: stored at first, and what of it goes when, each part with its name.

    The first night was tidied with those that count, so that its lines are among those that went.
    """
    totals = [sum(kb.values()) for kb in (begun, written, bare, results, newest)]
    return {
        "stored_kb_by_table": {name: round((kb - begun[name]) / nights, 1) for name, kb in written.items()},
        "stored_kb_per_night": round((totals[1] - totals[0]) / nights, 1),
        "gone_next_night_kb": round((totals[1] - totals[2]) / nights, 1),
        "gone_with_lines_kb": round((totals[2] - totals[3]) / (nights + 1), 1),
        "gone_as_replaced_kb": round((totals[3] - totals[4]) / nights, 1),
        "newest_kb": round(totals[4], 1),
    }


def by_kind(rows: Iterable[tuple[str, str]], nights: int) -> dict[str, Any]:
    """Events and kB of each kind for a night, and what of the text is pictures."""
    counts: Counter[str] = Counter()
    size: Counter[str] = Counter()
    pictures = 0
    for kind, text in rows:
        counts[kind] += 1
        size[kind] += len(text)
        pictures += sum(len(part.partition(")")[0]) for part in text.split(PICTURE)[1:])
    kinds = sorted(size, key=lambda kind: -size[kind])
    return {
        "events_per_night": round(counts.total() / nights, 1),
        "text_kb_per_night": round(size.total() / nights / 1024, 1),
        "pictures_kb_per_night": round(pictures / nights / 1024, 1),
        "events_by_kind": {kind: round(counts[kind] / nights, 1) for kind in kinds},
        "text_kb_by_kind": {kind: round(size[kind] / nights / 1024, 1) for kind in kinds},
    }


@contextmanager
def _watched(url: str) -> Iterator[list[int]]:
    """Most connections of this process to PostgreSQL while the block runs."""
    most, over = [0], threading.Event()

    def watch() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not over.wait(0.1):
                [count] = connection.execute(CLIENTS).fetchone() or [0]
                most[0] = max(most[0], int(count) - 1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


def _kb(connection: psycopg.Connection) -> dict[str, float]:
    """kB of the rows of each table, as they are stored, without indexes and without what awaits vacuum."""
    sizes = {}
    for name in TABLES:
        query = sql.SQL("SELECT coalesce(sum(pg_column_size(one.*)), 0) FROM {} one").format(
            sql.Identifier(name)
        )
        [size] = connection.execute(query).fetchone() or [0]
        sizes[name] = int(size) / 1024
    return sizes


if __name__ == "__main__":
    sys.exit(main())
