"""Whether a file's times go forward, unit by unit, across its pieces."""

import polars as pl
import sqlalchemy as sa

from battery_assets.tables.projections import key_columns


class Order:
    """Remembers each unit's latest instant; for sources that promise order."""

    def __init__(self, table: sa.Table):
        keys = [str(name) for name in key_columns(table)]
        self.instant = next((k for k in keys if table.c[k].info["kind"] == "instant"), None)
        self.units = [k for k in keys if k != self.instant]
        self._latest: pl.DataFrame | None = None

    def broken(self, rows: pl.DataFrame) -> pl.Series:
        """Rows older than an earlier row of the same unit; tables without an instant in the key have none."""
        if self.instant is None or not rows.height:
            return pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True)
        keys = rows.select(*self.units, self.instant)
        before = 0
        if self._latest is not None:
            before = self._latest.height
            keys = pl.concat([self._latest, keys])
        high = pl.col(self.instant).cum_max().over(self.units)
        flags = keys.select(pl.col(self.instant) < high).to_series()
        self._latest = keys.group_by(self.units).agg(pl.col(self.instant).max())
        return flags.slice(before)
