"""The few words tables are written in.

A table is said once, here in `tables/`, and everything else is read off it: DDL, polars schema, checks,
documentation. Two keys, `site` and `month`, are added to every table that is cut by them.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
# Tables that runs replace by partition, and those that are written row by row while work goes on.
METADATA, KEPT = sa.MetaData(naming_convention=_NAMES), sa.MetaData(naming_convention=_NAMES)

POSTGRES, LAKE = "postgres", "lake"
SITE_MONTH, MONTH, WHOLE = "site_month", "month", "whole"


def table(
    name: str,
    description: str,
    *columns: sa.Column,
    phase: int,
    schema: str = "fleet",
    store: str = POSTGRES,
    cut: str = SITE_MONTH,
    unique: Sequence[str] = (),
    indexes: Sequence[sa.Index] = (),
    newest_wins: bool = False,
    month_leaves: bool = False,
    month_by_month: bool = False,
    may_be_empty: bool = False,
    lab: bool = False,
    whole_sessions: bool = False,
    dated_by: str | None = None,
) -> sa.Table:
    """One stored table.

    `unique` names codes that are unique within a site; `newest_wins` keeps one row per key and lets an older
    month never overwrite a newer one; `month_leaves` makes a PostgreSQL table partitioned by month;
    `month_by_month` says that a month has its own row of what lasts for several; `may_be_empty` that a
    partition without rows is a healthy one; `dated_by` names the instant that tells the day of a row, where a
    PostgreSQL table is kept day by day (a midnight ends its day); `lab` says that its sites are labs;
    `whole_sessions` that a row belongs to the month in which its test began.
    """
    within = [] if cut == MONTH else ["site", "month"] if month_by_month else ["site"]
    codes = [sa.UniqueConstraint(*within, code) for code in unique]
    in_key = month_leaves or month_by_month
    parts: list[sa.schema.SchemaItem] = [*columns, *_partition_keys(cut, in_key), *codes, *indexes]
    made = sa.Table(
        name,
        METADATA,
        *parts,
        schema=schema,
        comment=description,
        info={
            "phase": phase,
            "store": store,
            "cut": cut,
            "newest_wins": newest_wins,
            "month_leaves": month_leaves,
            "may_be_empty": may_be_empty,
            "lab": lab,
            "whole_sessions": whole_sessions,
            "dated_by": dated_by,
        },
        postgresql_partition_by="LIST (month)" if month_leaves else None,
    )
    if store == POSTGRES and cut == SITE_MONTH:
        sa.Index(None, made.c.site, made.c.month)
    for column in columns:
        _constrain(made, column)
    return made


def _partition_keys(cut: str, month_in_key: bool) -> list[sa.Column]:
    """The columns that say to which partition a row belongs."""
    words = {"site": (31, "Site the row belongs to."), "month": (7, "UTC month of the partition, YYYY-MM.")}
    names = {SITE_MONTH: ("site", "month"), MONTH: ("month",), WHOLE: ("site",)}[cut]
    return [
        sa.Column(
            name,
            sa.String(words[name][0]),
            nullable=False,
            primary_key=month_in_key and name == "month",
            comment=words[name][1],
            info={"kind": "partition"},
        )
        for name in names
    ]


def _constrain(made: sa.Table, column: sa.Column) -> None:
    """Add to the table what the column's own words say of its values."""
    low, high, values = (column.info.get(word) for word in ("low", "high", "values"))
    if values:
        made.append_constraint(sa.CheckConstraint(column.in_(values), name=column.name))
    elif low is not None and high is not None:
        made.append_constraint(sa.CheckConstraint(column.between(low, high), name=column.name))


def key(name: str, description: str) -> sa.Column:
    """The table's own identifier (UUID)."""
    return sa.Column(
        name, postgresql.UUID(as_uuid=False), primary_key=True, comment=description, info={"kind": "uuid"}
    )


