"""Jobs that run for long: asked for, taken by one worker, watched, stopped; failed where the worker is gone.

queued -> running -> succeeded | failed | stopped. A worker holds a job by a lease that it renews; whoever
finds the lease passed fails the job. Views tell it from the lease, so that no process is needed to see it.
"""

from typing import Any

import sqlalchemy as sa

from battery_assets.platform.outbox.events import Event, emit
from battery_assets.platform.outbox.kinds import CAMPAIGN_DONE, INFO, WARNING
from battery_assets.tables.service.jobs import job, job_log

# A worker renews its lease three times in it.
LEASE_S = 24.0
QUEUED, RUNNING, SUCCEEDED, FAILED, STOPPED = "queued", "running", "succeeded", "failed", "stopped"
GONE = "its worker is gone: nobody renewed its lease; next step: ask for it again"
LONGEST_MESSAGE = 2000


class JobLost(RuntimeError):
    """The job is no longer this worker's: it was failed, or another one has it."""


def ask(connection: sa.Connection, kind: str, facts: dict[str, Any], steps: int) -> int:
    """Put a job into the queue. Returns its number."""
    fail_abandoned(connection)
    statement = sa.insert(job).values(kind=kind, facts=facts, steps=steps).returning(job.c.id)
    return int(connection.execute(statement).scalar_one())


def take(connection: sa.Connection, number: int, worker: str, run_id: str | None = None) -> sa.Row:
    """Begin a queued job. Returns its row. Raises JobLost where it is not in the queue."""
    statement = (
        sa.update(job)
        .where(job.c.id == number, job.c.state == QUEUED)
        .values(state=RUNNING, worker=worker, run_id=run_id, started_at=sa.func.now(), lease_until=_lease())
        .returning(job)
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise JobLost(f"job {number} is not in the queue: {_standing(connection, number)}")
    return row


def renew(connection: sa.Connection, number: int, worker: str, **done: Any) -> bool:
    """Renew the lease; `done` may be progress and step. Returns whether the job is to stop.

    Raises JobLost where the job is not this worker's any more.
    """
    statement = (
        sa.update(job)
        .where(job.c.id == number, job.c.state == RUNNING, job.c.worker == worker)
        .values(lease_until=_lease(), **done)
        .returning(job.c.stop_asked)
    )
    asked = connection.execute(statement).scalar_one_or_none()
    if asked is None:
        raise JobLost(f"job {number} is not {worker}'s any more: {_standing(connection, number)}")
    return bool(asked)


def end(connection: sa.Connection, number: int, worker: str, state: str, reason: str | None = None) -> None:
    """End a job that this worker has. Raises JobLost where it has not."""
    values: dict[str, Any] = {"state": state, "reason": reason, "finished_at": sa.func.now()}
    if state == SUCCEEDED:
        values["progress"] = 1
    statement = (
        sa.update(job)
        .where(job.c.id == number, job.c.state == RUNNING, job.c.worker == worker)
        .values(**values)
        .returning(job)
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise JobLost(f"job {number} is not {worker}'s any more: {_standing(connection, number)}")
    emit(connection, ended(row))
    if reason:
        say(connection, number, "ERROR" if state == FAILED else "INFO", reason)


def fail_queued(connection: sa.Connection, number: int, reason: str) -> None:
    """Fail a job that nobody began, where it is in the queue still."""
    values = {"state": FAILED, "reason": reason, "finished_at": sa.func.now()}
    waiting = sa.update(job).where(job.c.id == number, job.c.state == QUEUED)
    row = connection.execute(waiting.values(**values).returning(job)).one_or_none()
    if row is not None:
        emit(connection, ended(row))
        say(connection, number, "ERROR", reason)


def stop(connection: sa.Connection, number: int) -> str:
    """Stop a job: at once in the queue, with its next step where it runs. Returns its state after that."""
    of_job = job.c.id == number
    queued = {"state": STOPPED, "finished_at": sa.func.now(), "reason": "stopped before it began"}
    connection.execute(sa.update(job).where(of_job, job.c.state == QUEUED).values(**queued))
    connection.execute(sa.update(job).where(of_job, job.c.state == RUNNING).values(stop_asked=True))
    return _standing(connection, number)


def say(connection: sa.Connection, number: int, level: str, message: str) -> None:
    """Add a line to a job's log; a longer one is cut to 2,000 characters."""
    values = {"job_id": number, "level": level, "message": message[:LONGEST_MESSAGE]}
    connection.execute(sa.insert(job_log).values(**values))


def fail_abandoned(connection: sa.Connection) -> list[int]:
    """Fail every job whose worker let its lease pass. Returns their numbers."""
    values = {"state": FAILED, "reason": GONE, "finished_at": job.c.lease_until}
    statement = (
        sa.update(job)
        .where(job.c.state == RUNNING, job.c.lease_until < sa.func.now())
        .values(**values)
        .returning(job)
    )
    rows = sorted(connection.execute(statement).all(), key=lambda row: row.id)
    for row in rows:
        say(connection, row.id, "ERROR", GONE)
    emit(connection, *(ended(row) for row in rows))
    return [int(row.id) for row in rows]


def ended(row: sa.Row) -> Event:
    """The event of a job that has ended, in whatever state."""
    name = row.facts.get("name")
    of = f"{row.kind.replace('_', ' ')} {name}" if name else f"{row.kind.replace('_', ' ')}, job {row.id}"
    why = f": {row.reason}" if row.reason else ""
    return Event(
        CAMPAIGN_DONE,
        "job",
        str(row.id),
        f"{of} {row.state}{why}",
        severity=WARNING if row.state == FAILED else INFO,
        after=row.state,
        facts={"kind": row.kind, "steps": row.step},
    )


def _lease() -> sa.ColumnElement[Any]:
    return sa.func.clock_timestamp() + sa.text(f"interval '{LEASE_S} seconds'")


def _standing(connection: sa.Connection, number: int) -> str:
    state = connection.execute(sa.select(job.c.state).where(job.c.id == number)).scalar_one_or_none()
    return str(state or "there is no such job")
