"""Columns that several tables of the experiment platform have, in the words of its reference."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from battery_assets.tables.definition import KEPT, POSTGRES
from battery_assets.tables.service.jobs import INSTANT, NOW

SCHEMA = "experiments"


def kept(name: str, comment: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    """A table that is written row by row; each row says when it was made and changed."""
    return sa.Table(
        name, KEPT, *columns, _when("created_at", "When it was made."),
        _when("updated_at", "When it changed."), schema=SCHEMA, comment=comment, info={"store": POSTGRES},
    )  # fmt: skip


def _when(name: str, comment: str) -> sa.Column:
    return sa.Column(name, INSTANT, nullable=False, server_default=NOW, comment=comment)


def words(name: str, comment: str, length: int = 255, **how: Any) -> sa.Column:
    """A text of limited length."""
    return sa.Column(name, sa.String(length), comment=comment, **how)


def prose(name: str, comment: str) -> sa.Column:
    """A text of any length."""
    return sa.Column(name, sa.Text, comment=comment)


def number(name: str, comment: str) -> sa.Column:
    """A computed number, kept to its last bit; NaN and infinity included."""
    return sa.Column(name, sa.Double, comment=comment)


def count(name: str, comment: str, **how: Any) -> sa.Column:
    """A whole number."""
    return sa.Column(name, sa.Integer, comment=comment, **how)


def document(name: str, comment: str) -> sa.Column:
    """A JSON document."""
    return sa.Column(name, JSONB(none_as_null=True), comment=comment)


def part_of(name: str, parent: sa.Table, comment: str, *, goes_with: bool = True, **how: Any) -> sa.Column:
    """The number of a row of another table; `goes_with` it when that is removed."""
    foreign = sa.ForeignKey(parent.c.id, ondelete="CASCADE" if goes_with else "SET NULL")
    return sa.Column(name, foreign, comment=comment, index=True, **{"nullable": not goes_with, **how})


def who(name: str = "created_by") -> sa.Column:
    """The number of a person; 0 is the command line."""
    return sa.Column(
        name, sa.BigInteger, nullable=False, server_default="0", comment="Who; 0: the command line."
    )
