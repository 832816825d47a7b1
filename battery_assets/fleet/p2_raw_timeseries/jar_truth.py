"""What the generator knows of its jars: for people who look, and for tests; no later phase reads it."""

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.sources import source_of, synthetic_site
from battery_assets.platform import clock
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.pictures import keep_picture
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.registry.kinds import SYNTHETIC
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import empty


@dg.asset(**materializes(t.jar_truth, after=[t.battery]))
def jar_truth(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.synthetic.truth import health_over_life, truth
    from battery_assets.synthetic.truth_picture import health_picture

    part = warehouse.claim(t.jar_truth, context)
    source, config = source_of(warehouse, part)
    if source != SYNTHETIC:
        return warehouse.replace(t.jar_truth, part, empty(t.jar_truth))
    site, month = synthetic_site(part, config), str(part.month)
    ids = pl.col("battery_id").map_elements(
        lambda jar: identity("jar_truth", site.site, month, jar), return_dtype=pl.String
    )
    rows = truth(site, month, clock.now()).with_columns(truth_id=ids)
    health = keep_picture(
        warehouse,
        part,
        "true health",
        digest(part.site, config),
        lambda: health_picture(health_over_life(site), part.start),
        by=__name__,
    )
    return warehouse.replace(t.jar_truth, part, rows, metadata=health)
