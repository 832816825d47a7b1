"""Columns brought to a table's types, with an error that a person can act on."""

import contextlib
from collections.abc import Iterator, Mapping

import polars as pl
import sqlalchemy as sa


def cast_columns(rows: pl.DataFrame, table: sa.Table, casts: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """The columns that the expressions give. Raises ValueError that names the one whose values do not fit."""
    try:
        return rows.select(casts.values())
    except pl.exceptions.PolarsError:
        # polars does not always say which column it was.
        for name, cast in casts.items():
            with name_column(table, name):
                rows.select(cast)
        raise


@contextlib.contextmanager
def name_column(table: sa.Table, name: str) -> Iterator[None]:
    """While one column is cast: where a value does not fit, raises ValueError that names the column."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        kind = table.c[name].type if name in table.c else "its type"
        raise ValueError(f"{table.name}: column {name}: a value does not fit {kind}: {error}") from error
