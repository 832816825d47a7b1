"""What commands of notifications need: the database, started and migrated, and who an account is."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from battery_assets.errors import UserError
from battery_assets.settings import Settings
from battery_assets.tables.service.people import users


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The address of the warehouse, for as long as the block runs."""
    from battery_assets.hosting.databases import running_database
    from battery_assets.platform.warehouse.migrate import migrate

    with running_database(settings):
        migrate(settings.warehouse_url)
        yield settings.warehouse_url


def account(connection: sa.Connection, name: str) -> int:
    """The number of an active account by its name. UserError where there is none."""
    query = sa.select(users.c.id).where(users.c.username == name.strip().lower(), users.c.is_active)
    number = connection.execute(query).scalar_one_or_none()
    if number is None:
        raise UserError(f"no active account is called {name!r}", "see the accounts: battery-assets user list")
    return int(number)
