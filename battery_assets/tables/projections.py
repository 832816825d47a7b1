"""A table read as something else: DDL, polars schema, documentation."""

from collections.abc import Iterable

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

IN_MEMORY: dict[str, pl.DataType | type[pl.DataType]] = {
    "uuid": pl.String,
    "instant": pl.Datetime("us", "UTC"),
    "date": pl.Date,
    "decimal": pl.Float64,
    "integer": pl.Int64,
    "boolean": pl.Boolean,
    "text": pl.String,
    "enum": pl.String,
    "json": pl.String,
}


def columns(table: sa.Table) -> list[sa.Column]:
    """The columns of the reference, without the keys of the partition."""
    return [column for column in table.columns if column.info["kind"] != "partition"]


def polars_schema(table: sa.Table) -> dict[str, pl.DataType | type[pl.DataType]]:
    """Name and in-memory type of the reference's columns: decimals are floats, JSON is text."""
    return {column.name: IN_MEMORY[column.info["kind"]] for column in columns(table)}


def stored_schema(table: sa.Table) -> dict[str, pl.DataType | type[pl.DataType]]:
    """Name and type of the columns as the lake keeps them: decimals exact to the reference's digits."""
    stored = polars_schema(table)
    for column in columns(table):
        if column.info["kind"] == "decimal":
            stored[column.name] = pl.Decimal(column.info["precision"], column.info["scale"])
        elif column.info["kind"] == "integer":
            stored[column.name] = pl.Int32
    return stored


def key_columns(table: sa.Table) -> list[str]:
    """The columns that identify a row, the partition's keys left out."""
    return [c.name for c in table.primary_key.columns if c.info["kind"] != "partition"]


def sort_columns(table: sa.Table) -> list[str]:
    """The order in which rows are stored: unit first, then time."""
    keys = key_columns(table)
    return sorted(keys, key=lambda name: table.c[name].info["kind"] == "instant")


def parents(table: sa.Table) -> dict[str, sa.Column]:
    """Of each column that points at rows of a table, the column that it points at."""
    parents_found = {}
    for column in columns(table):
        held = [foreign.column for foreign in column.foreign_keys]
        if held or "parent" in column.info:
            parents_found[str(column.name)] = held[0] if held else column.info["parent"]
    return parents_found


def empty(table: sa.Table) -> pl.DataFrame:
    """A frame of the table without rows."""
    return pl.DataFrame(schema=polars_schema(table))


def ddl(tables: Iterable[sa.Table]) -> str:
    """CREATE TABLE, indexes and comments, as PostgreSQL reads them."""
    dialect = postgresql.dialect()
    statements = []
    for table in tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)).strip())
        statements += [
            str(CreateIndex(index).compile(dialect=dialect))
            for index in sorted(table.indexes, key=lambda i: str(i.name))
        ]
        statements += _comments(table, dialect)
    return ";\n\n".join(statements) + ";\n"


def _comments(table: sa.Table, dialect: sa.Dialect) -> list[str]:
    where = " Rows live in the lake; here they are kept only where they were asked for."
    comment = (table.comment or "") + (where if table.info["store"] == "lake" else "")
    preparer = dialect.identifier_preparer
    name = preparer.format_table(table)
    lines = [f"COMMENT ON TABLE {name} IS {_literal(comment)}"]
    for column in table.columns:
        target = f"{name}.{preparer.format_column(column)}"
        lines.append(f"COMMENT ON COLUMN {target} IS {_literal(column.comment or '')}")
    return lines


def _literal(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


def documentation(tables: Iterable[sa.Table]) -> str:
    """The table list of docs/tables.md, in Markdown."""
    lines = ["| phase | table | what it holds | home | cut by |", "|---|---|---|---|---|"]
    cuts = {"site_month": "month and site", "month": "month", "whole": "not cut"}
    for table in tables:
        home = "lake" if table.info["store"] == "lake" else f"PostgreSQL `{table.schema}`"
        cut = cuts[table.info["cut"]]
        lines.append(f"| {table.info['phase']} | `{table.name}` | {table.comment} | {home} | {cut} |")
    return "\n".join(lines) + "\n"
