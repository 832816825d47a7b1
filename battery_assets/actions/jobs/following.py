"""A job as it stands, what was said in it since, and how it is stopped."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from battery_assets.actions.people.caller import Caller
from battery_assets.platform.jobs import core
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.service.jobs import job, job_log

SHOWN = ("id", "kind", "state", "progress", "step", "steps", "run_id", "stop_asked", "reason", "created_at",
         "started_at", "finished_at", "request_id")  # fmt: skip
ENDED = (core.SUCCEEDED, core.FAILED, core.STOPPED)
MOST_LINES = 200


def visible(connection: sa.Connection, caller: Caller, number: int) -> sa.Row | None:
    """A job's row, where the caller sees all of its sites; a job of no site is for who sees every site."""
    row = connection.execute(sa.select(job).where(job.c.id == number)).one_or_none()
    if row is None or caller.sites is None:
        return row
    sites = {*(row.facts.get("sites") or ()), *filter(None, (row.facts.get("lab"),))}
    return row if sites and sites <= caller.sites else None


def shown(row: sa.Row) -> dict[str, Any]:
    """A job as programs see it. A worker that is gone has failed, whether or not it was noted."""
    fields = {name: getattr(row, name) for name in SHOWN}
    by = (row.launch or {}).get("by") or None
    return {**fields, "progress": float(row.progress), "facts": row.facts, "asked_by": by}


def lines_since(connection: sa.Connection, number: int, last: int) -> Sequence[sa.Row]:
    """Lines of a job's log after one, oldest first."""
    query = sa.select(job_log).where(job_log.c.job_id == number, job_log.c.id > last)
    return connection.execute(query.order_by(job_log.c.id).limit(MOST_LINES)).all()


def look(warehouse: Warehouse, number: int, last: int) -> tuple[dict[str, Any] | None, Sequence[sa.Row]]:
    """A job as it stands, and its lines after one; None where it is gone."""
    with warehouse.transaction() as connection:
        core.fail_abandoned(connection)
        row = connection.execute(sa.select(job).where(job.c.id == number)).one_or_none()
        return (None, ()) if row is None else (shown(row), lines_since(connection, number, last))


def stop(connection: sa.Connection, number: int) -> str:
    """Stop a job: at once in the queue, with its next step where it runs. Returns its state after that."""
    return core.stop(connection, number)
