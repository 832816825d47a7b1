"""Who enters something, and whom it names."""

import contextlib
import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.errors import UserError

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


def person(connection: sa.Connection, name: str) -> Person:
    """Who that is: a user by identifier, email or name, or else somebody whom the platform does not know."""
    found = _users(connection, name)
    if not name.strip():
        raise UserError("nobody is named", "say who enters this: a name, an email or a user_id")
    return Person(name.strip(), str(found[0].user_id) if len(found) == 1 else None)


def user_id_of(connection: sa.Connection, name: str) -> str:
    """The identifier of a user who is named. UserError where nobody or several are called so."""
    found = _users(connection, name)
    if len(found) != 1:
        active = sa.select(_USER.c.email).where(_USER.c.is_active).order_by(_USER.c.email)
        known = connection.execute(active)
        raise UserError(
            f"{len(found) or 'no'} users are called {name!r}; active: {', '.join(known.scalars()) or 'none'}",
            "name one of them by email",
        )
    return str(found[0].user_id)


def _users(connection: sa.Connection, name: str) -> list[sa.Row]:
    called = name.strip().lower()
    same = [sa.func.lower(one) == called for one in (_USER.c.email, _USER.c.name)]
    # Of an account the name to sign in with is its own; nobody else's full name takes its place.
    account = sa.select(t.users.c.user_id).where(t.users.c.username == called)
    same.append(_USER.c.user_id.in_(account))
    with contextlib.suppress(ValueError):
        same.append(_USER.c.user_id == str(uuid.UUID(called)))
    columns = (_USER.c.user_id, _USER.c.email, _USER.c.name)
    found = list(connection.execute(sa.select(*columns).where(sa.or_(*same))))
    own = connection.execute(account).scalar_one_or_none()
    return [row for row in found if str(row.user_id) == str(own)] or found
