"""The pictures of an asset's newest run for a month of a site, as they are stored with it."""

import dagster as dg

from battery_assets.actions.session import Session
from battery_assets.errors import UserError
from battery_assets.platform.dagster.metadata import pictures_of


def stored_pictures(at: Session, asset: str, site: str, month: str) -> dict[str, bytes]:
    """PNG by title. UserError where the asset has no such partition, or no picture of it."""
    of = dg.AssetRecordsFilter(
        asset_key=dg.AssetKey(asset),
        asset_partitions=[dg.MultiPartitionKey({"month": month, "site": site})],
    )
    records = at.instance.fetch_materializations(of, limit=1).records
    if not records or records[0].asset_materialization is None:
        raise UserError(
            f"{asset} was not made for {month} of {site}",
            "`battery-assets status` shows the months of each site; `backfill` makes one",
        )
    stored = pictures_of(records[0].asset_materialization.metadata)
    if not stored:
        raise UserError(
            f"{asset} shows no picture of {month} of {site}",
            "name another asset, such as digital_twin_state, alert or cycle_feature",
        )
    return stored
