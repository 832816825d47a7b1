"""battery-assets site: which sites there are, and where their data come from."""

import json

import click


@click.group()
def site() -> None:
    """Sites and where their data come from.

    \b
    Example:
      battery-assets site list
    """


@site.command("list")
def list_() -> None:
    """Show every site with its source.

    \b
    Example:
      battery-assets site list
    """
    from battery_assets.platform import registry
    from battery_assets.session import session

    with session() as at, at.warehouse.transaction() as connection:
        for row in registry.sites(connection):
            click.echo(f"{row.site:<24}{row.source:<12}{json.dumps(row.config)}")


@site.command()
@click.argument("name")
@click.option("--place", required=True, help="Where it stands: bangrak, chiangmai, phuket ...")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides everything else.")
@click.option("--strings", type=int, default=9, show_default=True, help="Strings of 24 jars.")
@click.option("--interval", type=int, default=5, show_default=True, help="Seconds between samples.")
@click.option("--start", default="2024-01", show_default=True, help="First month, YYYY-MM.")
def add(name: str, place: str, seed: int, strings: int, interval: int, start: str) -> None:
    """Add a synthetic site; its months are then partitions in the Dagster pages.

    \b
    Example:
      battery-assets site add phuket-1 --place phuket --strings 3 --interval 60
    """
    from battery_assets.session import put_site, session

    config = {"place": place, "seed": seed, "strings": strings, "interval_s": interval, "start": start}
    with session() as at:
        put_site(at, name, "synthetic", config)
    click.echo(f"{name} added. Next: battery-assets backfill --site {name} --from {start} --to {start}")
