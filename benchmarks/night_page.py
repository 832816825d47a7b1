"""python -m benchmarks.night_page: the sizing table of docs/scale.md, from the last night that was measured.

Measured and derived numbers are kept apart. What is derived names the numbers that it stands on.
"""

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.night import LATEST

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scale.md"
MARK, END = "<!-- night -->", "<!-- /night -->"
SIZES = (10, 100, 1000)
# One more day of a site at 5 s: 0.13 of a month of 128 s, and 9 s of Dagster (docs/figures.md).
NIGHT_S = 0.13 * 128 + 9
KEPT_DAYS = 30
# What one machine's night may cost before somebody has to act.
LIMITS = {"event log, MB a night": 50.0, "enqueueing, minutes": 30.0, "work on two cores, hours": 6.0}
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
    """Write both tables into the page."""
    found = json.loads(LATEST.read_text())
    text = PAGE.read_text()
    table = f"{MARK}\n{tables(found)}\n{END}"
    PAGE.write_text(re.sub(f"{MARK}.*?{END}", lambda _: table, text, flags=re.DOTALL))


def tables(found: dict[str, Any]) -> str:
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
    nights = [night(found, size) for size in SIZES]
    derived += [
        f"| {name} | " + " | ".join(f"{one[name]:,.1f}" for one in nights) + " |" for name in nights[0]
    ]
    derived.append("| first bottleneck | " + " | ".join(first(one) for one in nights) + " |")
    return head + "\n".join(measured) + "\n\n" + "\n".join(derived)


def night(found: dict[str, Any], sites: int) -> dict[str, float]:
    """What a night of so many sites costs, from what was measured."""
    log_mb = sites * found["product_steps"] * found["event_log_kb_per_step"] / 1024
    return {
        "event log, MB a night": log_mb,
        f"event log, GB in {KEPT_DAYS} days": log_mb * KEPT_DAYS / 1024,
        "enqueueing, minutes": sites / found["enqueue_runs_per_s"] / 60,
        "work on two cores, hours": sites * NIGHT_S / 3600,
        "keys of a year": float(sites * 12),
    }


def first(one: dict[str, float]) -> str:
    """What passes its limit first; none where nothing does."""
    share, name = max((one[name] / limit, name) for name, limit in LIMITS.items())
    return f"{name.partition(',')[0]} ({share:.1f} x its limit)" if share > 1 else "none"


if __name__ == "__main__":
    main()
