"""References of foreign rows: what points at nothing is emptied and told; the row itself is kept."""

from dataclasses import replace

import polars as pl
import sqlalchemy as sa

from battery_assets.ingest.exports.tables import Reading
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import key_columns, parents

_SHOWN = 6


def references_held(warehouse: Warehouse, table: sa.Table, reading: Reading) -> Reading:
    """The reading with dangling references empty and a finding for each column that had any.

    Rows that arrive together may point at each other. Only nullable columns are emptied: a key that points
    at nothing is PostgreSQL's to refuse.
    """
    rows, findings = reading.rows, list(reading.findings)
    for name, parent in parents(table).items():
        if not table.c[name].nullable or rows[name].null_count() == rows.height:
            continue
        known = _known(warehouse, parent)
        if parent.table is table:
            known |= set(rows[key_columns(table)[0]].to_list())
        dangling = rows.filter(pl.col(name).is_not_null() & ~pl.col(name).is_in(list(known)))
        if dangling.height:
            findings.append(_told(name, str(parent.table.name), dangling[name]))
            held = pl.when(pl.col(name).is_in(list(known))).then(pl.col(name))
            rows = rows.with_columns(held.alias(name))
    return replace(reading, rows=rows, findings=findings)


def _known(warehouse: Warehouse, parent: sa.Column) -> set[str]:
    with warehouse.transaction() as connection:
        return {str(value) for value in connection.execute(sa.select(parent)).scalars()}


def _told(name: str, parent: str, values: pl.Series) -> str:
    counts = values.value_counts(sort=True)
    first = ", ".join(f"{value} x {count}" for value, count in counts.head(_SHOWN).iter_rows())
    more = f" and {counts.height - _SHOWN} more" if counts.height > _SHOWN else ""
    return f"{name}: {values.len()} rows name a {parent} that is not there, left empty: {first}{more}"
