"""What stands of datasets and their signals in PostgreSQL."""

import hashlib
import json
import re
from typing import Any

import sqlalchemy as sa

from battery_assets.errors import BadInput
from battery_assets.platform.jobs import core
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.signals import datasets, signals

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
ROWS_AT_ONCE = 2000


def ask(
    warehouse: Warehouse, kind: str, name: str, facts: dict[str, Any], steps: int, description: str = ""
) -> int:
    """Put the making of a dataset into the queue, and enter the dataset. Returns the job's number.

    Raises BadInput for a bad name, and for one that has signals made in another way. What was begun in
    another way and never became ready begins anew.
    """
    if not NAME.fullmatch(name):
        raise BadInput(f"dataset {name!r}: small letters, digits, _ and -; next step: give another name")
    with warehouse.transaction() as connection:
        there = connection.execute(sa.select(datasets).where(datasets.c.name == name)).one_or_none()
        before = (there.meta_data or {}) if there is not None else {}
        other = before.get("made_by") != checksum({"kind": kind, **facts})
        if other and before.get("version"):
            raise BadInput(
                f"dataset {name} is there, made with other settings; next step: give another name, or "
                f"`battery-assets dataset remove {name}` first"
            )
        number = core.ask(connection, kind, {"name": name, **facts}, steps)
        meta = {"made_by": checksum({"kind": kind, **facts}), "files": []}
        if there is None:
            row = {"name": name, "meta_data": meta, "job_id": number, "description": description}
            connection.execute(sa.insert(datasets).values(**row))
        elif other:
            whole = sa.update(datasets).where(datasets.c.name == name)
            connection.execute(whole.values(meta_data=meta, job_id=number, description=description))
        else:
            _change(connection, name, job_id=number)
    return number


def dataset(warehouse: Warehouse, name: str) -> sa.Row:
    """The row of a dataset. Raises BadInput where there is none."""
    with warehouse.reading() as connection:
        row = connection.execute(sa.select(datasets).where(datasets.c.name == name)).one_or_none()
    if row is None:
        raise BadInput(f"there is no dataset {name!r}; next step: battery-assets dataset list")
    return row


def ready(warehouse: Warehouse, name: str) -> sa.Row:
    """The row of a dataset whose signals are there. Raises BadInput where they are not."""
    row = dataset(warehouse, name)
    if not (row.meta_data or {}).get("version"):
        raise BadInput(f"dataset {row.name} has no signals yet; next step: run its job to the end")
    return row


def change(warehouse: Warehouse, name: str, **values: Any) -> None:
    """Change columns of a dataset; those of meta_data are added to what stands there."""
    with warehouse.transaction() as connection:
        _change(connection, name, **values)


def _change(connection: sa.Connection, name: str, **values: Any) -> None:
    if "meta_data" in values:
        more = sa.cast(values["meta_data"], datasets.c.meta_data.type)
        values["meta_data"] = sa.func.coalesce(datasets.c.meta_data, sa.text("'{}'::jsonb")).op("||")(more)
    statement = sa.update(datasets).where(datasets.c.name == name)
    connection.execute(statement.values(**values, updated_at=sa.func.now()))


def put_signals(warehouse: Warehouse, number: int, rows: list[dict[str, Any]], **of_dataset: Any) -> None:
    """Replace the signals of a dataset, and what it says of them, in one transaction."""
    with warehouse.transaction() as connection:
        connection.execute(sa.delete(signals).where(signals.c.dataset_id == number))
        for start in range(0, len(rows), ROWS_AT_ONCE):
            connection.execute(sa.insert(signals), rows[start : start + ROWS_AT_ONCE])
        name = connection.execute(sa.select(datasets.c.name).where(datasets.c.id == number)).scalar_one()
        _change(connection, str(name), num_signals=len(rows), **of_dataset)


def signals_of(warehouse: Warehouse, number: int) -> list[dict[str, Any]]:
    """The signals of a dataset, in their order."""
    query = sa.select(signals).where(signals.c.dataset_id == number).order_by(signals.c.id)
    with warehouse.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def remove(warehouse: Warehouse, name: str) -> int:
    """Take a dataset out with its signals and experiments. Returns how many signals it had."""
    row = dataset(warehouse, name)
    with warehouse.transaction() as connection:
        connection.execute(sa.delete(datasets).where(datasets.c.id == row.id))
    return int(row.num_signals)


def checksum(facts: Any) -> str:
    """One checksum over what JSON can hold."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
