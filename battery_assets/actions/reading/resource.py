"""What can be read: a resource has columns, a key by which it is paged, and the tables that it rests on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from battery_assets.actions.reading.knowledge import Knowledge
from battery_assets.platform.registry.tables import partition_version as version

_KINDS: tuple[tuple[type, str], ...] = (
    (sa.Boolean, "boolean"), (sa.Integer, "integer"), (sa.Double, "decimal"), (sa.Numeric, "decimal"),
    (sa.DateTime, "instant"), (sa.Date, "date"), (sa.JSON, "json"), (sa.Uuid, "uuid"),
)  # fmt: skip
_TYPES: dict[str, sa.types.TypeEngine] = {
    "uuid": sa.Uuid(as_uuid=False), "instant": sa.DateTime(timezone=True), "date": sa.Date(),
    "decimal": sa.Numeric(), "integer": sa.BigInteger(), "boolean": sa.Boolean(), "text": sa.Text(),
    "enum": sa.Text(), "json": JSONB(),
}  # fmt: skip
FLEET, LAB, EXPERIMENTS, PLATFORM = "fleet", "lab", "experiments", "platform"


@dataclass(frozen=True)
class Field:
    """A column as readers see it. kind: uuid, instant, date, decimal, integer, boolean, text, enum, json."""

    name: str
    kind: str
    description: str
    values: tuple[str, ...] = ()
    length: int | None = None


def field_of(column: sa.Column, name: str | None = None) -> Field:
    """What a column of a table is to readers."""
    kind = column.info.get("kind", "")
    if kind in ("", "partition"):
        kind = next((word for of, word in _KINDS if isinstance(column.type, of)), "text")
    length = getattr(column.type, "length", None) if kind == "text" else None
    return Field(
        name or column.name, kind, column.comment or "", tuple(column.info.get("values") or ()), length
    )


Source = Callable[[Knowledge], sa.Select]
STALE = Field("stale", "boolean", "What it was made from has changed since: it will be made again.")


def is_stale(*rows: tuple[str, sa.ColumnElement, sa.ColumnElement]) -> sa.Label:
    """Whether one of these partitions (table's name, site, month) is to be made again, as column `stale`."""
    these = sa.or_(
        *(sa.and_(version.c.table_name == name, version.c.site == site, version.c.month == month)
          for name, site, month in rows)
    )  # fmt: skip
    return sa.exists().where(version.c.state == "stale", these).label(STALE.name)


def is_monthly(table: sa.Table) -> bool:
    """Whether a table's rows are those of their site's month, which a run makes again."""
    return table.info.get("cut") == "site_month" and not table.info["newest_wins"]


@dataclass(frozen=True)
class Resource:
    """A list that can be read.

    source: its rows, of what was known. key: columns that order them, unique together. filters: columns that
    may be asked for by value. at: the instant of a row, for since and until. tables: whose partitions its
    rows lie in. site: the column of its site; None where its rows belong to no site.
    past: why it cannot tell what was known at an instant; empty where it can.
    """

    name: str
    room: str
    title: str
    source: Source
    fields: Mapping[str, Field]
    key: tuple[str, ...]
    filters: tuple[str, ...] = ()
    at: str | None = None
    tables: tuple[sa.Table, ...] = ()
    site: str | None = "site"
    past: str = ""
    one_by: tuple[str, ...] = field(default=())

    @property
    def monthly(self) -> sa.Table | None:
        """The table whose newest month of a site `newest` asks for; None where rows are not cut by month."""
        first = self.tables[0] if self.tables else None
        return first if first is not None and is_monthly(first) else None


def of_table(
    table: sa.Table,
    name: str,
    room: str,
    *,
    filters: Sequence[str] = (),
    at: str | None = None,
    one_by: Sequence[str] = (),
    left_out: Sequence[str] = (),
) -> Resource:
    """The rows of a table that runs replace by partition, as a resource."""
    columns = [column for column in table.columns if column.name not in left_out]
    [key, *_] = [column.name for column in table.primary_key.columns]
    key_columns = (key, "month") if table.c.month.primary_key else (key,)
    fields = {column.name: field_of(column) for column in columns}
    shown: list[sa.ColumnElement] = list(columns)
    if is_monthly(table):
        fields[STALE.name] = STALE
        shown.append(is_stale((table.name, table.c.site, table.c.month)))
    return Resource(
        name,
        room,
        table.comment or "",
        lambda knowledge: sa.select(*shown).where(knowledge.of(table)),
        fields,
        key_columns,
        tuple(filters),
        at,
        (table,),
        one_by=tuple(one_by) or (key,),
    )


def of_kept(
    table: sa.Table,
    name: str,
    room: str,
    *,
    filters: Sequence[str] = (),
    past: str = "its rows change while work goes on, and what they held before is not kept",
    left_out: Sequence[str] = (),
    one_by: Sequence[str] = ("id",),
) -> Resource:
    """The rows of a table that is written row by row, as a resource without sites."""
    columns = [column for column in table.columns if column.name not in left_out]
    return Resource(
        name,
        room,
        table.comment or "",
        lambda knowledge: sa.select(*columns),
        {column.name: field_of(column) for column in columns},
        tuple(column.name for column in table.primary_key.columns),
        tuple(filters),
        "created_at" if "created_at" in table.c else None,
        site=None,
        past=past,
        one_by=tuple(one_by),
    )


def of_entries(table: sa.Table, name: str, room: str, *, filters: Sequence[str]) -> Resource:
    """What people entered, row by row and never changed: what was known at an instant is what stood then."""
    columns = list(table.columns)
    return Resource(
        name,
        room,
        table.comment or "",
        lambda knowledge: sa.select(*columns).where(knowledge.until(table.c.entered_at)),
        {column.name: field_of(column) for column in columns},
        ("id",),
        ("site", *filters),
        "entered_at",
        one_by=("id",),
    )


def of_view(
    schema: str, name: str, title: str, fields: Sequence[Field]
) -> tuple[Source, dict[str, Field], str]:
    """The parts of a resource that is a view of the database: source, fields by name, title."""
    view = sa.table(name, *(sa.column(one.name, _TYPES[one.kind]) for one in fields), schema=schema)
    return (lambda knowledge: sa.select(view)), {one.name: one for one in fields}, title
