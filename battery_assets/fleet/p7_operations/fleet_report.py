"""The page of a month, of the fleet and of each site, with the work orders to be done as CSV."""

from typing import Any

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.order_lines import as_csv
from battery_assets.fleet.p7_operations.page_contents import fleet_month
from battery_assets.platform.dagster.assets import Page, materializes
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.lake import pages
from battery_assets.platform.warehouse.resource import Warehouse

FLEET_REPORT = Page(
    name="fleet_report",
    phase=7,
    cut="month",
    comment="A page for people, of the fleet and of each site: health, jars at risk, ride-through, open "
    "incidents, what changed. Its files lie in the lake, beside the tables.",
    kinds=frozenset({"html"}),
)


@dg.asset(
    **materializes(
        FLEET_REPORT,
        reads=[
            t.location,
            t.battery,
            t.string,
            t.digital_twin_state,
            t.rul_prediction,
            t.string_runtime,
            t.incident,
            t.work_order,
            t.rule_replay,
            t.ml_model,
        ],
    )
)
def fleet_report(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.fleet_page.contents import name_of
    from battery_assets.features.fleet_page.page import FLEET, ORDERS, page

    part = Part.of(context)
    month, orders = fleet_month(warehouse, part)
    files = {FLEET: page(month, of_fleet=True), ORDERS: as_csv(orders)}
    files |= {name_of(site): page(month.of_site(site), of_fleet=False) for site in month.sites}
    written = pages.keep(warehouse.lake, month.month, files)
    shown: dict[str, Any] = {
        "page": _link(month.month, FLEET),
        "work orders": _link(month.month, ORDERS),
        **{f"page of {site}": _link(month.month, name_of(site)) for site in month.sites},
        "lies at": dg.MetadataValue.path(written[FLEET]),
        "jars": month.jars.height,
        "open incidents": month.incidents.filter(pl.col("open")).height,
        "work orders to do": len(orders),
        "sites without data": month.silent,
    }
    return dg.MaterializeResult(metadata=shown, data_version=dg.DataVersion(digest(files)))


def _link(month: str, name: str) -> dg.UrlMetadataValue:
    """A link that opens beside Dagster's pages, in a copied home too."""
    return dg.MetadataValue.url(pages.link(month, name))
