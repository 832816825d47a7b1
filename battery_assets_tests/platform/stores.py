"""Rows put into a warehouse as an asset does it."""

import polars as pl
import sqlalchemy as sa

from battery_assets.platform.partitions import Part
from battery_assets.platform.warehouse import Warehouse

PART = Part("alpha", "2025-03")


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
