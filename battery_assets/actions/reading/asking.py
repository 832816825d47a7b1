"""One page of a resource: filters, what its reader may see, and where the page before ended."""

import base64
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from battery_assets.actions.reading.knowledge import Knowledge, PastNotKept
from battery_assets.actions.reading.resource import Resource
from battery_assets.errors import UserError
from battery_assets.platform.registry.tables import partition_version as version
from battery_assets.platform.warehouse.database import copy_select
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import IN_MEMORY

_AS_OF = sa.text("SELECT set_config('battery.as_of', :at, true)")
NO_SITE = "its rows belong to no site"


class NotAllowed(UserError):
    """A reader asks for what it may not see."""


@dataclass(frozen=True)
class Asked:
    """What is asked for. sites: those that the reader may see, None for all of them."""

    sites: frozenset[str] | None = None
    filters: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    newest: bool = False
    as_of: datetime | None = None
    cursor: str | None = None
    limit: int = 100


@dataclass(frozen=True)
class Page:
    """Rows as JSON texts, in order, and the cursor of the next page; None where this is the last."""

    rows: list[str]
    cursor: str | None


def page(warehouse: Warehouse, resource: Resource, asked: Asked) -> Page:
    """A page of a resource. UserError for a cursor that is none, NotAllowed, PastNotKept."""
    rows = _selected(resource, asked)
    keys = [rows.c[name] for name in resource.key]
    query = sa.select(sa.cast(sa.func.to_json(sa.text("page")), sa.Text), *keys).select_from(rows)
    with _asking(warehouse, asked) as connection:
        _refuse_past(connection, resource, asked)
        fetched = connection.execute(query.order_by(*keys)).all()
    more = len(fetched) > asked.limit
    fetched = fetched[: asked.limit]
    after = _cursor(resource, asked, fetched[-1][1:]) if more else None
    return Page([row[0] for row in fetched], after)


def frame(warehouse: Warehouse, resource: Resource, asked: Asked) -> tuple[pl.DataFrame, str | None]:
    """A page as columns, for bulk: JSON stays text. Returns the cursor of the next page too."""
    rows = _selected(resource, asked)
    keys = [rows.c[name] for name in resource.key]
    schema = {one.name: IN_MEMORY[one.kind] for one in resource.fields.values()}
    with _asking(warehouse, asked) as connection:
        _refuse_past(connection, resource, asked)
        rows_copied = copy_select(connection, sa.select(*rows.c).order_by(*keys), schema)
    more = rows_copied.height > asked.limit
    rows_copied = rows_copied.head(asked.limit)
    after = _cursor(resource, asked, rows_copied.select(resource.key).row(-1)) if more else None
    return rows_copied, after


def one(warehouse: Warehouse, resource: Resource, name: str, asked: Asked) -> str | None:
    """One row as JSON text, by one of the resource's names; None where there is none that the reader sees."""
    rows = resource.source(Knowledge(asked.as_of)).subquery("page")
    same = [sa.cast(rows.c[column], sa.Text) == name for column in resource.one_by]
    query = sa.select(sa.cast(sa.func.to_json(sa.text("page")), sa.Text)).select_from(rows)
    query = query.where(sa.or_(*same), *_visible(resource, rows, asked))
    # Where a month has its own row of it, the newest one is what is asked for.
    if "month" in resource.key:
        query = query.order_by(rows.c.month.desc())
    with _asking(warehouse, asked) as connection:
        _refuse_past(connection, resource, asked)
        return connection.execute(query.limit(1)).scalar_one_or_none()


@contextmanager
def _asking(warehouse: Warehouse, asked: Asked) -> Iterator[sa.Connection]:
    """A connection whose views know what was known at the instant that is asked for."""
    if asked.as_of is None:
        with warehouse.reading() as connection:
            yield connection
        return
    with warehouse.transaction() as connection:
        connection.execute(_AS_OF, {"at": asked.as_of.isoformat()})
        yield connection


def _selected(resource: Resource, asked: Asked) -> sa.Subquery:
    """The rows of a page and one more, which says whether another page follows."""
    rows = resource.source(Knowledge(asked.as_of)).subquery("asked")
    where = _visible(resource, rows, asked)
    where += [rows.c[name].in_(values) for name, values in asked.filters.items() if values]
    if resource.at is not None:
        where += [rows.c[resource.at] >= asked.since] if asked.since else []
        where += [rows.c[resource.at] < asked.until] if asked.until else []
    if asked.newest and resource.monthly is not None:
        where.append(rows.c.month == _newest_month(resource.monthly, rows, asked))
    keys = [rows.c[name] for name in resource.key]
    if asked.cursor is not None:
        where.append(sa.tuple_(*keys) > sa.tuple_(*_after(resource, asked, rows)))
    return sa.select(rows).where(*where).order_by(*keys).limit(asked.limit + 1).subquery("page")


def _visible(resource: Resource, rows: sa.Subquery, asked: Asked) -> list[sa.ColumnElement[bool]]:
    """The conditions that a reader may see a row."""
    if asked.sites is None:
        return []
    if resource.site is None:
        raise NotAllowed(f"{resource.name}: {NO_SITE}", "ask with a key or an account that sees every site")
    return [rows.c[resource.site].in_(sorted(asked.sites))]


def _newest_month(table: sa.Table, rows: sa.Subquery, asked: Asked) -> sa.ScalarSelect:
    committed = [version.c.known_since <= asked.as_of] if asked.as_of else [version.c.version.is_not(None)]
    mine = (version.c.table_name == table.name) & (version.c.site == rows.c.site)
    return (
        sa.select(sa.func.max(version.c.month)).where(mine, version.c.rows > 0, *committed).scalar_subquery()
    )


def _refuse_past(connection: sa.Connection, resource: Resource, asked: Asked) -> None:
    if asked.as_of is None:
        return
    if resource.past:
        raise PastNotKept(f"{resource.name}: {resource.past}", "ask without as_of")
    sites = None if asked.sites is None else sorted(asked.sites)
    if asked.filters.get("site"):
        sites = [site for site in asked.filters["site"] if sites is None or site in sites]
    Knowledge(asked.as_of).refuse_made_again(
        connection, resource.tables, sites, list(asked.filters.get("month") or ())
    )


def _cursor(resource: Resource, asked: Asked, key: Sequence[Any]) -> str:
    """Where a page ended, as text that says nothing to its reader."""
    words = [resource.name, *(_plain(value) for value in key)]
    return base64.urlsafe_b64encode(json.dumps(words).encode()).decode().rstrip("=")


def _plain(value: Any) -> Any:
    return (
        value.isoformat() if hasattr(value, "isoformat") else value if isinstance(value, int) else str(value)
    )


def _after(resource: Resource, asked: Asked, rows: sa.Subquery) -> list[sa.ColumnElement[Any]]:
    try:
        text = str(asked.cursor)
        name, *values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if name != resource.name or len(values) != len(resource.key):
            raise ValueError(name)
        return [
            sa.literal(_of_kind(resource.fields[key].kind, value), rows.c[key].type)
            for key, value in zip(resource.key, values, strict=True)
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise UserError("cursor: it is none of this list", "take next_cursor of the page before") from error


def _of_kind(kind: str, value: Any) -> Any:
    """A value of a key as its column has it. ValueError for another kind: a cursor is not to be trusted."""
    if kind == "integer":
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
            raise ValueError(kind)
        return value
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(kind)
    if kind == "instant":
        return datetime.fromisoformat(value)
    if kind == "uuid":
        return str(uuid.UUID(value))
    return value
