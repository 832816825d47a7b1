"""python -m benchmarks.event_log [--nights N]: what a night of one site leaves in Dagster's database.

The real job of a site's month runs as on successive nights, on PostgreSQL with the product's own storage.
The first night makes a month and is not counted. Counts and bytes are of the nights after it.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable
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
TABLES = ("event_logs", "asset_check_executions", "asset_event_tags", "asset_keys", "runs", "run_tags")
# Days after which what is left is weighed: all that was written, without lines of runs, the newest alone.
AFTER = (1, 6, 40)
EVENTS = "SELECT coalesce(dagster_event_type, 'LINE'), event FROM event_logs WHERE id > %s ORDER BY id"


def main() -> int:
    """Measure, print, and write what was measured beside this file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.event_log", description=__doc__)
    parser.add_argument("--nights", type=int, default=3, help="Nights that count.")
    nights = parser.parse_args().nights
    found = {"load": round(os.getloadavg()[0], 1), "cores": os.cpu_count(), "nights": nights}
    found |= measured(nights)
    for key, value in found.items():
        print(f"{key}: {json.dumps(value)}")
    LATEST.write_text(json.dumps(found, indent=1) + "\n")
    return 0


def measured(nights: int) -> dict[str, Any]:
    """Events, bytes and growth of tables for a night, and CPU seconds of the run."""
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
            for night in range(1, nights + 1):
                with clock.stop_at(FIRST_NIGHT + timedelta(days=night)):
                    run_here("site_month", MONTH, SITE)
            rows = connection.execute(EVENTS, [last]).fetchall()
            sizes.append(_kb(connection))
            for days in AFTER:
                with clock.stop_at(datetime.now(UTC) + timedelta(days=days)):
                    prune(at.instance, KEEP_DAYS)
                sizes.append(_kb(connection))
    begun, written, *tidied = sizes
    return {
        **by_kind(rows, nights),
        "stored_kb_per_night": {name: round((kb - begun[name]) / nights, 1) for name, kb in written.items()},
        **{
            f"kept_kb_per_night_after_{days}_days": round(
                (sum(kb.values()) - sum(tidied[-1].values())) / nights, 1
            )
            for days, kb in zip(AFTER[:-1], tidied[:-1], strict=True)
        },
        "kept_kb_of_the_newest": round(sum(tidied[-1].values()), 1),
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
