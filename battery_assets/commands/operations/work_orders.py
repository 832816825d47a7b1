"""battery-assets work-orders: to and from a CMMS."""

from typing import IO

import click

from battery_assets.commands.operations.incident import by_option


@click.group("work-orders")
def work_orders() -> None:
    """Work orders to and from a CMMS, as CSV.

    \b
    Example:
      battery-assets work-orders export orders.csv --site bangrak
      battery-assets work-orders import orders.csv --state CLSD=completed
    """


@work_orders.command("export")
@click.argument("file", type=click.File("w", encoding="utf-8", lazy=False), default="-")
@click.option("--site", default="", help="Only this site.")
@click.option("--all", "everything", is_flag=True, help="Those that are done, too.")
def export(file: IO[str], site: str, everything: bool) -> None:
    """Write open work orders to FILE, or to the terminal.

    \b
    Example:
      battery-assets work-orders export orders.csv --site bangrak
    """
    from battery_assets.actions.operations.work_orders import exported
    from battery_assets.actions.session import session

    with session() as at:
        file.write(exported(at.warehouse, site, everything=everything).replace("\r\n", "\n"))


@work_orders.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option(
    "--state", "states", multiple=True, metavar="WORD=STATUS",
    help="What a word of the CMMS means: open, assigned, in_progress, completed or closed.",
)  # fmt: skip
@by_option
def import_(file: IO[str], states: tuple[str, ...], by: str) -> None:
    """Enter tickets, states, dates and findings of FILE: all of its lines or none.

    It has a heading with work_order_id or external_id, and any of status, assigned_to, completed_at,
    resolution_notes. Other columns are passed over. A line that says nothing new enters nothing.

    \b
    Example:
      battery-assets work-orders import orders.csv --state CLSD=completed
    """
    from battery_assets.actions.operations.work_orders import imported
    from battery_assets.actions.session import session
    from battery_assets.errors import UserError

    pairs = [word.partition("=")[::2] for word in states]
    if any(not word or not meaning for word, meaning in pairs):
        raise UserError("--state says no meaning", "write it as in --state CLSD=completed")
    with session() as at:
        done = imported(at.warehouse, file.read(), by, dict(pairs), where=getattr(file, "name", "the file"))
    click.echo(f"{done.lines} lines read, {done.entries} entries made about {len(done.orders)} work orders.")
