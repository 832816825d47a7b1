"""python -m benchmarks.night_page: the tables of docs/scale.md, from the last night and logs measured.

Measured and derived numbers are kept apart. What is derived names the numbers that it stands on.
"""

import json
import re
from pathlib import Path
from typing import Any

from battery_assets import tables as t
from battery_assets.platform.dagster.retention import KEEP_DAYS, KEEP_LINES_DAYS
from battery_assets.platform.lake.store import FOLD_AT
from benchmarks.event_log import LATEST as LATEST_EVENTS
from benchmarks.lake_log import LATEST as LATEST_LOG
from benchmarks.night import LATEST

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scale.md"
NIGHT, LOG = ("<!-- night -->", "<!-- /night -->"), ("<!-- log -->", "<!-- /log -->")
EVENTS = "<!-- events -->", "<!-- /events -->"
SIZES = (10, 100, 1000)
# One more day of a site at 5 s: 0.13 of a month of 128 s, and 9 s of Dagster (docs/figures.md).
NIGHT_S = 0.13 * 128 + 9
# BATTERY_KEEP_LOG_DAYS as it is set, and shorter.
KEPT_DAYS, FEW_DAYS = KEEP_DAYS, 7
# What one machine's night may cost before somebody has to act. The log of events: a third of a small server's
# memory of 32 GB, so that its pages come from memory.
LIMITS = {
    f"event log kept for {KEPT_DAYS} days, GB": 10.0,
    "enqueueing, CPU minutes": 30.0,
    "work on two cores, hours": 6.0,
    "log of the lake on two cores, hours": 6.0,
}
# A run writes each of them once.
LAKE_TABLES = sum(table.info["store"] == "lake" for table in t.FLEET_TABLES)
# How often a run asks which files a table has of its month, counted at a bucket: 52 times in five tables.
LOOKS = 11
# Names that a bucket gives with one request.
LISTED = 1000
MEASURED_LOG = {
    "files": "files that the log names",
    "find_a_partition_cpu_s": "CPU seconds to find a month of a site in it",
    "find_again_cpu_s": "CPU seconds to find it again, once others have committed",
    "commit_a_partition_cpu_s": "CPU seconds to commit a month of a site",
    "open_cpu_s": "CPU seconds to open it, Delta's own reader",
    "checkpoint_cpu_s": "CPU seconds to open it so and fold it into one file",
    "checkpoint_mb": "that file, MB",
    "peak_memory_mb": "peak memory of the process, MB",
}
MEASURED_EVENTS = {
    "events_per_night": "events of a run",
    "stored_kb_per_night": "stored for a run in its night, kB",
    "gone_next_night_kb": "of them pictures, which go with the next night's, kB",
    "gone_with_lines_kb": f"of them lines, which go after {KEEP_LINES_DAYS} days, kB",
    "gone_as_replaced_kb": f"of them results, which go after {KEPT_DAYS} days once replaced, kB",
    "newest_kb": "newest results of a month, with pictures, which stay, kB",
    "connections_of_a_run": "most connections to PostgreSQL of a process that carries out a run",
}
MEASURED = {
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
    found, logs, events = (json.loads(file.read_text()) for file in (LATEST, LATEST_LOG, LATEST_EVENTS))
    text = PAGE.read_text()
    made = {NIGHT: tables(found, logs, events), LOG: log_tables(logs), EVENTS: event_tables(events)}
    for (begin, end), table in made.items():
        whole = f"{begin}\n{table}\n{end}"
        text = re.sub(f"{begin}.*?{end}", lambda _, whole=whole: whole, text, flags=re.DOTALL)
    PAGE.write_text(text)


def event_tables(events: dict[str, Any]) -> str:
    """What a night of one site leaves in Dagster's database, by when it goes and by kind."""
    head = (
        f"Measured: the real job of one site's month on {events['nights']} nights, load {events['load']} "
        f"on {events['cores']} cores.\n\n"
    )
    measured = ["| measured | a site and night |", "|---|---|"]
    measured += [f"| {words} | {events[key]} |" for key, words in MEASURED_EVENTS.items()]
    kinds = ["| kind of event | events | text, kB |", "|---|---|---|"]
    text_kb = events["text_kb_by_kind"]
    kinds += [
        f"| {kind.lower().replace('_', ' ')} | {events['events_by_kind'][kind]:g} | {kb} |"
        for kind, kb in text_kb.items()
        if kb >= 10
    ]
    few = sum(kb for kb in text_kb.values() if kb < 10)
    kinds.append(f"| all others | {_others(events):g} | {few:.1f} |")
    kinds.append(f"| pictures within materializations | | {events['pictures_kb_per_night']} |")
    return head + "\n".join(measured) + "\n\n" + "\n".join(kinds)


def _others(events: dict[str, Any]) -> float:
    return sum(n for kind, n in events["events_by_kind"].items() if events["text_kb_by_kind"][kind] < 10)


def kept_gb(events: dict[str, Any], sites: int, days: int) -> float:
    """GB that are kept of so many nights, without the newest results: each part for as long as it stays.

    Tidying comes once a night, so that what goes after some days is there for one day more.
    """
    lines = min(days, KEEP_LINES_DAYS) + 1
    of_site = (
        events["gone_next_night_kb"]
        + events["gone_with_lines_kb"] * lines
        + events["gone_as_replaced_kb"] * (days + 1)
    )
    return sites * float(of_site) / 1024**2


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
        "a night's folds on two cores, hours": [_folds_h(size) for size in sizes],
        "requests to list a table's files before a vacuum": [size["files"] / LISTED for size in sizes],
    }
    derived += [f"| {name} | " + " | ".join(f"{one:,.1f}" for one in of) + " |" for name, of in rows.items()]
    return head + "\n".join(measured) + "\n\n" + "\n".join(derived)


