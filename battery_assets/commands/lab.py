"""battery-assets lab: benches where cells are tested."""

from typing import Any

import click

from battery_assets.commands.terms import WithLabTerms, given_terms, lab_options
from battery_assets.platform.registry.kinds import FILES, LAB_FILES, SYNTHETIC


@click.group()
def lab() -> None:
    """Labs: cells on cyclers, their tests, features and labels.

    \b
    Example:
      battery-assets lab add bench --cells 12
    """


@lab.command("list")
def list_() -> None:
    """Show every lab with its source.

    \b
    Example:
      battery-assets lab list
    """
    from battery_assets.actions.remove_site import listed
    from battery_assets.actions.session import session
    from battery_assets.commands.removing import show_sites

    with session() as at:
        show_sites(listed(at, lab=True))


@lab.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Carry it out; without it what would go is only shown.")
def remove(name: str, yes: bool) -> None:
    """Show what there is of a lab and, with --yes, remove it from both stores.

    Its books stay in platform.removed_site, its files in the landing folder are set aside.

    \b
    Example:
      battery-assets lab remove bench
      battery-assets lab remove bench --yes
    """
    from battery_assets.commands.removing import remove_shown

    remove_shown(name, yes, lab=True)


@lab.command()
@click.argument("name")
def show(name: str) -> None:
    """Show where a lab's tests come from, the terms that it has, and what its cells say themselves.

    \b
    Example:
      battery-assets lab show oslo
    """
    from battery_assets.commands.terms import show as show_terms

    show_terms(name, lab=True)


@lab.command(cls=WithLabTerms)
@click.argument("name")
@click.option("--source", type=click.Choice([SYNTHETIC, FILES]), default=SYNTHETIC, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Synthetic: decides everything else.")
@click.option("--cells", type=int, default=12, show_default=True, help="Synthetic: cells under test.")
@click.option("--start", default="2025-01", show_default=True, help="Synthetic: first month, YYYY-MM.")
@click.option("--sample", type=int, default=60, show_default=True, help="Synthetic: seconds between samples.")
@lab_options
def add(
    name: str,
    source: str,
    seed: int,
    cells: int,
    start: str,
    sample: int,
    **options: Any,
) -> None:
    """Add a lab; its months are then partitions of the lab's assets in the Dagster pages.

    A synthetic lab is made up from its seed. A lab of files is filled by `battery-assets import lab`.

    \b
    Example:
      battery-assets lab add bench --cells 12
      battery-assets lab add oslo --source files --timezone Europe/Oslo --end-of-life 70
    """
    from battery_assets.actions.add_site import add_synthetic_lab
    from battery_assets.actions.session import put_site, session

    made_up = {"seed": seed, "cells": cells, "start": start, "sample_s": sample}
    terms = given_terms(options)
    with session() as at:
        if source == SYNTHETIC:
            # Months to come are no partitions yet; the schedules run them when they are there.
            last = add_synthetic_lab(at, name, {**made_up, **terms})
            click.echo(f"{name} added. Next: battery-assets backfill --lab {name} --from {start} --to {last}")
        else:
            put_site(at, name, LAB_FILES, terms)
            click.echo(f"{name} added. Next: battery-assets import lab PATH --lab {name}")
