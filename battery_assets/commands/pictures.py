"""battery-assets pictures: what an asset's page shows, as files."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from battery_assets.session import Session


@click.command()
@click.argument("asset")
@click.option("--site", required=True, help="Site or lab.")
@click.option("--month", required=True, help="Month, YYYY-MM.")
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="Folder of the files.",
)
def pictures(asset: str, site: str, month: str, folder: Path) -> None:
    """Write the pictures of an asset's newest run for a month of a site as PNG files, named by their titles.

    Dagster shows the same pictures on the asset's page.

    \b
    Example:
      battery-assets pictures digital_twin_state --site bangrak --month 2025-06 --to pictures
    """
    from battery_assets.session import session

    with session() as at:
        stored = _stored(at, asset, site, month)
    folder.mkdir(parents=True, exist_ok=True)
    for name, png in stored.items():
        path = folder / f"{name.replace(' ', '_').replace('/', '_')}.png"
        path.write_bytes(png)
        click.echo(str(path))


def _stored(at: "Session", asset: str, site: str, month: str) -> dict[str, bytes]:
    """PNG by title. UserError where the asset has no such partition, or no picture of it."""
    import dagster as dg

    from battery_assets.errors import UserError
    from battery_assets.platform.metadata import pictures_of

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
    found = pictures_of(records[0].asset_materialization.metadata)
    if not found:
        raise UserError(
            f"{asset} shows no picture of {month} of {site}",
            "name another asset, such as digital_twin_state, alert or cycle_feature",
        )
    return found
