"""State of health, capacity loss and remaining cycles of every ageing cycle."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.lab.lives import Lives
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import empty


@dg.asset(
    **materializes(
        t.label_soh, reads=[t.battery_cell], history=[t.cycle_feature, t.test_session], after=[t.cycle]
    )
)
def label_soh(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.lab.tables import soh_table

    part = warehouse.claim(t.label_soh, context)
    lives = Lives.of(warehouse, part)
    rows = lives.of_month(soh_table(lives.features, lives.cells))
    return warehouse.replace(t.label_soh, part, rows if rows.height else empty(t.label_soh))
