"""battery-assets dataset: labelled signals that classifiers learn from."""

import click

from battery_assets.commands.terms import assigned


@click.group()
def dataset() -> None:
    """Datasets of signals: bursts of ripple with what is wrong in each.

    \b
    Example:
      battery-assets dataset generate first --set systems=60
    """


@dataset.command()
@click.argument("name")
@click.option("--set", "terms", multiple=True, metavar="TERM=VALUE", help="A term, as systems=60 or seed=2.")
def generate(name: str, terms: tuple[str, ...]) -> None:
    """Make the dataset NAME by the generator, or go on where it was stopped.

    \b
    Terms: systems, references, sound, each_fault, mixed (numbers of bursts a system), faults, seed,
    capacitor_loss and phase_low (severities, as [0.35,0.95]), months (as ["2025-03"]).
    Example:
      battery-assets dataset generate first --set systems=60 --set mixed=6
    """
    _make(name, "dataset_generation", assigned(terms))


@dataset.command()
@click.argument("name")
@click.option("--site", "sites", multiple=True, required=True, help="Site; may be given again.")
@click.option("--month", "months", multiple=True, required=True, help="Month, YYYY-MM; may be given again.")
def captures(name: str, sites: tuple[str, ...], months: tuple[str, ...]) -> None:
    """Make the dataset NAME of what the recorders of sites kept; labels are repairs, or a generator's truth.

    \b
    Example:
      battery-assets dataset captures spring --site bangrak --month 2025-03 --month 2025-04
    """
    _make(name, "dataset_captures", {"sites": list(sites), "months": list(months)})


@dataset.command()
@click.argument("name")
@click.option("--site", "sites", multiple=True, required=True, help="Site; may be given again.")
@click.option("--month", "months", multiple=True, required=True, help="Month, YYYY-MM; may be given again.")
@click.option("--minutes", default=15.0, show_default=True, help="So much of each discharge is seen.")
def discharges(name: str, sites: tuple[str, ...], months: tuple[str, ...], minutes: float) -> None:
    """Make the dataset NAME of deep discharges and tests: which jar ends the string, by its first minutes.

    \b
    Example:
      battery-assets dataset discharges ends --site bangrak --month 2025-03 --month 2025-04
    """
    _make(name, "dataset_discharges", {"sites": list(sites), "months": list(months), "minutes": minutes})


@dataset.command()
@click.argument("name")
@click.option("--lab", "labs", multiple=True, required=True, help="Lab; may be given again.")
@click.option("--month", "months", multiple=True, metavar="YYYY-MM", help="Month; all without it.")
@click.option("--share", default=0.5, show_default=True, help="So much of the nominal capacity is seen.")
@click.option("--ahead", default=0, show_default=True, help="Worn out within so many cycles; 0: now.")
@click.option("--every", default=1, show_default=True, help="Each so-manieth cycle of a life.")
def cells(
    name: str, labs: tuple[str, ...], months: tuple[str, ...], share: float, ahead: int, every: int
) -> None:
    """Make the dataset NAME of cells under test: worn out or not, by the first part of a discharge.

    \b
    Example:
      battery-assets dataset cells worn --lab bench --every 5
    """
    terms = {"labs": list(labs), "months": list(months), "share": share, "ahead": ahead, "every": every}
    _make(name, "dataset_cells", terms)


@dataset.command()
@click.argument("site")
def power(site: str) -> None:
    """Tell what each string of SITE would have seen of a capacitor's loss, by its own sound bursts.

    \b
    Example:
      battery-assets dataset power bangrak
    """
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import experiments as action

    quiet_logs()
    with session() as at:
        rows = action.tell_power(at, site)
        for row in rows:
            if row["loss"]:
                words = f"{row['loss']:.0%} lost, {row['days']} days: {row['power']:.2f}"
                click.echo(f"{row['string_code']}: {words}")
        if not rows:
            click.echo(f"{site}: no string has eight sound days of bursts")


