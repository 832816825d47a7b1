"""Telemetry of the generator as the platform stores it."""

import polars as pl
import sqlalchemy as sa

from battery_assets.ingest.files.duplicates import without_copies
from battery_assets.tables.projections import sort_columns


def once(sent: pl.DataFrame, table: sa.Table) -> pl.DataFrame:
    """The rows without those that a gateway sent again, as they arrive in the platform."""
    return without_copies(sent, sort_columns(table))[0]
