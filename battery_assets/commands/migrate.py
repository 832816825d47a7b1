"""battery-assets migrate: databases made and brought to this code's version."""

import click


@click.command()
def migrate() -> None:
    """Make the databases where they are missing and bring the warehouse to the version of this code.

    Runs in one transaction for each migration; running it again does nothing.

    \b
    Example:
      BATTERY_DATABASE_URL=postgresql://user:password@host/battery battery-assets migrate
    """
    from battery_assets.actions.session import session

    with session() as at:
        from battery_assets.platform.warehouse.migrate import migrate as bring

        click.echo(f"warehouse at version {bring(at.settings.warehouse_url)}: {at.settings.database_urls()}")
