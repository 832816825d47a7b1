"""What a server that is not ours has to let our role do, looked at before anything is begun.

Each thing that it lacks is a deed in words and the statement by which an administrator gives it.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

from battery_assets.errors import UserError

ANALYST = "battery_analyst"
# What a caller of some sites works as: the platform's own role has to be able to become it.
CALLER = "battery_api"
# Views that look with their caller's rights, and unique keys in which NULL equals NULL, came with 15.
OLDEST, SET_OPTION = 150_000, 160_000
# `up` with two workers holds some thirty, a command up to eight.
FEWEST_CONNECTIONS = 20
NEW_DATABASE = "CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0"

_ROLE = """
SELECT rolsuper OR rolcreatedb, rolsuper OR rolcreaterole,
       CASE WHEN rolsuper THEN -1 ELSE rolconnlimit END,
       EXISTS (SELECT FROM pg_roles WHERE rolname = %s), EXISTS (SELECT FROM pg_roles WHERE rolname = %s),
       EXISTS (SELECT FROM pg_roles one WHERE one.rolname = %s AND pg_has_role(one.oid, %s))
FROM pg_roles WHERE rolname = current_user
"""
_DATABASE = """
SELECT current_setting('server_encoding'), current_setting('default_transaction_read_only') = 'on',
       schema.name, current_schema() IS NOT NULL, has_schema_privilege(schema.name, 'CREATE'),
       has_database_privilege(current_database(), 'CREATE'),
       (SELECT datconnlimit FROM pg_database WHERE datname = current_database())
FROM (SELECT coalesce(CASE WHEN %s THEN NULL ELSE current_schema() END,
                      to_regnamespace('public')::text) AS name) schema
"""
_OF_OTHERS = """
SELECT pg_get_userbyid(relowner), count(*) FROM pg_class
WHERE relkind IN ('r', 'p', 'v', 'S') AND NOT pg_has_role(relowner, 'USAGE')
  AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND EXISTS (SELECT FROM pg_class own WHERE own.relname = 'migration_turn')
GROUP BY 1 ORDER BY 2 DESC LIMIT 1
"""


@dataclass(frozen=True)
class Need:
    """A deed that is not possible, the statement that makes it so, and the database to run it in."""

    deed: str
    statement: str
    database: str


def refuse_unfit(connection: psycopg.Connection) -> None:
    """UserError for a server on which no statement would help: it only reads, or is too old."""
    version = connection.info.server_version
    if version < OLDEST:
        raise UserError(
            f"the server is PostgreSQL {version // 10_000}, which is too old",
            f"use PostgreSQL {OLDEST // 10_000} or newer",
        )
    row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
    if row and row[0]:
        raise UserError(
            "the server is a standby, which only reads", "name the primary in BATTERY_DATABASE_URL"
        )


def of_role(connection: psycopg.Connection, absent: list[str]) -> list[Need]:
    """What the role lacks on the server. absent: databases that are still to be made."""
    role, here = connection.info.user, connection.info.dbname
    option = "SET" if connection.info.server_version >= SET_OPTION else "MEMBER"
    makes_databases, makes_roles, limit, has_analyst, has_caller, is_caller = _row(
        connection, _ROLE, ANALYST, CALLER, CALLER, option
    )
    analyst, caller = (
        f"CREATE ROLE {ANALYST} NOLOGIN CONNECTION LIMIT 10",
        f"CREATE ROLE {CALLER} NOLOGIN NOINHERIT",
    )
    member = f'GRANT {CALLER} TO "{role}"' + " WITH SET TRUE" * (option == "SET")
    few = f"open {FEWEST_CONNECTIONS} connections, but {limit}"
    lacking = [
        (not makes_databases, f'create the database "{name}"', NEW_DATABASE.format(f'"{name}"', f'"{role}"'))
        for name in absent
    ] + [
        (not (has_analyst or makes_roles), f'create the role "{ANALYST}"', analyst),
        (not (has_caller or makes_roles), f'create the role "{CALLER}"', caller),
        (not (is_caller or makes_roles), f'work as "{CALLER}"', member),
        (0 <= limit < FEWEST_CONNECTIONS, few, f'ALTER ROLE "{role}" CONNECTION LIMIT -1'),
    ]
    return [Need(deed, statement, here) for lacks, deed, statement in lacking if lacks]


def of_database(connection: psycopg.Connection, *, is_warehouse: bool) -> list[Need]:
    """What the role lacks in the database that it is connected to.

    The warehouse gets schemas of its own and names them; Dagster and MLflow write where search_path leads.
    """
    role, here = connection.info.user, connection.info.dbname
    encoding, only_reads, schema, is_found, writes, may_make, limit = _row(
        connection, _DATABASE, is_warehouse
    )
    set_here = f'ALTER ROLE "{role}" IN DATABASE "{here}" SET'
    renamed = f'ALTER DATABASE "{here}" RENAME TO "{here}_{encoding.lower()}"'
    made = NEW_DATABASE.format(f'"{here}"', f'"{role}"')
    letters = f'store every letter in "{here}", whose encoding is {encoding}'
    few = f'open {FEWEST_CONNECTIONS} connections to "{here}", but {limit}'
    in_path = f'find the schema public of "{here}" in its search_path'
    lacking = [
        (encoding != "UTF8", letters, f"{renamed}; {made}", "postgres"),
        (only_reads, f'write in "{here}"', f"{set_here} default_transaction_read_only = off", here),
        (is_warehouse and not may_make, f'create schemas in "{here}"',
         f'GRANT CREATE ON DATABASE "{here}" TO "{role}"', here),
        (schema is None, f'find a schema in "{here}"', f'CREATE SCHEMA public AUTHORIZATION "{role}"', here),
        (schema is not None and not writes, f'write the schema {schema} of "{here}"',
         f'GRANT ALL ON SCHEMA {schema} TO "{role}"', here),
        (not (is_warehouse or schema is None or is_found), in_path,
         f'{set_here} search_path = "$user", public', here),
        (0 <= limit < FEWEST_CONNECTIONS, few, f'ALTER DATABASE "{here}" CONNECTION LIMIT -1', here),
    ]  # fmt: skip
    return [Need(*one) for lacks, *one in lacking if lacks] + _of_others(connection)


def _row(connection: psycopg.Connection, query: str, *values: object) -> tuple[Any, ...]:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return row


def _of_others(connection: psycopg.Connection) -> list[Need]:
    """Our tables that belong to another role, as after a restore by an administrator."""
    role, here = connection.info.user, connection.info.dbname
    row = connection.execute(_OF_OTHERS).fetchone()
    if row is None:
        return []
    # REASSIGN OWNED would hand over the other's databases too.
    how = f'-- restore it with pg_restore --no-owner --role="{role}"'
    return [Need(f'change {row[1]} tables and views of "{row[0]}" in "{here}"', how, here)]


def refuse(role: str, needs: list[Need]) -> None:
    """UserError that names everything an administrator has to run, database by database."""
    if not needs:
        return
    parts = {need.database: "" for need in needs}
    for need in needs:
        parts[need.database] += f" {need.statement};"
    steps = "\n".join(f'connected to "{name}":{statements}' for name, statements in parts.items())
    what = ", nor ".join(need.deed for need in needs)
    raise UserError(
        f'the role "{role}" may not {what}, which the platform needs',
        f"as an administrator of the server, {steps}",
    )
