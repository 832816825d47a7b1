"""python -m benchmarks.night [--sites N] [--runs N] [--full]: a night of many sites, Dagster's parts real.

PostgreSQL, event log, backfill daemon's own step and the pages' own queries run over sites x 12 months. The
assets do small real work, so what is measured is Dagster's share. What is derived from it says so.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from dagster._core.workspace.load_target import ModuleTarget

from battery_assets.hosting.database_urls import libpq_url
from battery_assets.hosting.databases import running_database
from battery_assets.hosting.launch import install_dagster_home
from battery_assets.platform.dagster.partitions import know_months, month_range
from battery_assets.platform.dagster.retention import prune
from battery_assets_tests.worlds.homes import fresh_home
from battery_assets_tests.worlds.spread.asking import asking

MONTHS = month_range("2024-01", "2024-12")
JOB, MODULE = "night", "benchmarks.night_definitions"
LATEST = Path(__file__).with_name("night_latest.json")
STEPS = 3
PAGES = {
    "runs": "{runsOrError(limit: 25) {... on Runs {results {runId status tags {key value}}}}}",
    "partitions of an asset": (
        '{assetNodeOrError(assetKey: {path: ["judged"]}) {... on AssetNode {partitionStats '
        "{numMaterialized numPartitions numFailed}}}}"
    ),
    "backfills": "{partitionBackfillsOrError(limit: 10) {... on PartitionBackfills {results {id status}}}}",
}
BACKFILL = """mutation($params: LaunchBackfillParams!) {launchPartitionBackfill(backfillParams: $params) {
  __typename ... on PythonError {message} ... on LaunchBackfillSuccess {backfillId}}}"""


def main() -> int:
    """Measure, print, and write what was measured beside this file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.night", description=__doc__)
    parser.add_argument("--sites", type=int, default=20)
    parser.add_argument("--runs", type=int, default=20, help="Runs that are carried out for the event log.")
    parser.add_argument("--full", action="store_true", help="1,000 sites, and 1,000 runs asked for.")
    given = parser.parse_args()
    sites, runs = (1000, 200) if given.full else (given.sites, given.runs)
    load = round(os.getloadavg()[0], 1)
    found = {"sites": sites, "months": len(MONTHS), "keys": sites * len(MONTHS), "load": load}
    found |= {"cores": os.cpu_count(), "product_steps": _product_steps()}
    with _instance() as (instance, url):
        found |= measured(instance, url, sites, runs)
    for key, value in found.items():
        print(f"{key}: {value}")
    LATEST.write_text(json.dumps(found, indent=1) + "\n")
    return 0


def measured(instance: Any, url: str, sites: int, runs: int) -> dict[str, Any]:
    """Every figure of one night."""
    names = [f"s{number:04d}" for number in range(sites)]
    with _timed() as known:
        instance.add_dynamic_partitions("site", names)
        know_months(instance, MONTHS)
    found: dict[str, Any] = {"partitions_made_known_cpu_s": known["cpu"]}
    target = ModuleTarget(MODULE, attribute=None, working_directory=None, location_name=MODULE)
    with asking(instance, target) as ask:
        found |= _pages(ask, "before")
        found |= _enqueued(instance, ask, names)
        found |= _carried_out(instance, url, names[:runs])
        found |= _pages(ask, "after")
    found |= _pruned(instance, url)
    found["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return found


def _product_steps() -> int:
    """Steps of a run of a site's month, as the code location has them."""
    from battery_assets.definitions import defs

    return len(defs.resolve_job_def("site_month").graph.node_dict)


def _enqueued(instance: Any, ask: Callable[..., Any], names: list[str]) -> dict[str, Any]:
    """A backfill of every site's last month, through the daemon's own step, into the queue."""
    keys = [f"{MONTHS[-1]}|{name}" for name in names]
    where = {"repositoryLocationName": MODULE, "repositoryName": "__repository__"}
    params = {
        "selector": {"partitionSetName": f"{JOB}_partition_set", "repositorySelector": where},
        "partitionNames": keys,
    }
    answer = ask(BACKFILL, {"params": params})["launchPartitionBackfill"]
    if answer["__typename"] != "LaunchBackfillSuccess":
        raise RuntimeError(f"the backfill was refused: {answer}")
    import logging

    from dagster._daemon.backfill import execute_backfill_iteration

    with _timed() as took:
        for problem in execute_backfill_iteration(ask.context, logging.getLogger("night")):  # type: ignore[attr-defined]
            if problem is not None:
                raise RuntimeError(problem.to_string())
    queued = instance.get_runs_count()
    return {
        "runs_enqueued": queued,
        "enqueue_runs_per_s": round(queued / took["wall"], 1),
        "enqueue_cpu_s_per_run": round(took["cpu"] / max(queued, 1), 4),
    }


def _carried_out(instance: Any, url: str, names: list[str]) -> dict[str, Any]:
    """Runs in this process, with their events in PostgreSQL."""
    from benchmarks.night_definitions import defs

    job = defs.resolve_job_def(JOB)
    before, events = _size(url), _events(url)
    with _timed() as took:
        for name in names:
            done = job.execute_in_process(instance=instance, partition_key=f"{MONTHS[0]}|{name}")
            if not done.success:
                raise RuntimeError(f"the run of {name} failed")
    grown = _size(url) - before
    steps = len(names) * STEPS
    return {
        "runs_carried_out": len(names),
        "dagster_cpu_s_per_step": round(took["cpu"] / steps, 4),
        "event_log_kb_per_step": round(grown / steps / 1024, 1),
        "events_per_step": round((_events(url) - events) / steps, 1),
    }


def _pages(ask: Callable[..., Any], when: str) -> dict[str, Any]:
    """CPU seconds of the pages' queries, the second time each is asked."""
    found = {}
    for name, query in PAGES.items():
        ask(query)
        with _timed() as took:
            ask(query)
        found[f"page_{name.replace(' ', '_')}_{when}_cpu_s"] = took["cpu"]
    return found


def _pruned(instance: Any, url: str) -> dict[str, Any]:
    """What the nightly tidying lets go of runs that ended long ago."""
    from datetime import timedelta
    from unittest.mock import patch

    from battery_assets.platform import clock

    before, later = _events(url), clock.now() + timedelta(days=60)
    with patch.object(clock, "now", lambda: later), _timed() as took:
        gone = prune(instance, 30)
    return {
        "events_before_prune": before,
        "events_pruned": gone["events"],
        "prune_cpu_s": took["cpu"],
    }


@contextmanager
def _instance() -> Iterator[tuple[Any, str]]:
    """Dagster's instance on a PostgreSQL of its own."""
    import dagster as dg

    with fresh_home() as settings, running_database(settings) as urls:
        os.environ.update(settings.variables())
        install_dagster_home(settings)
        with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
            yield instance, libpq_url(urls.dagster)


@contextmanager
def _timed() -> Iterator[dict[str, float]]:
    """CPU and wall seconds of a block, of this process."""
    took: dict[str, float] = {}
    wall, cpu = time.monotonic(), time.process_time()
    yield took
    took |= {"wall": time.monotonic() - wall, "cpu": round(time.process_time() - cpu, 3)}


def _size(url: str) -> int:
    """Bytes of Dagster's database."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def _events(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT count(*) FROM event_logs").fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    sys.exit(main())