@dataset.command("import")
@click.argument("name")
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@click.option("--set", "terms", multiple=True, metavar="TERM=VALUE", help="A term, as sample_rate_hz=12800.")
@click.option("--column", "columns", multiple=True, metavar="THEIRS=OURS", help="A column named otherwise.")
@click.option("--unit", "units", multiple=True, metavar="COLUMN=UNIT", help="A unit, as voltage_v=mV or x2.")
def import_(
    name: str, folder: str, terms: tuple[str, ...], columns: tuple[str, ...], units: tuple[str, ...]
) -> None:
    """Make the dataset NAME of an operator's captures: CSV or Parquet files of FOLDER, a sample a row.

    Columns are voltage_v, current_a, and, where files say it, signal_id, system, string, label, pulses,
    is_reference, taken_at, time_s and sample_rate_hz. A file without signal_id is one burst.

    \b
    Terms: sample_rate_hz, pulses, system, string, label, names (how paths are made), and those of a source
    of files: separator, decimal, timezone, policy, time_format, null_words, comment.
    Example:
      battery-assets dataset import own captures --set sample_rate_hz=12800 --column U=voltage_v \\
        --set 'names={system}/{string}_{label}_{signal_id}'
    """
    facts = assigned(terms) | {
        key: pairs for key, pairs in (("rename", assigned(columns)), ("units", assigned(units))) if pairs
    }
    _make(name, "dataset_import", {"folder": folder, **facts})


@dataset.command()
@click.argument("name")
def accounts(name: str) -> None:
    """Show what became of every row of the files of an imported dataset.

    \b
    Example:
      battery-assets dataset accounts own
    """
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import experiments as action

    quiet_logs()
    with session() as at:
        for row in action.import_accounts(at, name):
            click.echo(f"{row['path']}: {row['rows_read']:,} rows: {_fates(row)}")
            if row["reason"]:
                click.echo(f"  {row['reason']}")


def _fates(row: dict) -> str:
    """Rows by fate, in words."""
    return (
        f"{row['rows_loaded']:,} loaded, {row['rows_quarantined']:,} in quarantine, "
        f"{row['rows_exact_duplicate']:,} exact duplicates"
    )


def _make(name: str, kind: str, terms: dict) -> None:
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import experiments as action

    quiet_logs()
    with session() as at:
        row = action.make_dataset(at, name, kind, terms)
        click.echo(f"{name}: {row['num_signals']} signals of {row['meta_data']['systems']} {_units(row)}")
        click.echo(f"  {', '.join(f'{count} {kind}' for kind, count in sorted(row['fault_types'].items()))}")
        if "rows" in row["meta_data"]:
            click.echo(
                f"  {row['meta_data']['rows']['rows_read']:,} rows: {_fates(row['meta_data']['rows'])}"
            )
        click.echo(f"  {leaked(row['meta_data'])}")


def _units(row: dict) -> str:
    """What a split of the dataset never parts."""
    return {"discharges": "strings", "cells": "cells"}.get(row["meta_data"].get("kind"), "systems")


def leaked(meta: dict) -> str:
    """What a split by window would add, in words."""
    leak = meta.get("leak") or {}
    if meta.get("kind", "ripple") != "ripple":
        return (
            "leak certificate: a split by curve flatters raw curves by "
            f"{leak.get('curve_exact_points', 0):.1f} points, curves against their own reference by "
            f"{leak.get('own_curve_exact_points', 0):.1f}"
        )
    return (
        "leak certificate: a split by window flatters raw features by "
        f"{leak.get('moments_exact_points', 0):.1f} points, lines against own references by "
        f"{leak.get('own_lines_exact_points', 0):.1f}"
    )


@dataset.command("list")
def list_() -> None:
    """Show every dataset, its state and size.

    \b
    Example:
      battery-assets dataset list
    """
    from battery_assets.actions.report_tables import listed
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import experiments as action

    quiet_logs()
    with session() as at:
        from rich.console import Console

        rows = [
            (row["name"], row["status"], row["num_signals"], (row["meta_data"] or {}).get("systems", ""))
            for row in action.list_datasets(at)
        ]
        heads = ["dataset", "state", "signals", "systems"]
        Console(highlight=False, markup=False).print(listed(heads, rows, left=(0, 1)))


@dataset.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take the dataset NAME out, with its signals and experiments; its files stay until the lake is tidied.

    \b
    Example:
      battery-assets dataset remove first
    """
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.signals import experiments as action

    quiet_logs()
    with session() as at:
        click.echo(f"{name}: {action.remove_dataset(at, name)} signals removed")
