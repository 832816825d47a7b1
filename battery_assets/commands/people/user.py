"""battery-assets user: accounts of people."""

from typing import TYPE_CHECKING

import click

from battery_assets.errors import UserError

if TYPE_CHECKING:
    from battery_assets.actions.session import Session

ROLES = ("admin", "engineer", "operator", "viewer")
_SITE = click.option("--site", "sites", multiple=True, help="Site that the person sees; none: every site.")


@click.group()
def user() -> None:
    """Accounts of the console and of the API: who may sign in, as what, and for which sites.

    A person sets the password by a link that is followed once, within a day. An admin and an engineer set up
    a second factor when they sign in first.

    \b
    Example:
      battery-assets user admin anna --email anna@example.org
    """


@user.command()
@click.argument("name")
@click.option("--email", required=True, help="Where mail goes.")
@click.option("--full-name", default="", help="As the person is called.")
def admin(name: str, email: str, full_name: str) -> None:
    """Make the account of an admin, such as the first one, and print the link that sets its password.

    \b
    Example:
      battery-assets user admin anna --email anna@example.org
    """
    _add(name, email, "admin", full_name, ())


@user.command()
@click.argument("name")
@click.option("--email", required=True, help="Where mail goes.")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--full-name", default="", help="As the person is called.")
@_SITE
def add(name: str, email: str, role: str, full_name: str, sites: tuple[str, ...]) -> None:
    """Make an account, and print the link that sets its password.

    \b
    Example:
      battery-assets user add nok --email nok@example.org --role operator --site bangrak
    """
    _add(name, email, role, full_name, sites)


@user.command("list")
def list_() -> None:
    """Show every account.

    \b
    Example:
      battery-assets user list
    """
    from rich.console import Console

    from battery_assets.actions.people.accounts import listed
    from battery_assets.actions.report_tables import listed as table
    from battery_assets.actions.session import session

    with session() as at, at.warehouse.reading() as connection:
        rows = listed(connection)
    cells = [
        [
            row["username"],
            row["role"],
            ", ".join(row["sites"]),
            row["email"],
            _state(row["is_active"], row["has_password"], row["totp_enabled"]),
            f"{row['last_signed_in']:%Y-%m-%d %H:%M}" if row["last_signed_in"] else None,
        ]
        for row in rows
    ]
    names = ["name", "role", "sites", "email", "account", "signed in\nlast"]
    if cells:
        Console(highlight=False, markup=False).print(table(names, cells, left=(0, 1, 2, 3, 4)))


@user.command()
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@_SITE
def role(name: str, role: str, sites: tuple[str, ...]) -> None:
    """Give the account NAME another ROLE, and other sites where they are named.

    \b
    Example:
      battery-assets user role nok engineer --site bangrak --site phuket
    """
    from battery_assets.actions.people.accounts import change, number_of
    from battery_assets.actions.session import session

    with session() as at, at.warehouse.transaction() as connection:
        change(connection, number_of(connection, name), role=role, sites=sites or None)
    click.echo(f"{name} is {role} from now on.")


@user.command()
@click.argument("name")
def disable(name: str) -> None:
    """Let nobody sign in as NAME any more; its sessions end, its keys are refused.

    \b
    Example:
      battery-assets user disable nok
    """
    from battery_assets.actions.people import accounts
    from battery_assets.actions.session import session

    with session() as at, at.warehouse.transaction() as connection:
        accounts.disable(connection, accounts.number_of(connection, name))
    click.echo(f"{name} is disabled: its sessions have ended and its keys are refused.")


@user.command()
@click.argument("name")
def enable(name: str) -> None:
    """Let NAME sign in again.

    \b
    Example:
      battery-assets user enable nok
    """
    from battery_assets.actions.people import accounts
    from battery_assets.actions.session import session

    with session() as at, at.warehouse.transaction() as connection:
        accounts.enable(connection, accounts.number_of(connection, name))
    click.echo(f"{name} may sign in again.")


@user.command()
@click.argument("name")
@click.option(
    "--without-factor", is_flag=True, help="Take the second factor away as well: its person has lost it."
)
def link(name: str, without_factor: bool) -> None:
    """Print a new link that sets the password of NAME; links before it end.

    \b
    Example:
      battery-assets user link anna
    """
    from battery_assets.actions.people import accounts, second_factor
    from battery_assets.actions.session import session

    with session() as at, at.warehouse.transaction() as connection:
        number = accounts.number_of(connection, name)
        if without_factor:
            second_factor.take_away(connection, number, accounts.COMMAND_LINE)
        _print_link(at, connection, number)


def _add(name: str, email: str, role: str, full_name: str, sites: tuple[str, ...]) -> None:
    from battery_assets.actions.people import accounts
    from battery_assets.actions.session import session

    if "" in sites:
        raise UserError("--site names no site", "leave it out for every site")
    visible = sites or (accounts.EVERY_SITE,)
    with session() as at, at.warehouse.transaction() as connection:
        number = accounts.add(connection, name, email, role, name=full_name, sites=visible)
        click.echo(f"{accounts.plain_name(name)} is {role}. To set the password, once, within 24 hours:")
        _print_link(at, connection, number)


def _print_link(at: "Session", connection: object, number: int) -> None:
    import sqlalchemy as sa

    from battery_assets.actions.people import links

    assert isinstance(connection, sa.Connection)
    click.echo(links.address(at.settings, links.make(connection, number)))


def _state(active: bool, has_password: bool, second_factor: bool) -> str:
    if not active:
        return "disabled"
    return ("second factor" if second_factor else "password") if has_password else "invited"
