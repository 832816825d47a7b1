"""The books of what arrives as a whole: each thing is entered once, by the checksum of its files."""

from collections.abc import Collection
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from battery_assets.platform.registry.addresses import cleared
from battery_assets.platform.registry.tables import intake, quarantined_row

ACCEPTED, DUPLICATE, REFUSED, REPLACED = "accepted", "duplicate", "refused", "replaced"


def entries(connection: sa.Connection, site: str) -> dict[str, sa.Row]:
    """Everything of a site, by key."""
    return {row.key: row for row in connection.execute(sa.select(intake).where(intake.c.site == site))}


def of_month(connection: sa.Connection, site: str, month: str) -> list[sa.Row]:
    """What was accepted for a month of a site, in order of its keys."""
    query = sa.select(intake).where(
        intake.c.site == site, intake.c.month == month, intake.c.status == ACCEPTED
    )
    return list(connection.execute(query.order_by(intake.c.key)))


def enter(
    connection: sa.Connection,
    site: str,
    key: str,
    status: str,
    *,
    month: str | None = None,
    reason: str | None = None,
    facts: dict[str, Any] | None = None,
    files: list[dict[str, Any]] | None = None,
) -> None:
    """Enter a thing, or change what is known of it."""
    values = {
        "month": month,
        "status": status,
        "reason": reason,
        "facts": facts or {},
        "files": files or [],
        "registered_at": sa.func.now(),
    }
    statement = insert(intake).values(site=site, key=key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["site", "key"], set_=values))


def replace(connection: sa.Connection, site: str, keys: Collection[str]) -> None:
    """Others have taken the place of things that were accepted: their months have to be run again."""
    values = {"status": REPLACED, "reason": "its files have changed", "registered_at": sa.func.now()}
    connection.execute(
        sa.update(intake).where(intake.c.site == site, intake.c.key.in_(keys)).values(**values)
    )


def keep_quarantine(
    connection: sa.Connection, table: sa.Table, site: str, month: str, rows: pl.DataFrame
) -> None:
    """Keep the rows of a table that were refused, in place of those kept of the same files before."""
    if rows.is_empty():
        return
    key = {"table_name": table.name, "site": site, "month": month}
    books = quarantined_row.c
    same = [books[name] == value for name, value in key.items()]
    connection.execute(
        sa.delete(quarantined_row).where(*same, books.file.in_(rows["file"].unique().to_list()))
    )
    connection.execute(sa.insert(quarantined_row), [cleared({**key, **row}) for row in rows.to_dicts()])
