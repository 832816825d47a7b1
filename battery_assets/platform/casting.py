"""Columns brought to a table's types, with an error that a person can act on."""

from collections.abc import Mapping

import polars as pl
import sqlalchemy as sa


def cast_columns(rows: pl.DataFrame, table: sa.Table, casts: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """The columns that the expressions give. Raises ValueError that names the one whose values do not fit."""
    try:
        return rows.select(casts.values())
    except pl.exceptions.PolarsError:
        for name, cast in casts.items():
            _tried(rows, table, name, cast)
        raise


def _tried(rows: pl.DataFrame, table: sa.Table, name: str, cast: pl.Expr) -> None:
    """polars does not always say which column it was."""
    try:
        rows.select(cast)
    except pl.exceptions.PolarsError as error:
        kind = table.c[name].type if name in table.c else "its type"
        raise ValueError(f"{table.name}: column {name}: a value does not fit {kind}: {error}") from error
