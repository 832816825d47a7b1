"""battery-assets key: keys of programs."""

from datetime import UTC, datetime

import click


@click.group()
def key() -> None:
    """Keys of programs for the API: what each may do, which sites it sees, and until when.

    A key is shown once. It may never do more than the account whose it is.

    \b
    Example:
      battery-assets key create "dashboard of bangrak" --owner anna --site bangrak
    """


@key.command()
@click.argument("name")
@click.option("--owner", required=True, help="Account whose it is.")
@click.option("--scope", "scopes", multiple=True, help="What it may do; none: read what its owner reads.")
@click.option("--site", "sites", multiple=True, help="Site that it sees; none: those of its owner.")
@click.option("--rate", type=int, default=600, show_default=True, help="Requests a minute.")
@click.option("--days", type=int, default=365, show_default=True, help="It ends after so many days.")
@click.option(
    "--as-of", "ceiling", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="It sees what was known at this instant (UTC), and nothing later.",
)  # fmt: skip
def create(
    name: str,
    owner: str,
    scopes: tuple[str, ...],
    sites: tuple[str, ...],
    rate: int,
    days: int,
    ceiling: datetime | None,
) -> None:
    """Make a key and show it, once. NAME says what it is for.

    Scopes: fleet:read, lab:read, experiments:read, platform:read, operations:write, predictions:write,
    jobs:write, people:write.

    \b
    Example:
      battery-assets key create cmms --owner anna --scope fleet:read --scope operations:write
      battery-assets key create "vendor's model" --owner anna --site bangrak --as-of 2025-06-01
    """
    from datetime import timedelta

    from battery_assets.actions.people import accounts, keys
    from battery_assets.actions.people.caller import READ
    from battery_assets.actions.session import session
    from battery_assets.errors import UserError
    from battery_assets.platform import clock
    from battery_assets.platform.sealing import Seal

    if not 1 <= days <= keys.LASTS_AT_MOST.days:
        raise UserError(f"a key lasts 1 to {keys.LASTS_AT_MOST.days} days", "give such a number")
    terms = keys.Terms(
        name,
        scopes or READ,
        sites or (accounts.EVERY_SITE,),
        rate,
        clock.now() + timedelta(days=days),
        ceiling.replace(tzinfo=UTC) if ceiling else None,
    )
    with session() as at, at.warehouse.transaction() as connection:
        number = accounts.number_of(connection, owner)
        made = keys.create(connection, Seal(at.settings.home), number, terms)
    click.echo("Keep it now, it is not shown again. Send it as the header X-API-Key:")
    click.echo(made.text)


@key.command("list")
def list_() -> None:
    """Show every key, without its secret.

    \b
    Example:
      battery-assets key list
    """
    from rich.console import Console

    from battery_assets.actions.people.keys import listed
    from battery_assets.actions.report_tables import listed as table
    from battery_assets.actions.session import session
    from battery_assets.platform import clock

    with session() as at, at.warehouse.reading() as connection:
        rows = listed(connection)
    now = clock.now()
    cells = [
        [
            row["prefix"],
            f"{row['name']}\n{', '.join(row['scopes'])}",
            f"{row['username']}\n{', '.join(row['sites'])}",
            "revoked"
            if not row["is_active"]
            else f"{row['expires_at']:%Y-%m-%d}"
            if row["expires_at"] > now
            else "ended",
            f"{row['last_used_at']:%Y-%m-%d %H:%M}" if row["last_used_at"] else None,
        ]
        for row in rows
    ]
    names = ["begins with", "for\nscopes", "owner\nsites", "ends", "used last"]
    if cells:
        Console(highlight=False, markup=False).print(table(names, cells, left=(0, 1, 2, 3)))


@key.command()
@click.argument("key")
def revoke(key: str) -> None:
    """Let KEY, named by what it begins with or by its number, be worth nothing from now on.

    \b
    Example:
      battery-assets key revoke ba_4fJ0aQ2x
    """
    from battery_assets.actions.people import keys
    from battery_assets.actions.session import session

    with session() as at, at.warehouse.transaction() as connection:
        keys.revoke(connection, keys.number_of(connection, key))
    click.echo(f"{key} is refused from now on.")


@key.command()
@click.argument("key")
@click.option(
    "--hours", type=click.IntRange(0, 24 * 14), default=24, show_default=True, help="Both are good."
)
def rotate(key: str, hours: int) -> None:
    """Make a new key with the terms of KEY and show it, once; KEY ends some hours later.

    \b
    Example:
      battery-assets key rotate ba_4fJ0aQ2x --hours 48
    """
    from datetime import timedelta

    from battery_assets.actions.people import keys
    from battery_assets.actions.session import session
    from battery_assets.platform.sealing import Seal

    with session() as at, at.warehouse.transaction() as connection:
        number = keys.number_of(connection, key)
        made = keys.rotate(connection, Seal(at.settings.home), number, both_for=timedelta(hours=hours))
    click.echo(f"{key} ends in {hours} hours. Keep the new one now, it is not shown again:")
    click.echo(made.text)