def _commits_s(size: dict[str, Any]) -> float:
    """CPU seconds of a run: it looks, commits, and bears its share of the fold at each hundredth commit."""
    looks = size["find_a_partition_cpu_s"] + (LOOKS - 1) * size["find_again_cpu_s"]
    of_table = looks + size["commit_a_partition_cpu_s"] + size["checkpoint_cpu_s"] / FOLD_AT
    return LAKE_TABLES * float(of_table)


def _folds_h(size: dict[str, Any]) -> float:
    """Hours of two cores to fold every lake table once, as `tidy` does."""
    return LAKE_TABLES * float(size["checkpoint_cpu_s"]) / 2 / 3600


def _hours(logs: dict[str, Any], sites: int) -> float:
    """Hours of two cores in which every site commits once to each lake table."""
    [size] = [size for size in logs["sizes"] if size["sites"] == sites]
    return sites * _commits_s(size) / 2 / 3600


def tables(found: dict[str, Any], logs: dict[str, Any], events: dict[str, Any]) -> str:
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
    nights = [night(found, logs, events, size) for size in SIZES]
    derived += [
        f"| {name} | " + " | ".join(f"{one[name]:,.1f}" for one in nights) + " |" for name in nights[0]
    ]
    derived.append("| first bottleneck | " + " | ".join(first(one) for one in nights) + " |")
    return head + "\n".join(measured) + "\n\n" + "\n".join(derived)


def night(
    found: dict[str, Any], logs: dict[str, Any], events: dict[str, Any], sites: int
) -> dict[str, float]:
    """What a night of so many sites costs, from what was measured."""
    return {
        "event log written in a night, MB": sites * events["stored_kb_per_night"] / 1024,
        f"event log kept for {KEPT_DAYS} days, GB": kept_gb(events, sites, KEPT_DAYS),
        f"event log kept for {FEW_DAYS} days, GB": kept_gb(events, sites, FEW_DAYS),
        "newest results of a year's months, GB": sites * 12 * events["newest_kb"] / 1024**2,
        "enqueueing, CPU minutes": sites * found["enqueue_cpu_s_per_run"] / 60,
        "work on two cores, hours": sites * NIGHT_S / 3600,
        "log of the lake on two cores, hours": _hours(logs, sites),
        "keys of a year": float(sites * 12),
    }


def first(one: dict[str, float]) -> str:
    """What comes to its limit first, and how near it is."""
    share, name = max((one[name] / limit, name) for name, limit in LIMITS.items())
    return f"{name.partition(',')[0]}, {share:.2g} of its limit"


if __name__ == "__main__":
    main()
