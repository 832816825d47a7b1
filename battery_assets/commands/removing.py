"""What `site` and `lab` show alike: their lists, and what would go with one of them."""

import json
from collections.abc import Iterable
from typing import Any

import click


def show_sites(rows: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
    """A line each: name, source, settings."""
    for name, source, config in rows:
        click.echo(f"{name:<24}{source:<16}{json.dumps(config)}")


def remove_shown(name: str, yes: bool, *, lab: bool) -> None:
    """Show what there is of a site or lab, and remove it where that was confirmed."""
    from battery_assets.actions.remove_site import preview, remove
    from battery_assets.actions.session import quiet_logs, session

    quiet_logs()
    kind = "lab" if lab else "site"
    with session() as at:
        counts = preview(at, name, lab=lab)
        for one in counts:
            click.echo(f"{one.table:<32}{one.months:>5} months{one.rows:>14,} rows")
        if not counts:
            click.echo(f"nothing was made of {name} yet")
        if not yes:
            click.echo(f"Nothing was removed. Next: battery-assets {kind} remove {name} --yes")
            return
        aside = remove(at, name, lab=lab)
    click.echo(f"{name} removed; its books stay in platform.removed_site.")
    if aside:
        click.echo(f"Its files lie in {aside} now.")
