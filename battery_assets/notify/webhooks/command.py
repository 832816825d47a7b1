"""battery-assets webhook: addresses that are told of events, each of one account."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import sqlalchemy as sa

    from battery_assets.settings import Settings

USER = click.option("--user", required=True, metavar="NAME", help="Account whose webhook it is.")
NUMBER = click.argument("number", type=int)


@click.group()
def webhook() -> None:
    """Webhooks and chats of an account: what happens is sent there, signed.

    \b
    Example:
      battery-assets webhook list --user anna
    """


@webhook.command()
@click.argument("name")
@click.argument("url", required=False)
@USER
@click.option(
    "--event", "kinds", multiple=True, default=("*",), help="Kind of event; several times; * for all."
)
@click.option("--chat", type=click.Choice(["slack", "teams"]), help="A chat; its address is asked for.")
def add(name: str, url: str | None, user: str, kinds: tuple[str, ...], chat: str | None) -> None:
    """Add a webhook and show its secret, once.

    \b
    Example:
      battery-assets webhook add cmms https://cmms.example.org/hook --user anna --event incident.opened
    """
    from battery_assets.actions.notifications import webhooks
    from battery_assets.actions.notifications.webhooks import new_secret
    from battery_assets.notify.chat import check_address
    from battery_assets.notify.webhooks.checking import address_check
    from battery_assets.platform.sealing import Seal

    if chat:
        # A chat's address is a secret: it would stay in the shell's history.
        url = click.prompt("address of the chat", hide_input=True)
    if not url:
        raise click.UsageError("give the address, or --chat")
    secret = new_secret()
    with _open() as (settings, connection):
        number = webhooks.add(
            connection, Seal(settings.home), _person(connection, user), name, url, kinds, secret,
            check_address if chat else address_check(connection), chat or webhooks.STANDARD,
        )  # fmt: skip
    click.echo(f"webhook {number}" + ("" if chat else f"; its secret, shown once: {secret}"))


@webhook.command("list")
@USER
def list_(user: str) -> None:
    """Show an account's webhooks, and why one fails or was switched off.

    \b
    Example:
      battery-assets webhook list --user anna
    """
    from battery_assets.actions.notifications import webhooks

    with _open() as (_, connection):
        rows = webhooks.of_person(connection, _person(connection, user))
    for row in rows:
        state = "on" if row["is_active"] else f"off: {row['disabled_reason'] or 'by its owner'}"
        used = f"{row['last_used_at']:%Y-%m-%d %H:%M}" if row["last_used_at"] else "never"
        click.echo(f"{row['id']} {row['name']}: {state}; last used {used}")
        click.echo(f"  {row['webhook_url']} hears of {', '.join(row['enabled_events'])}")
        if row["last_error"]:
            click.echo(f"  last attempt failed: {row['last_error']}")
    if not rows:
        click.echo(f"{user} has no webhook")


@webhook.command()
@NUMBER
@USER
def test(number: int, user: str) -> None:
    """Send a test event to one webhook; the worker sends it.

    \b
    Example:
      battery-assets webhook test 3 --user anna
    """
    from battery_assets.actions.notifications import webhooks

    _act(user, lambda connection, person: webhooks.test(connection, person, number))
    click.echo(
        f"a test is on its way; `battery-assets webhook log {number} --user {user}` says what was answered"
    )


@webhook.command()
@NUMBER
@USER
def rotate(number: int, user: str) -> None:
    """Give a webhook a new secret and show it, once; for a day messages carry both signatures.

    \b
    Example:
      battery-assets webhook rotate 3 --user anna
    """
    from battery_assets.actions.notifications import webhooks
    from battery_assets.actions.notifications.webhooks import new_secret
    from battery_assets.platform.sealing import Seal

    secret = new_secret()
    with _open() as (settings, connection):
        webhooks.rotate(connection, Seal(settings.home), _person(connection, user), number, secret)
    click.echo(f"its new secret, shown once: {secret}")


@webhook.command()
@NUMBER
@USER
@click.option("--off", is_flag=True, help="Switch it off; without it the webhook is switched on.")
def switch(number: int, user: str, off: bool) -> None:
    """Switch a webhook on, its failures forgotten, or off.

    \b
    Example:
      battery-assets webhook switch 3 --user anna --off
    """
    from battery_assets.actions.notifications import webhooks
    from battery_assets.notify.webhooks.addresses import check_form

    _act(user, lambda at, person: webhooks.change(at, person, number, check_form, is_active=not off))
    click.echo(f"webhook {number} is {'off' if off else 'on'}")


@webhook.command()
@NUMBER
@USER
@click.option("--since", type=click.DateTime(), help="UTC; what it did not get from then on.")
@click.option("--message", metavar="ID", help="This message alone, delivered or not.")
def replay(number: int, user: str, since: datetime | None, message: str | None) -> None:
    """Send again, under the same ids, what a webhook did not get since an instant, or one message.

    \b
    Example:
      battery-assets webhook replay 3 --user anna --since 2026-03-01
    """
    from datetime import UTC

    from battery_assets.actions.notifications import webhooks

    if (since is None) == (message is None):
        raise click.UsageError("give --since or --message")
    if message is not None:
        _act(user, lambda at, person: webhooks.replay_one(at, person, number, message))
        click.echo(f"message {message} goes again")
        return
    instant = since.replace(tzinfo=UTC) if since else None
    sent = _act(user, lambda at, person: webhooks.replay(at, person, number, instant))
    click.echo(f"messages that go again: {sent}")


@webhook.command()
@NUMBER
@USER
def remove(number: int, user: str) -> None:
    """Remove a webhook and the log of its messages.

    \b
    Example:
      battery-assets webhook remove 3 --user anna
    """
    from battery_assets.actions.notifications import webhooks

    _act(user, lambda connection, person: webhooks.remove(connection, person, number))
    click.echo(f"webhook {number} is gone")


@webhook.command()
@NUMBER
@USER
@click.option("--last", default=20, show_default=True, help="How many attempts.")
def log(number: int, user: str, last: int) -> None:
    """Show the newest attempts of a webhook and what was answered.

    \b
    Example:
      battery-assets webhook log 3 --user anna
    """
    from battery_assets.actions.notifications import webhooks

    for row in _act(user, lambda at, person: webhooks.attempts(at, person, number, last)):
        code = row["http_status_code"] or "-"
        said = f"{code} {row['message_id']} {row['error_message'] or ''}"
        click.echo(f"{row['sent_at']:%Y-%m-%d %H:%M:%S} {row['event_type']} {row['status']} {said}")


@webhook.command()
@click.argument("port", type=int)
@click.option("--secret", prompt=True, hide_input=True, help="Secret of the webhook; asked for if left out.")
def receive(port: int, secret: str) -> None:
    """Receive messages on a port of this machine and print each, its signature checked, until Ctrl-C.

    \b
    Example:
      battery-assets webhook receive 8099
    """
    from standardwebhooks.webhooks import EmptyWebhookSecretError

    from battery_assets.errors import UserError
    from battery_assets.notify.webhooks.receiver import Receiver

    try:
        server = Receiver(port, secret, click.echo)
    except (ValueError, EmptyWebhookSecretError):
        raise UserError(
            "this is no secret of a webhook", "give the one that `add` or `rotate` showed"
        ) from None
    except OSError as error:
        raise UserError(f"port {port} cannot be taken: {error.strerror}", "name another one") from None
    click.echo(f"listening on {server.url}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


@webhook.command()
@click.argument("network")
@click.option("--user", required=True, metavar="NAME", help="Admin who allows it.")
@click.option("--port", type=int, help="This port alone, plain http too; without it https.")
@click.option("--comment", required=True, help="What stands there.")
def allow(network: str, user: str, port: int | None, comment: str) -> None:
    """Let webhooks into a network that is not public.

    \b
    Example:
      battery-assets webhook allow 10.20.0.0/24 --port 8080 --comment "our CMMS" --user anna
    """
    from battery_assets.actions.notifications import webhooks
    from battery_assets.errors import UserError
    from battery_assets.notify.webhooks.addresses import Allowed

    try:
        Allowed.of(network, port)
    except ValueError as error:
        raise UserError(f"{network!r} is no network: {error}", "give one such as 10.20.0.0/24") from None
    _act(user, lambda at, person: webhooks.allow_network(at, person, network, port, comment))
    click.echo(f"webhooks may go to {network}" + (f", port {port}" if port else ""))


@contextmanager
def _open() -> "Iterator[tuple[Settings, sa.Connection]]":
    """The settings, and a transaction on the platform's database."""
    from battery_assets.actions.notifications.work import database
    from battery_assets.platform.warehouse.database import transaction
    from battery_assets.settings import Settings

    settings = Settings.from_environment()
    with database(settings) as url, transaction(url) as connection:
        yield settings, connection


def _act(user: str, act: "Callable[[sa.Connection, int], Any]") -> Any:
    with _open() as (_, connection):
        return act(connection, _person(connection, user))


def _person(connection: "sa.Connection", name: str) -> int:
    from battery_assets.actions.people.accounts import number_of

    return number_of(connection, name)
