"""battery-assets pictures: what an asset's page shows, as files."""

from pathlib import Path

import click

from battery_assets.errors import UserError


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
    from battery_assets.actions.pictures import stored_pictures
    from battery_assets.actions.session import session

    with session() as at:
        stored = stored_pictures(at, asset, site, month)
    for name, png in stored.items():
        path = folder / f"{name.replace(' ', '_').replace('/', '_')}.png"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png)
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror}", "give another --to") from error
        click.echo(str(path))
