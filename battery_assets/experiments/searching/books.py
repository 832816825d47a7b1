"""Campaigns and their trials in PostgreSQL. A trial is claimed under a lease; the lease is the recovery.

Points are chosen in the transaction that claims them, one worker at a time: two workers never try one point.
"""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from battery_assets.errors import BadInput
from battery_assets.experiments.trying.books import NAME
from battery_assets.platform.jobs import core
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.campaigns import HPO_KIND, hpo_campaign, hpo_trial, nas_trials

# A worker renews its trial with each epoch, and by a thread beside it three times in this.
LEASE_S = 30.0
Proposal = Callable[[Sequence[sa.Row], int], tuple[dict[str, Any], str] | None]
DONE = ("completed", "pruned", "failed")
MOST_ATTEMPTS = 3


def enter(
    warehouse: Warehouse,
    table: sa.Table,
    kind: str,
    row: dict[str, Any],
    points: Sequence[tuple[dict, str]] = (),
) -> int:
    """Enter a campaign with its job, and the points of a grid. Returns the job's number.

    Raises BadInput for a bad name and for one that is taken.
    """
    name, steps = row["name"], row.get("trials_total", row.get("num_trials"))
    if not NAME.fullmatch(name):
        raise BadInput(f"campaign {name!r}: letters, digits, _ . -; next step: give another name")
    with warehouse.transaction() as connection:
        if connection.execute(sa.select(table.c.id).where(table.c.name == name)).one_or_none():
            raise BadInput(f"campaign {name} is there; next step: give another name")
        number = core.ask(connection, kind, {"name": name}, int(steps or 0))
        made = connection.execute(sa.insert(table).values(**row, job_id=number).returning(table.c.id))
        campaign = int(made.scalar_one())
        rows = [
            {"campaign_id": campaign, "trial_number": place, "params": point, "params_hash": checksum}
            for place, (point, checksum) in enumerate(points, 1)
        ]
        if rows:
            connection.execute(sa.insert(hpo_trial), rows)
    return number


def campaign(warehouse: Warehouse, table: sa.Table, name: str) -> sa.Row:
    """The row of a campaign. Raises BadInput where there is none."""
    with warehouse.reading() as connection:
        row = connection.execute(sa.select(table).where(table.c.name == name)).one_or_none()
    if row is None:
        raise BadInput(f"there is no campaign {name!r}; next step: battery-assets campaign list")
    return row


def resume(warehouse: Warehouse, table: sa.Table, kind: str, name: str) -> int:
    """Ask for a campaign to go on that failed or was stopped. Returns the new job's number."""
    row = campaign(warehouse, table, name)
    with warehouse.transaction() as connection:
        steps: int = row.trials_total if kind == HPO_KIND else row.num_trials
        number = core.ask(connection, kind, {"name": name}, steps)
        connection.execute(sa.update(table).where(table.c.id == row.id).values(job_id=number))
    return number


def claim(warehouse: Warehouse, number: int, total: int, worker: str, propose: Proposal) -> sa.Row | None:
    """The next trial of a campaign for this worker; None where all are done, or others have what is left.

    What a worker that is gone had is given out again, three times at most. propose: the trials so far and the
    number of the new one, to its point and checksum; None where there are no more points.
    """
    trial = hpo_trial.c
    gone = sa.and_(trial.state == "running", trial.lease_until < sa.func.clock_timestamp())
    mine = {"state": "running", "worker": worker, "lease_until": _lease(), "attempts": trial.attempts + 1}
    with warehouse.transaction() as connection:
        # One worker chooses at a time.
        connection.execute(sa.select(hpo_campaign.c.id).where(hpo_campaign.c.id == number).with_for_update())
        lost = {"state": "failed", "reason": f"its worker was gone {MOST_ATTEMPTS} times"}
        spent = sa.update(hpo_trial).where(trial.campaign_id == number, gone, trial.attempts >= MOST_ATTEMPTS)
        connection.execute(spent.values(**lost))
        free = (
            sa.select(trial.id)
            .where(trial.campaign_id == number, sa.or_(trial.state == "waiting", gone))
            .order_by(trial.trial_number)
            .limit(1)
        )
        again = sa.update(hpo_trial).where(trial.id == free.scalar_subquery()).values(**mine)
        row = connection.execute(again.returning(hpo_trial)).one_or_none()
        if row is not None:
            return row
        claimed = connection.execute(
            sa.select(hpo_trial).where(trial.campaign_id == number).order_by(trial.trial_number)
        ).all()
        if len(claimed) >= total or (proposed := propose(claimed, len(claimed) + 1)) is None:
            return None
        point, checksum = proposed
        fresh = {
            "campaign_id": number,
            "trial_number": len(claimed) + 1,
            "params": point,
            "params_hash": checksum,
        }
        fresh |= {**mine, "attempts": 1}
        return connection.execute(sa.insert(hpo_trial).values(**fresh).returning(hpo_trial)).one()


def renew(warehouse: Warehouse, number: int, worker: str, metrics: dict[str, Any] | None = None) -> None:
    """Renew the lease of a trial. Raises JobLost where it is another worker's by now."""
    values: dict[str, Any] = {"lease_until": _lease(), "updated_at": sa.func.now()}
    if metrics is not None:
        values["metrics"] = metrics
    _change(warehouse, number, worker, values)


def finish(warehouse: Warehouse, number: int, worker: str, state: str, **values: Any) -> None:
    """End a trial that this worker has. Raises JobLost where it has not."""
    _change(warehouse, number, worker, {"state": state, "updated_at": sa.func.now(), **values})


def _change(warehouse: Warehouse, number: int, worker: str, values: dict[str, Any]) -> None:
    trial = hpo_trial.c
    statement = (
        sa.update(hpo_trial)
        .where(trial.id == number, trial.state == "running", trial.worker == worker)
        .values(**values)
        .returning(trial.id)
    )
    with warehouse.transaction() as connection:
        if connection.execute(statement).one_or_none() is None:
            raise core.JobLost(f"trial {number} is not {worker}'s any more")


def trials(warehouse: Warehouse, number: int) -> list[sa.Row]:
    """The trials of a search for settings, by their number."""
    own = hpo_trial.c
    query = sa.select(hpo_trial).where(own.campaign_id == number).order_by(own.trial_number)
    with warehouse.reading() as connection:
        return list(connection.execute(query))


def change(warehouse: Warehouse, table: sa.Table, number: int, **values: Any) -> None:
    """Change columns of a campaign."""
    with warehouse.transaction() as connection:
        statement = sa.update(table).where(table.c.id == number).values(**values, updated_at=sa.func.now())
        connection.execute(statement)


def networks(warehouse: Warehouse, number: int) -> list[sa.Row]:
    """The networks of a campaign, by their number."""
    query = (
        sa.select(nas_trials).where(nas_trials.c.campaign_id == number).order_by(nas_trials.c.trial_number)
    )
    with warehouse.reading() as connection:
        return list(connection.execute(query))


def put_network(warehouse: Warehouse, **values: Any) -> int:
    """Enter a network that was trained. Returns its number."""
    with warehouse.transaction() as connection:
        made = connection.execute(sa.insert(nas_trials).values(**values).returning(nas_trials.c.id))
        return int(made.scalar_one())


def _lease() -> sa.ColumnElement[Any]:
    return sa.func.clock_timestamp() + sa.text(f"interval '{LEASE_S} seconds'")
