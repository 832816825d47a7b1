"""The schema that a table's Delta log declares, kept up with the tables' definitions."""

import contextlib

import sqlalchemy as sa
from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError

from battery_assets.platform.lake.format import arrow_schema
from battery_assets.platform.lake.opening import opened


def widen(delta: DeltaTable, table: sa.Table) -> DeltaTable:
    """The table with the columns, and the digits, that a migration gave it since its log was begun."""
    wanted = {field.name: field for field in Schema.from_arrow(arrow_schema(table)).fields}
    # Of several first writers after the migration one changes the log, the others find it changed.
    has = {field.name for field in delta.schema().fields}
    if missing := [field for name, field in wanted.items() if name not in has]:
        with contextlib.suppress(DeltaError):
            delta.alter.add_columns(missing)
        delta = opened(delta.table_uri)
    there = delta.schema().fields
    fields = [wanted.get(field.name, field) for field in there]
    if [field.type for field in fields] != [field.type for field in there]:
        with contextlib.suppress(DeltaError):
            # Of no month: it takes away no file, and brings the log another schema.
            delta.create_write_transaction(
                [],
                mode="overwrite",
                schema=Schema(fields),
                partition_by=["site", "month"],
                partition_filters=[("month", "=", "none")],
            )
        delta = opened(delta.table_uri)
    return delta
