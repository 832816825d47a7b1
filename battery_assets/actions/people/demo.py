"""What a demonstration begins with: an admin who sets a password by a link, and a key to read with."""

from dataclasses import dataclass, field

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people import accounts, keys, links
from battery_assets.actions.people.caller import READ
from battery_assets.actions.session import Session
from battery_assets.platform.sealing import Seal

NAME, EMAIL, KEY = "admin", "admin@localhost", "demo"


@dataclass(frozen=True)
class Seeded:
    """What is shown once."""

    link: str = field(repr=False)
    key: str = field(repr=False)


def seed(at: Session) -> Seeded | None:
    """Make the first admin and a key, where there is no account yet; None where there is one."""
    with at.warehouse.transaction() as connection:
        if connection.execute(sa.select(t.users.c.id).limit(1)).first() is not None:
            return None
        number = accounts.add(connection, NAME, EMAIL, "admin")
        link = links.address(at.settings, links.make(connection, number))
        made = keys.create(connection, Seal(at.settings.home), number, keys.Terms(KEY, READ))
    return Seeded(link, made.text)
