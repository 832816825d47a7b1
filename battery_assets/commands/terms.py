"""Terms of sources of files on the command line: options of labs, help of both, what `show` prints."""

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from battery_assets.errors import UserError

if TYPE_CHECKING:
    from battery_assets.actions.terms import Term

CHEMISTRIES = ("NMC", "NCA", "LFP", "LCO", "LMO", "LTO", "Li-ion", "lead-acid", "NiMH", "other")
F = TypeVar("F", bound=Callable[..., Any])
# Each is named after its term; the terms that have no option of their own are given by --term.
_OPTIONS = (
    click.option(
        "--nominal-ah", "nominal_capacity_ah", type=float, help="Nominal capacity, where no file says it."
    ),
    click.option("--cutoff-v", "cutoff_voltage_v", type=float, help="End of discharge for capacities."),
    click.option(
        "--end-of-life", "end_of_life_pct", type=float, help="Percent of nominal at which it is worn out; 80."
    ),
    click.option("--chemistry", type=click.Choice(CHEMISTRIES), help="Chemistry of the cells."),
    click.option("--timezone", help="IANA zone of the cycler's clock, such as Europe/Oslo."),
    click.option(
        "--current-sign",
        type=click.Choice(["positive charges", "positive discharges"]),
        help="What a positive current does, where the format does not know.",
    ),
    click.option(
        "--policy", type=click.Choice(["strict", "tolerant"]), help="tolerant: bad rows to quarantine."
    ),
    click.option(
        "--date-order",
        type=click.Choice(["month first", "day first"]),
        help="Of 03/04, where no row proves it.",
    ),
    click.option("--time-scale", type=float, help="Seconds in one unit of the file's time."),
    click.option(
        "--unordered/--ordered", default=None, help="Rows stand in any order: they are sorted by their time."
    ),
    click.option(
        "--column", "columns", multiple=True, metavar="HEADING=WORD:UNIT",
        help="A column of a layout that no format knows, with its unit or the factor to the word's unit.",
    ),
    click.option("--term", "others", multiple=True, metavar="NAME=VALUE", help="Further terms, see below."),
)  # fmt: skip


def lab_options(command: F) -> F:
    """The command with an option for each term of a lab; `given_terms` reads what they were given."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given_terms(options: dict[str, Any]) -> dict[str, Any]:
    """The terms that options of `lab_options` were given; UserError for one that cannot be."""
    from battery_assets.actions.terms import lab_terms_of

    rest = {name: value for name, value in options.items() if name not in ("columns", "others")}
    return lab_terms_of(rest, options.get("columns", ()), options.get("others", ()))


class WithFleetTerms(click.Command):
    """A command whose help ends with every term of a site of files."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Terms with what each says, from where they are defined."""
        _listed(formatter, "Terms of --contract", lab=False)


class WithLabTerms(click.Command):
    """A command whose help ends with every term of a cell."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Terms with what each says, from where they are defined."""
        _listed(formatter, "Terms of --term, and of cell.json", lab=True)


def _listed(formatter: click.HelpFormatter, title: str, *, lab: bool) -> None:
    from battery_assets.actions.terms import term_words

    with formatter.section(title):
        formatter.write_dl(list(term_words(lab=lab).items()))


def show(name: str, *, lab: bool) -> None:
    """Print the source of a site or lab, every term in force, and of a lab what its cells say themselves."""
    from battery_assets.actions.session import session
    from battery_assets.actions.terms import cells_terms, shown_terms
    from battery_assets.platform.registry.kinds import FILES, LAB_FILES

    with session() as at:
        source, terms = shown_terms(at, name, lab=lab)
        cells = cells_terms(at, name) if source == LAB_FILES else {}
        click.echo(f"{name}: {source}")
        if source in (FILES, LAB_FILES):
            click.echo(f"files arrive in {at.settings.landing}/{name}")
        _print(terms)
        for cell, terms_of_cell in cells.items():
            click.echo(f"\n{cell}:" if terms_of_cell else f"\n{cell}: says nothing of its own")
            _print(terms_of_cell)


def _print(terms: "Iterable[Term]") -> None:
    for term in terms:
        words = f"  {term.words}" if term.words else ""
        click.echo(f"  {term.name:<24}{term.value:<27} {term.told:<12}{words}".rstrip())


def assigned(assignments: tuple[str, ...]) -> dict[str, Any]:
    """Terms given as TERM=VALUE, each value read as JSON or kept as a word. UserError for one without."""
    terms: dict[str, Any] = {}
    for one in assignments:
        name, equal, value = one.partition("=")
        if not equal:
            raise UserError(f"--set {one!r} is no TERM=VALUE", "write it as --set epochs=30")
        try:
            terms[name] = json.loads(value)
        except ValueError:
            terms[name] = value
    return terms
