"""Why a suite is red, in words: column, how many rows, what is allowed, the first of them, the next step.

Looked up only where a judge has found something: a green partition costs none of it.
"""

from collections.abc import Iterator
from typing import Any

import polars as pl
import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import accounts
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import columns, key_columns, sort_columns

_ROW = "row"


def sentence(table: sa.Table, part: Part, failures: list[str]) -> str:
    """All failures of a partition in one line, with what to do where none of them says it."""
    words = "; ".join(failures)
    if "next step: " in words:
        return words
    return (
        f"{words}; next step: materialize {table.name} {part.key} again; where it stays so, its writer is "
        "wrong: report it with these words"
    )


def refused_files(warehouse: Warehouse, table: sa.Table, part: Part) -> list[str]:
    """The files of a partition that were refused, each in words with its next step."""
    with warehouse.reading() as connection:
        return accounts.refusals_of(connection, table, part)


def defects(table: sa.Table, rows: pl.LazyFrame) -> list[str]:
    """What is wrong with rows, a sentence for each column and kind of fault, and for keys that repeat."""
    rows = rows.with_row_index(_ROW)
    kinds = list(_kinds(table))
    counted = rows.select(pl.len(), *(bad.sum().alias(str(k)) for k, (_, _, bad) in enumerate(kinds)))
    total, *counts = counted.collect().row(0)
    defects_found = []
    for (column, fault, bad), count in zip(kinds, counts, strict=True):
        if count:
            first = rows.filter(bad).head(1).collect().row(0, named=True)
            value = "" if first[column] is None else f" {first[column]!r:.80}"
            defects_found.append(
                f"{column}: {_rows(count, total)}: {fault}, first{value} at {_place(table, first)}"
            )
    return defects_found + _repeated(table, rows, total)


def _kinds(table: sa.Table) -> Iterator[tuple[str, str, pl.Expr]]:
    """Column, fault in words, and which rows have it."""
    for column in columns(table):
        name, info = str(column.name), column.info
        value = pl.col(name)
        if not column.nullable:
            yield name, "null where a value is required", value.is_null()
        if info["kind"] == "decimal":
            yield name, "NaN", value.cast(pl.Float64).is_nan().fill_null(value=False)
        if info.get("values"):
            words = value.cast(pl.String)
            allowed = ", ".join(info["values"])
            yield name, f"none of {allowed}", ~words.is_in(list(info["values"])).fill_null(value=True)
        elif info.get("low") is not None:
            unit = f" {info['unit']}" if info.get("unit") else ""
            limits = f"outside {info['low']:g} to {info['high']:g}{unit}"
            number = value.cast(pl.Float64).fill_nan(None)
            yield name, limits, ((number < info["low"]) | (number > info["high"])).fill_null(value=False)


def _repeated(table: sa.Table, rows: pl.LazyFrame, total: int) -> list[str]:
    """Keys that several rows share, and rows of a series that are not in the order of their keys."""
    keys = key_columns(table)
    again = rows.group_by(keys).agg(pl.len().alias("of"), pl.col(_ROW).min()).filter(pl.col("of") > 1)
    shared = again.sort(_ROW).collect()
    if shared.height:
        first = shared.row(0, named=True)
        words = f"{', '.join(keys)}: {_rows(int(shared['of'].sum()), total)}: the key is another row's too"
        return [f"{words}, first {first['of']} rows at {_place(table, first)}"]
    if table.info["store"] != "lake":
        return []
    unit, instant = sort_columns(table)
    back = pl.col(instant) < pl.col(instant).shift(1)
    same = pl.col(unit).cast(pl.String) == pl.col(unit).cast(pl.String).shift(1)
    wrong = rows.filter((back & same).fill_null(value=False)).collect()
    if not wrong.height:
        return []
    first = wrong.row(0, named=True)
    words = f"{instant}: {_rows(wrong.height, total)}: older than the row before of the same {unit}"
    return [f"{words}, first at {_place(table, first)}"]


def _rows(count: int, total: int) -> str:
    return f"{count:,} of {total:,} rows"


def _place(table: sa.Table, row: dict[str, Any]) -> str:
    """Where a row stands: its key."""
    return ", ".join(f"{name} {row[name]}" for name in key_columns(table))
