"""python -m benchmarks.night_page: the tables of docs/scale.md, from the last night and log measured.

Measured and derived numbers are kept apart. What is derived names the numbers that it stands on.
"""

import json
import re
from pathlib import Path
from typing import Any

from battery_assets import tables as t
from benchmarks.lake_log import LATEST as LATEST_LOG
from benchmarks.night import LATEST

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scale.md"
NIGHT, LOG = ("<!-- night -->", "<!-- /night -->"), ("<!-- log -->", "<!-- /log -->")
SIZES = (10, 100, 1000)
# One more day of a site at 5 s: 0.13 of a month of 128 s, and 9 s of Dagster (docs/figures.md).
NIGHT_S = 0.13 * 128 + 9
KEPT_DAYS = 30
# What one machine's night may cost before somebody has to act.
LIMITS = {
    "event log, MB a night": 50.0,
    "enqueueing, CPU minutes": 30.0,
    "work on two cores, hours": 6.0,
    "log of the lake on two cores, hours": 6.0,
}
# A run writes each of them once: it opens the log, and commits.
LAKE_TABLES = sum(table.info["store"] == "lake" for table in t.FLEET_TABLES)
# Names that a bucket gives with one request.
LISTED = 1000
MEASURED_LOG = {
    "files": "files that the log names",
    "open_cpu_s": "CPU seconds to open it",
    "find_a_partition_cpu_s": "CPU seconds to find a month of a site in it",
    "commit_a_partition_cpu_s": "CPU seconds to open it and commit a month of a site",
    "checkpoint_cpu_s": "CPU seconds to open it and fold it into one file",
    "checkpoint_mb": "that file, MB",
    "peak_memory_mb": "peak memory of the process, MB",
}
MEASURED = {
    "event_log_kb_per_step": "growth of Dagster's database for a step, kB",
    "events_per_step": "events of a step",
    "dagster_cpu_s_per_step": "CPU seconds of Dagster for a step",
    "enqueue_cpu_s_per_run": "CPU seconds to enqueue a run, backfill daemon",
    "enqueue_runs_per_s": "runs enqueued in a second, wall clock under the load above",
    "page_runs_after_cpu_s": "CPU seconds of the page of runs",
    "page_partitions_of_an_asset_after_cpu_s": "CPU seconds of an asset's partitions",
    "page_backfills_after_cpu_s": "CPU seconds of the page of backfills",
    "events_before_prune": "events before the nightly tidying",
    "events_pruned": "of them gone after it",
    "peak_memory_mb": "peak memory of the process, MB",
}


def main() -> None:
    """Write the tables into the page."""
    found, logs = json.loads(LATEST.read_text()), json.loads(LATEST_LOG.read_text())
    text = PAGE.read_text()
    for (begin, end), table in ((NIGHT, tables(found, logs)), (LOG, log_tables(logs))):
        made = f"{begin}\n{table}\n{end}"
        text = re.sub(f"{begin}.*?{end}", lambda _, made=made: made, text, flags=re.DOTALL)
    PAGE.write_text(text)


def log_tables(logs: dict[str, Any]) -> str:
    """What a log costs by its size, measured, and what follows from it for a night."""
    sizes = logs["sizes"]
    head = f"Measured: a synthetic log of one table, load {logs['load']} on {logs['cores']} cores.\n\n"
    of_sites = " | ".join(f"{size['sites']:,} sites" for size in sizes)
    measured = [f"| measured | {of_sites} |", "|---|" + "---|" * len(sizes)]
    measured += [
        f"| {words} | " + " | ".join(f"{size[key]:,}" for size in sizes) + " |"
        for key, words in MEASURED_LOG.items()
    ]
    derived = [f"| derived | {of_sites} |", "|---|" + "---|" * len(sizes)]
    rows = {
        f"CPU seconds of a run's commits to {LAKE_TABLES} tables": [_commits_s(size) for size in sizes],
        "a night's commits on two cores, hours": [_hours(logs, size["sites"]) for size in sizes],
        "requests to list a table's files before a vacuum": [size["files"] / LISTED for size in sizes],
    }
    derived += [f"| {name} | " + " | ".join(f"{one:,.1f}" for one in of) + " |" for name, of in rows.items()]
    return head + "\n".join(measured) + "\n\n" + "\n".join(derived)


def _commits_s(size: dict[str, Any]) -> float:
    return LAKE_TABLES * float(size["commit_a_partition_cpu_s"])


def _hours(logs: dict[str, Any], sites: int) -> float:
    """Hours of two cores in which every site commits once to each lake table."""
    [size] = [size for size in logs["sizes"] if size["sites"] == sites]
    return sites * _commits_s(size) / 2 / 3600


def tables(found: dict[str, Any], logs: dict[str, Any]) -> str:
    """Both tables in Markdown."""
    head = (
        f"Measured: {found['sites']} sites x {found['months']} months, {found['runs_carried_out']} runs "
        f"carried out, {found['runs_enqueued']} enqueued, load {found['load']} on {found['cores']} cores.\n\n"
    )
    measured = ["| measured | value |", "|---|---|"]
    measured += [f"| {words} | {found[key]} |" for key, words in MEASURED.items()]
    derived = [
        "| derived for a night | " + " | ".join(f"{size:,} sites" for size in SIZES) + " |",
        "|---|" + "---|" * len(SIZES),
    ]
    nights = [night(found, logs, size) for size in SIZES]
    derived += [
        f"| {name} | " + " | ".join(f"{one[name]:,.1f}" for one in nights) + " |" for name in nights[0]
    ]
    derived.append("| first bottleneck | " + " | ".join(first(one) for one in nights) + " |")
    return head + "\n".join(measured) + "\n\n" + "\n".join(derived)


def night(found: dict[str, Any], logs: dict[str, Any], sites: int) -> dict[str, float]:
    """What a night of so many sites costs, from what was measured."""
    log_mb = sites * found["product_steps"] * found["event_log_kb_per_step"] / 1024
    return {
        "event log, MB a night": log_mb,
        f"event log, GB in {KEPT_DAYS} days": log_mb * KEPT_DAYS / 1024,
        "enqueueing, CPU minutes": sites * found["enqueue_cpu_s_per_run"] / 60,
        "work on two cores, hours": sites * NIGHT_S / 3600,
        "log of the lake on two cores, hours": _hours(logs, sites),
        "keys of a year": float(sites * 12),
    }


def first(one: dict[str, float]) -> str:
    """What passes its limit first; none where nothing does."""
    share, name = max((one[name] / limit, name) for name, limit in LIMITS.items())
    return f"{name.partition(',')[0]} ({share:.1f} x its limit)" if share > 1 else "none"


if __name__ == "__main__":
    main()
