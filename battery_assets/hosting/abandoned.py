"""Runs that no process works on any more: after a power cut Dagster itself notices them hours later."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance, EventLogEntry

STAT = Path("/proc/stat")


def fail_abandoned_runs(instance: "DagsterInstance") -> list[str]:
    """Mark every run failed that says it is in progress while each process it ever named is gone; their ids.

    For the machine that all runs of this storage run on: a process id says nothing about another machine.
    """
    from dagster import DagsterRunStatus, RunsFilter

    in_progress = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING]
    failed = []
    for record in instance.get_run_records(RunsFilter(statuses=in_progress)):
        run = record.dagster_run
        workers = _workers(instance.all_logs(run.run_id))
        if workers and not any(_still_runs(pid, at) for pid, at in workers.items()):
            instance.report_run_failed(
                run, "The process of this run is gone (power cut or kill); the next command noticed it."
            )
            failed.append(run.run_id)
    return failed


def _workers(log: "Sequence[EventLogEntry]") -> dict[int, float]:
    """Process ids that the events of a run name, each with the instant when it was named last."""
    workers = {}
    for entry in log:
        event = entry.dagster_event
        if event is None:
            continue
        metadata = getattr(event.event_specific_data, "metadata", None) or {}
        named = metadata.get("pid") if isinstance(metadata, Mapping) else None
        for pid in (event.pid, named and named.value):
            if pid is not None:
                workers[int(pid)] = entry.timestamp
    return workers


def _still_runs(pid: int, seen_at: float) -> bool:
    """Whether this pid is alive and began before it was seen: a later process may have its number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    started = _started_at(pid)
    return started is None or started <= seen_at + 1.0


def _started_at(pid: int) -> float | None:
    """Start of a process in seconds since 1970; far off for a zombie; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        booted = next(
            int(line.split()[1]) for line in STAT.read_text().splitlines() if line.startswith("btime")
        )
    except (FileNotFoundError, StopIteration):
        return None
    if fields[0] == "Z":
        return time.time() + 1e9
    return booted + int(fields[19]) / os.sysconf("SC_CLK_TCK")
