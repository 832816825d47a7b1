"""The training table: eight causal features of each ageing cycle, its capacity loss, the cycles left."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.lab.imported import Imported
from battery_assets.lab.lives import Lives
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import empty


@dg.asset(
    **materializes(
        t.cycle_data,
        reads=[t.battery_cell],
        history=[t.cycle_feature, t.test_session],
        after=[t.cycle, t.battery_unit],
    )
)
def cycle_data(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    from battery_assets.features.lab.tables import training_rows

    part = warehouse.claim(t.cycle_data, context)
    if (imported := Imported.of(warehouse, part, landing.root(str(part.site)))) is not None:
        imported.keep_accounts(warehouse, part)
        return warehouse.replace(t.cycle_data, part, imported.cycle_rows(), metadata=imported.shown())
    lives = Lives.of(warehouse, part)
    rows = lives.of_month(training_rows(lives.features, lives.cells))
    return warehouse.replace(t.cycle_data, part, rows if rows.height else empty(t.cycle_data))
