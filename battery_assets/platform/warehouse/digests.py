"""Rows of a PostgreSQL partition as they are, in a few letters: whoever changes one changes them."""

import functools
from collections.abc import Iterable

import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry import tables as r
from battery_assets.platform.warehouse.conditions import within


def has_digest(table: sa.Table) -> bool:
    """Is a partition what its writer put there? A row of a master table may be another month's."""
    of_one_month = table.info["cut"] == "site_month" and not table.info["newest_wins"]
    return of_one_month and table.info["store"] != "lake"


def rows_digest(connection: sa.Connection, table: sa.Table, part: Part) -> str | None:
    """Sum of the checksums of a partition's rows, in whatever order they lie; None where months share rows.

    It begins with what the columns are: rows that a migration gave another form are not compared.
    """
    if not has_digest(table):
        return None
    total = rows_sum(table, part, [str(column.name) for column in table.columns])
    return f"{_form(table)}:{connection.execute(sa.select(total)).scalar_one()}"


def rows_sum(table: sa.Table, part: Part, names: Iterable[str]) -> sa.ScalarSelect:
    """The sum itself, over the columns that are named, to be selected alone or with others."""
    row = sa.func.row(*(table.c[name] for name in names))
    numbers = sa.cast(sa.func.hashtextextended(sa.cast(row, sa.Text), 0), sa.Numeric)
    total = sa.select(sa.func.coalesce(sa.func.sum(numbers), 0)).select_from(table)
    return total.where(within(table, part, None)).scalar_subquery()


@functools.cache
def _form(table: sa.Table) -> str:
    """What the columns are, in a few letters."""
    return digest(str([(column.name, str(column.type)) for column in table.columns]))[:16]


def has_shared_digest(table: sa.Table) -> bool:
    """Are the rows of a site those of many months, the newest first? They have one digest together."""
    return table.info["cut"] == "site_month" and table.info["newest_wins"] and table.info["store"] != "lake"


def shared_digests(connection: sa.Connection, table: sa.Table, part: Part) -> tuple[str | None, str]:
    """The digest that a site's rows of master data were left with, and that of the rows that are there.

    Both are of one instant: another month may be committed at any time.
    """
    names = [str(column.name) for column in table.columns]
    left = sa.select(r.turn.c.rows_digest).where(_turn_of(table, part)).scalar_subquery()
    kept, total = connection.execute(sa.select(left, rows_sum(table, Part(part.site), names))).one()
    return kept, f"{_form(table)}:{total}"


def keep_shared_digest(connection: sa.Connection, table: sa.Table, part: Part) -> None:
    """Enter a site's rows of master data as they are now; whoever writes them holds the turn."""
    _, now = shared_digests(connection, table, part)
    connection.execute(sa.update(r.turn).where(_turn_of(table, part)).values(rows_digest=now))


def _turn_of(table: sa.Table, part: Part) -> sa.ColumnElement[bool]:
    return sa.and_(r.turn.c.table_name == table.name, r.turn.c.site == (part.site or ""))


def are_changed(kept: str | None, now: str | None) -> bool:
    """Have the rows changed since their digest was kept? One of another form says nothing."""
    return kept is not None and now is not None and kept != now and kept[:17] == now[:17]


def digest_there(connection: sa.Connection, table: sa.Table, part: Part, sha256: str) -> str | None:
    """The digest of a partition's rows where they are those that were committed, and of this checksum."""
    row = registry.committed(connection, table, part)
    if row is None or row.sha256 != sha256 or row.rows_digest is None:
        return None
    return row.rows_digest if row.rows_digest == rows_digest(connection, table, part) else None


def digest_kept(connection: sa.Connection, table: sa.Table, part: Part) -> str | None:
    """The digest that was committed with a partition's rows; None where it is of another form."""
    row = registry.committed(connection, table, part)
    of_form = row is not None and (row.rows_digest or "").startswith(f"{_form(table)}:")
    return row.rows_digest if row is not None and of_form else None
