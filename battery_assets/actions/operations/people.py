"""Who enters something, and whom it names."""

import contextlib
import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from battery_assets.actions.people.caller import Caller
from battery_assets.errors import UserError
from battery_assets.tables.service.people import users

# Accounts, and people of the sites' master data who have none.
_USER = sa.table(
    "user", sa.column("user_id", sa.Uuid(as_uuid=False)), sa.column("email", sa.Text),
    sa.column("name", sa.Text),
    sa.column("is_active", sa.Boolean), schema="fleet",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Who enters something: as they are called, and the platform's user where it knows one."""

    name: str
    user_id: str | None = None


def person_of(connection: sa.Connection, caller: Caller) -> Person:
    """Who asks, as entries name them: of a key its name, and the account that it belongs to."""
    query = sa.select(users.c.user_id).where(users.c.id == caller.user_id)
    user_id = connection.execute(query).scalar_one_or_none()
    return Person(caller.name[:255], None if user_id is None else str(user_id))


def person(connection: sa.Connection, name: str | Person) -> Person:
    """Who that is: a user by identifier, email or name, or else somebody whom the platform does not know."""
    if isinstance(name, Person):
        return name
    rows = _users(connection, name)
    if not name.strip():
        raise UserError("nobody is named", "say who enters this: a name, an email or a user_id")
    return Person(name.strip(), str(rows[0].user_id) if len(rows) == 1 else None)


def user_id_of(connection: sa.Connection, name: str) -> str:
    """The identifier of a user who is named. UserError where nobody or several are called so."""
    rows = _users(connection, name)
    if len(rows) != 1:
        active = sa.select(_USER.c.email).where(_USER.c.is_active).order_by(_USER.c.email)
        ids = connection.execute(active)
        raise UserError(
            f"{len(rows) or 'no'} users are called {name!r}; active: {', '.join(ids.scalars()) or 'none'}",
            "name one of them by email",
        )
    return str(rows[0].user_id)


def _users(connection: sa.Connection, name: str) -> list[sa.Row]:
    called = name.strip().lower()
    same = [sa.func.lower(one) == called for one in (_USER.c.email, _USER.c.name)]
    with contextlib.suppress(ValueError):
        same.append(_USER.c.user_id == str(uuid.UUID(called)))
    columns = (_USER.c.user_id, _USER.c.email, _USER.c.name)
    return list(connection.execute(sa.select(*columns).where(sa.or_(*same))))
