"""Cells as training sees them: which side of the split they are on, and how long they lived."""

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.lab.imported import Imported
from battery_assets.lab.lives import Lives
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import empty


@dg.asset(
    **materializes(
        t.battery_unit, reads=[t.battery_cell], history=[t.cycle_feature, t.test_session], after=[t.cycle]
    )
)
def battery_unit(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    from battery_assets.features.lab.tables import unit_table

    part = warehouse.claim(t.battery_unit, context)
    if (imported := Imported.of(warehouse, part, landing.root(str(part.site)))) is not None:
        return warehouse.replace(t.battery_unit, part, imported.unit_rows())
    lives = Lives.of(warehouse, part)
    rows = lives.of_month(unit_table(lives.features, lives.cells))
    if rows.is_empty():
        return warehouse.replace(t.battery_unit, part, empty(t.battery_unit))
    # Its tests say where a cell on a cycler came from.
    return warehouse.replace(t.battery_unit, part, rows.with_columns(source=pl.lit(None, pl.String)))
