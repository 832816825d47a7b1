"""The analyst's role: it looks, and stands in nobody's way."""

from collections.abc import Iterable

import sqlalchemy as sa
from psycopg import sql

from battery_assets.platform.warehouse.database import cursor_of

ROLE = "battery_analyst"
# A role may change its own settings; what `sql/roles.sql` set is set anew with each password.
SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "5min",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "transaction_timeout": "10min",
    "idle_session_timeout": "1h",
    "temp_file_limit": "2GB",
}
_OPEN_TO_ALL = """
SELECT proname FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege(:role, oid, 'EXECUTE')
  AND (proname ~ '^pg_(try_)?advisory_' OR proname ~ '^lo_' OR proname = 'pg_logical_emit_message')
LIMIT 1
"""


def give_password(connection: sa.Connection, password: str) -> None:
    """Let the role log in with a new password, and with the rights and settings that it is meant to have.

    What was granted on a database itself does not come along when the database is copied or restored. Raises
    PermissionError where only an administrator may.
    """
    may = "SELECT rolsuper OR (rolcreaterole AND pg_has_role(:role, 'MEMBER WITH ADMIN OPTION'))"
    allowed = connection.execute(sa.text(f"{may} FROM pg_roles WHERE rolname = current_user"), {"role": ROLE})
    if not allowed.scalar_one():
        raise PermissionError(
            f"the platform's role may not change {ROLE}; next step: as an administrator of the server, "
            f"ALTER ROLE {ROLE} LOGIN PASSWORD '...'; the address is the warehouse's with this role"
        )
    role = sql.Identifier(ROLE)
    here = sql.Identifier(str(connection.execute(sa.text("SELECT current_database()")).scalar_one()))
    with cursor_of(connection) as cursor:
        cursor.execute(sql.SQL("REVOKE TEMPORARY, CONNECT ON DATABASE {} FROM PUBLIC").format(here))
        cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(here, role))
    connection.execute(sa.text(f"ALTER ROLE {ROLE} RESET ALL"))
    for name, value in SETTINGS.items():
        # An older PostgreSQL lacks some, and some only a superuser may set.
        try:
            with connection.begin_nested(), cursor_of(connection) as cursor:
                cursor.execute(
                    sql.SQL("ALTER ROLE {} SET {} = {}").format(
                        role, sql.Identifier(name), sql.Literal(value)
                    )
                )
        except sa.exc.DBAPIError:
            continue
    with cursor_of(connection) as cursor:
        cursor.execute(
            sql.SQL("ALTER ROLE {} LOGIN CONNECTION LIMIT 10 PASSWORD {}").format(role, sql.Literal(password))
        )


def close_databases(connection: sa.Connection, names: Iterable[str]) -> None:
    """Let nobody but their owners connect to other databases of the server, as far as they are ours."""
    mine = "SELECT datname FROM pg_database WHERE datname = ANY (:names) AND pg_has_role(datdba, 'MEMBER')"
    for name in connection.execute(sa.text(mine), {"names": list(names)}).scalars():
        with cursor_of(connection) as cursor:
            cursor.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def weakness(connection: sa.Connection) -> str | None:
    """What the role can do beside looking, where the server does not let us take it away; None: nothing."""
    name = connection.execute(sa.text(_OPEN_TO_ALL), {"role": ROLE}).scalar()
    if name is None:
        return None
    return (
        f"on this server the role may still call {name}() and functions like it; next step: as a superuser, "
        "run sql/roles.sql in this database"
    )


def end_readers(connection: sa.Connection, older_s: float = 0.0) -> int:
    """End analysts' sessions whose transaction has been open for so long. Returns how many.

    Nothing forces a role to keep a time limit: an idle transaction would hold its locks for ever.
    """
    query = sa.text(
        "SELECT pid FROM pg_stat_activity WHERE usename = :role AND datname = current_database() "
        "AND xact_start < clock_timestamp() - make_interval(secs => :older)"
    )
    ended = 0
    for pid in connection.execute(query, {"role": ROLE, "older": older_s}).scalars().all():
        try:
            with connection.begin_nested():
                ended += connection.execute(
                    sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid}
                ).scalar_one()
        except sa.exc.DBAPIError:
            # Only a superuser, or whom one allowed, ends another role's session.
            break
    return ended
