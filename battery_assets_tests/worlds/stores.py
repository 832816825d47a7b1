"""Rows put into a warehouse as an asset does it."""

from datetime import UTC, datetime

import polars as pl
import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

PART = Part("alpha", "2025-03")
NOW = datetime(2025, 3, 1, tzinfo=UTC)
GOOD = {
    "region": "central", "city": "Bangkok", "timezone": "UTC", "created_at": NOW, "updated_at": NOW,
    "system_type": "UPS", "string_position": 1, "batteries_count": 1, "position_in_string": 1, "status": "active",
    "title": "x", "severity": "critical", "source": "rule_engine", "alert_type": "voltage_low", "message": "low",
    "triggered_at": NOW, "priority": "high", "test_date": NOW, "test_type": "full_discharge", "pass_fail": "pass",
    "model_type": "catboost_rul", "version": "1", "predicted_at": NOW, "rul_days": 100.0,
}  # fmt: skip


def part_of(table: sa.Table, part: Part = PART) -> Part:
    """The part as the table is cut."""
    cut = table.info["cut"]
    return Part(part.site if cut == "site_month" else None, None if cut == "whole" else part.month)


def stamped(table: sa.Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Tables that are not cut say of each row which site brought it."""
    return rows.with_columns(site=pl.lit("alpha")) if table.info["cut"] == "whole" else rows


def kept(warehouse: Warehouse, table: sa.Table, rows: pl.DataFrame, part: Part = PART) -> str:
    """Claim and replace. Returns the checksum."""
    claimed = warehouse.claim(table, part_of(table, part))
    return warehouse.replace(table, claimed, stamped(table, rows)).metadata["sha256"]


def rows(table: sa.Table, *given: dict) -> pl.DataFrame:
    """Good rows of a table with what is given; ids and codes are made from `name`."""
    made = []
    for one in given:
        name = one["name"]
        row = {column: GOOD.get(column) for column in polars_schema(table)}
        enums = {
            c.name: c.info["values"] for c in table.columns if c.info["kind"] == "enum" and not c.nullable
        }
        row |= {column: values[0] for column, values in enums.items() if row[column] not in values}
        [key, *_] = [c.name for c in table.primary_key.columns]
        row[key] = identity(table.name, name)
        for column in row:
            if column.endswith(("_code", "_name")) and table.c[column].info["kind"] == "text":
                row[column] = name
        made.append({**row, **{word: value for word, value in one.items() if word in row}})
    schema = polars_schema(table)
    return pl.DataFrame([{c: row[c] for c in schema} for row in made], schema)


def of(table: sa.Table, name: str) -> str:
    """The id that `rows` gives to a row of this name."""
    return identity(table.name, name)
