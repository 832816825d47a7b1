"""Who enters something, and whom it names."""

import contextlib
import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people.caller import Caller
from battery_assets.errors import UserError
from battery_assets.tables.service.people import users


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
    found = _users(connection, name)
    if not name.strip():
        raise UserError("nobody is named", "say who enters this: a name, an email or a user_id")
    return Person(name.strip(), str(found[0].user_id) if len(found) == 1 else None)


def user_id_of(connection: sa.Connection, name: str) -> str:
    """The identifier of a user who is named. UserError where nobody or several are called so."""
    found = _users(connection, name)
    if len(found) != 1:
        active = sa.select(t.user.c.email).where(t.user.c.is_active).order_by(t.user.c.email)
        known = connection.execute(active)
        raise UserError(
            f"{len(found) or 'no'} users are called {name!r}; active: {', '.join(known.scalars()) or 'none'}",
            "name one of them by email",
        )
    return str(found[0].user_id)


def _users(connection: sa.Connection, name: str) -> list[sa.Row]:
    user, called = t.user.c, name.strip().lower()
    same = [sa.func.lower(user.email) == called, sa.func.lower(user.name) == called]
    with contextlib.suppress(ValueError):
        same.append(user.user_id == str(uuid.UUID(called)))
    return list(connection.execute(sa.select(user.user_id, user.email, user.name).where(sa.or_(*same))))
