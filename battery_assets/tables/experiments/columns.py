"""Columns that several tables of the experiment platform have, in the words of its reference."""

from typing import Any

import sqlalchemy as sa

from battery_assets.tables.service import columns
from battery_assets.tables.service.columns import count, document, number, prose, words

__all__ = ["count", "document", "kept", "number", "part_of", "prose", "who", "words"]

SCHEMA = "experiments"


def kept(name: str, comment: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    """A table that is written row by row; each row says when it was made and changed."""
    return columns.kept(name, comment, *parts, schema=SCHEMA)


def part_of(name: str, parent: sa.Table, comment: str, *, goes_with: bool = True, **how: Any) -> sa.Column:
    """The number of a row of another table; `goes_with` it when that is removed."""
    foreign = sa.ForeignKey(parent.c.id, ondelete="CASCADE" if goes_with else "SET NULL")
    return sa.Column(name, foreign, comment=comment, index=True, **{"nullable": not goes_with, **how})


def who(name: str = "created_by") -> sa.Column:
    """The number of a person; 0 is the command line."""
    return sa.Column(
        name, sa.BigInteger, nullable=False, server_default="0", comment="Who; 0: the command line."
    )
