"""battery-assets site: which sites there are, and where their data come from."""

from typing import Any

import click

from battery_assets.commands.terms import WithFleetTerms
from battery_assets.platform.registry.kinds import FILES, SYNTHETIC


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
    from battery_assets.actions.remove_site import listed
    from battery_assets.actions.session import session
    from battery_assets.commands.removing import show_sites

    with session() as at:
        show_sites(listed(at, lab=False))


@site.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Carry it out; without it what would go is only shown.")
def remove(name: str, yes: bool) -> None:
    """Show what there is of a site and, with --yes, remove it from both stores.

    Its books stay in platform.removed_site, its files in the landing folder are set aside.

    \b
    Example:
      battery-assets site remove cnx-01
      battery-assets site remove cnx-01 --yes
    """
    from battery_assets.commands.removing import remove_shown

    remove_shown(name, yes, lab=False)


@site.command()
@click.argument("name")
def show(name: str) -> None:
    """Show where a site's data come from, and every term that its files are read under.

    \b
    Example:
      battery-assets site show cnx-01
    """
    from battery_assets.commands.terms import show as show_terms

    show_terms(name, lab=False)


@site.command(cls=WithFleetTerms)
@click.argument("name", required=False)
@click.option("--fleet", is_flag=True, help="Synthetic: the nine sites of the reference, named by place.")
@click.option("--source", type=click.Choice([SYNTHETIC, FILES]), default=SYNTHETIC, show_default=True)
@click.option("--place", help="Synthetic: where it stands, such as bangrak, chiangmai or phuket.")
@click.option("--seed", type=int, default=0, show_default=True, help="Synthetic: decides everything else.")
@click.option("--strings", type=int, default=9, show_default=True, help="Synthetic: strings of 24 jars.")
@click.option(
    "--interval", type=int, default=5, show_default=True, help="Synthetic: seconds between samples."
)
@click.option("--start", default="2024-01", show_default=True, help="Synthetic: first month, YYYY-MM.")
@click.option(
    "--world",
    default="matched",
    show_default=True,
    help="Synthetic: the laws its jars obey, such as no_knee, half_sulfation or blocks_2v.",
)
@click.option("--timezone", help="Files: IANA zone of times without an offset, such as Asia/Bangkok.")
@click.option("--contract", multiple=True, metavar="KEY=VALUE", help="Files: further terms, see below.")
def add(
    name: str | None,
    fleet: bool,
    source: str,
    place: str | None,
    seed: int,
    strings: int,
    interval: int,
    start: str,
    world: str,
    timezone: str | None,
    contract: tuple[str, ...],
) -> None:
    """Add a site; its months are then partitions in the Dagster pages.

    A synthetic site is made up from its seed. A site of files is filled by the exports that arrive in its
    landing folder: `battery-assets up` sees them and runs the months they touch.

    \b
    Example:
      battery-assets site add phuket-1 --place phuket --strings 3 --interval 60
      battery-assets site add --fleet --start 2025-01
      battery-assets site add weak-1 --place phuket --world half_sulfation
      battery-assets site add cnx-01 --source files --timezone Asia/Bangkok
    """
    from battery_assets.actions.add_site import add_synthetic_site
    from battery_assets.actions.session import make_catalogue, put_site, quiet_logs, session
    from battery_assets.actions.terms import terms_of
    from battery_assets.errors import UserError

    quiet_logs()
    made = {"seed": seed, "strings": strings, "interval_s": interval, "start": start, "world": world}
    if fleet:
        if name or place or source != SYNTHETIC:
            raise UserError("--fleet names and places its sites itself", "leave out NAME, --place, --source")
        return _add_fleet(made)
    if name is None:
        raise UserError("a site needs a NAME", "give one, or --fleet for the nine sites of the reference")
    if source == SYNTHETIC and place is None:
        raise UserError(
            "a synthetic site needs a place",
            "add --place bangrak, or --source files",
        )
    config = {"place": place, **made}
    with session() as at:
        landing = f"{at.settings.landing}/{name}"
        if source == SYNTHETIC:
            add_synthetic_site(at, name, config)
            make_catalogue(at)
        else:
            put_site(at, name, source, terms_of(contract, timezone))
    if source == SYNTHETIC:
        click.echo(f"{name} added. Next: battery-assets backfill --site {name} --from {start} --to {start}")
    else:
        click.echo(f"{name} added. Next: battery-assets up, and put its exports into {landing}")


def _add_fleet(made: dict[str, Any]) -> None:
    from battery_assets.actions.add_site import add_fleet
    from battery_assets.actions.session import session

    with session() as at:
        for name in add_fleet(at, made):
            click.echo(f"{name} added.")
    start = made["start"]
    click.echo(f"Next: battery-assets backfill --from {start} --to {start}")
