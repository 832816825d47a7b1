"""Columns that several tables have which are written row by row, and the tables of the service itself."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from battery_assets.tables.definition import KEPT
from battery_assets.tables.service.jobs import INSTANT, NOW, STORED

SCHEMA = "service"
EVERYTHING = "*"


def kept(name: str, comment: str, *parts: sa.schema.SchemaItem, schema: str = SCHEMA, **how: Any) -> sa.Table:
    """A table that is written row by row; each row says when it was made and changed."""
    when = [
        instant("created_at", "When it was made.", nullable=False, server_default=NOW),
        instant("updated_at", "When it changed.", nullable=False, server_default=NOW),
    ]
    columns = [part for part in parts if isinstance(part, sa.Column)]
    # Indexes and constraints may name when a row was made.
    others = [part for part in parts if not isinstance(part, sa.Column)]
    return sa.Table(name, KEPT, *columns, *when, *others, schema=schema, comment=comment, info=STORED, **how)


def words(name: str, comment: str, length: int = 255, **how: Any) -> sa.Column:
    """A text of limited length."""
    return sa.Column(name, sa.String(length), comment=comment, **how)


def prose(name: str, comment: str, **how: Any) -> sa.Column:
    """A text of any length."""
    return sa.Column(name, sa.Text, comment=comment, **how)


def count(name: str, comment: str, **how: Any) -> sa.Column:
    """A whole number."""
    return sa.Column(name, sa.Integer, comment=comment, **how)


def number(name: str, comment: str, **how: Any) -> sa.Column:
    """A computed number, kept to its last bit; NaN and infinity included."""
    return sa.Column(name, sa.Double, comment=comment, **how)


def document(name: str, comment: str, **how: Any) -> sa.Column:
    """A JSON document."""
    return sa.Column(name, JSONB(none_as_null=True), comment=comment, **how)


def instant(name: str, comment: str, **how: Any) -> sa.Column:
    """A point in time."""
    return sa.Column(name, INSTANT, comment=comment, **how)


def flag(name: str, comment: str, default: bool) -> sa.Column:
    """True or false."""
    stands = "true" if default else "false"
    return sa.Column(name, sa.Boolean, nullable=False, server_default=stands, comment=comment)


def tally(name: str, comment: str) -> sa.Column:
    """A whole number that counts up from 0."""
    return count(name, comment, nullable=False, server_default="0")


def several(name: str, comment: str) -> sa.Column:
    """A set of words: none unless given."""
    return sa.Column(name, ARRAY(sa.String(60)), nullable=False, server_default="{}", comment=comment)


def uuid(name: str, comment: str, **how: Any) -> sa.Column:
    """A UUID, as lower-case text."""
    return sa.Column(name, sa.Uuid(as_uuid=False), comment=comment, **how)


def own_uuid(name: str, comment: str) -> sa.Column:
    """A UUID that PostgreSQL gives to each row."""
    return uuid(name, comment, nullable=False, unique=True, server_default=sa.text("gen_random_uuid()"))


def of(name: str, parent: sa.Table, comment: str, ondelete: str | None = None, **how: Any) -> sa.Column:
    """The number of a row of another table; `ondelete` says what becomes of this one when that is removed."""
    return sa.Column(name, sa.ForeignKey(parent.c.id, ondelete=ondelete), comment=comment, **how)
