"""What a demonstration begins with: an admin who sets a password by a link, a key to read with, a webhook."""

from dataclasses import dataclass, field

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.notifications import webhooks
from battery_assets.actions.people import accounts, keys, links
from battery_assets.actions.people.caller import READ
from battery_assets.actions.session import Session
from battery_assets.platform.sealing import Seal

NAME, EMAIL, KEY = "admin", "admin@localhost", "demo"
# Where `battery-assets webhook receive` listens: this machine alone.
RECEIVER, PORT = "127.0.0.1", 8099


@dataclass(frozen=True)
class Seeded:
    """What is shown once."""

    link: str = field(repr=False)
    key: str = field(repr=False)
    webhook_secret: str = field(repr=False)


def seed(at: Session) -> Seeded | None:
    """Make the first admin, a key, and a webhook to a receiver on this machine.

    None where there is an account already.
    """
    with at.warehouse.transaction() as connection:
        if connection.execute(sa.select(t.users.c.id).limit(1)).first() is not None:
            return None
        number = accounts.add(connection, NAME, EMAIL, "admin")
        link = links.address(at.settings, links.make(connection, number))
        seal = Seal(at.settings.home)
        made = keys.create(connection, seal, number, keys.Terms(KEY, READ))
        webhooks.allow_network(connection, number, f"{RECEIVER}/32", PORT, "the demonstration's receiver")
        where, secret = f"http://{RECEIVER}:{PORT}/", webhooks.new_secret()
        # The address is ours, and its network was opened a line before.
        webhooks.add(connection, seal, number, "demo", where, [webhooks.EVERY_KIND], secret, lambda _: None)
    return Seeded(link, made.text, secret)