def reference(
    name: str,
    target: sa.Table,
    description: str,
    *,
    required: bool = False,
    part_of_key: bool = False,
) -> sa.Column:
    """The identifier of a row of another table.

    PostgreSQL enforces it where rows of the target stay. Where a run replaces them by partition it is held
    when the child is written: a foreign key would empty children that readers see.
    """
    column = target.primary_key.columns.values()[0].name
    stays = target.info["newest_wins"] or target.info["cut"] == WHOLE
    foreign = sa.ForeignKey(target.c[column], deferrable=True, initially="DEFERRED")
    return sa.Column(
        name,
        postgresql.UUID(as_uuid=False),
        *([foreign] if stays else []),
        primary_key=part_of_key,
        nullable=not (required or part_of_key),
        comment=description,
        info={"kind": "uuid", "references": f"{target.name}.{column}", "parent": target.c[column]},
    )


def self_reference(name: str, target: str, description: str) -> sa.Column:
    """The identifier of another row of the same table, given as "schema.table.column"."""
    foreign = sa.ForeignKey(target, deferrable=True, initially="DEFERRED")
    return sa.Column(
        name,
        postgresql.UUID(as_uuid=False),
        foreign,
        comment=description,
        info={"kind": "uuid", "references": ".".join(target.split(".")[-2:])},
    )


def bare_id(name: str, description: str) -> sa.Column:
    """A UUID that points at rows of several tables, so that no foreign key can hold it."""
    return sa.Column(name, postgresql.UUID(as_uuid=False), comment=description, info={"kind": "uuid"})


def instant(name: str, description: str, *, required: bool = False, part_of_key: bool = False) -> sa.Column:
    """A point in time, stored with its zone."""
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        primary_key=part_of_key,
        nullable=not (required or part_of_key),
        comment=description,
        info={"kind": "instant"},
    )


def day(name: str, description: str) -> sa.Column:
    """A calendar date."""
    return sa.Column(name, sa.Date, comment=description, info={"kind": "date"})


def quantity(
    name: str,
    description: str,
    unit: str,
    precision: int,
    scale: int,
    *,
    low: float | None = None,
    high: float | None = None,
    required: bool = False,
) -> sa.Column:
    """A measured or computed number. `low` and `high` are what physics allows, not what is healthy."""
    return sa.Column(
        name,
        sa.Numeric(precision, scale),
        nullable=not required,
        comment=f"{description} [{unit}]",
        info={
            "kind": "decimal",
            "unit": unit,
            "precision": precision,
            "scale": scale,
            "low": low,
            "high": high,
        },
    )


def integer(
    name: str,
    description: str,
    *,
    low: int | None = None,
    high: int | None = None,
    required: bool = False,
    part_of_key: bool = False,
    default: str | None = None,
    wide: bool = False,
) -> sa.Column:
    """A whole number; `wide` ones go beyond two thousand millions."""
    return sa.Column(
        name,
        sa.BigInteger if wide else sa.Integer,
        primary_key=part_of_key,
        nullable=not (required or part_of_key),
        autoincrement=False,
        server_default=default,
        comment=description,
        info={"kind": "integer", "low": low, "high": high},
    )


def flag(name: str, description: str, *, default: str | None = None) -> sa.Column:
    """True or false."""
    return sa.Column(name, sa.Boolean, server_default=default, comment=description, info={"kind": "boolean"})


def text(name: str, description: str, length: int | None = None, *, required: bool = False) -> sa.Column:
    """Words, up to `length` characters."""
    return sa.Column(
        name,
        sa.String(length) if length else sa.Text(),
        nullable=not required,
        comment=description,
        info={"kind": "text", "length": length},
    )


def one_of(name: str, description: str, *values: str, required: bool = False) -> sa.Column:
    """One of the listed words."""
    return sa.Column(
        name,
        sa.String(max(map(len, values))),
        nullable=not required,
        comment=description,
        info={"kind": "enum", "values": values},
    )


def document(name: str, description: str) -> sa.Column:
    """A JSON document."""
    return sa.Column(name, postgresql.JSONB(none_as_null=True), comment=description, info={"kind": "json"})
