"""The databases of warehouse, Dagster and MLflow, of either kind: embedded, or on a server that exists."""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from psycopg import errors, sql

from battery_assets.errors import UserError
from battery_assets.hosting import embedded_postgres, postgres_process
from battery_assets.hosting.database_urls import DatabaseUrls, libpq_url, redacted, server_urls
from battery_assets.hosting.postgres_placement import placement
from battery_assets.settings import Settings

LARGEST_SKEW_S = 5.0
ANALYST = "battery_analyst"
# What a caller of some sites works as: the platform's own role has to be a member of it.
CALLER = "battery_api"
_MAY = """
SELECT rolsuper OR rolcreatedb, rolsuper OR rolcreaterole,
       has_database_privilege(current_database(), 'CREATE'),
       has_schema_privilege('public', 'CREATE'), EXISTS (SELECT FROM pg_roles WHERE rolname = %s),
       EXISTS (SELECT FROM pg_roles WHERE rolname = %s),
       EXISTS (SELECT FROM pg_roles one WHERE one.rolname = %s AND pg_has_role(one.oid, 'MEMBER'))
FROM pg_roles WHERE rolname = current_user
"""


@contextmanager
def running_database(settings: Settings) -> Iterator[DatabaseUrls]:
    """The addresses of three databases that answer; an embedded server stops when its last user leaves."""
    if settings.database_url is not None:
        yield prepare_server(settings.database_url)
        return
    with embedded_postgres.hold(settings) as urls:
        yield urls


def ensure_running(settings: Settings) -> DatabaseUrls:
    """As running_database, but an embedded server stays up until `stop` or its last user's leave."""
    if settings.database_url is not None:
        return prepare_server(settings.database_url)
    return embedded_postgres.ensure_running(settings)


def revive(settings: Settings, urls: DatabaseUrls, notice: Callable[[], None]) -> bool:
    """Start an embedded server again whose process is gone. Returns whether it was; `notice` hears of it.

    UserError where it does not start, or comes back at another port than the services were given.
    """
    if settings.database_url is not None or postgres_process.postmaster(placement(settings)) is not None:
        return False
    notice()
    if embedded_postgres.ensure_running(settings) != urls:
        raise UserError(
            "the embedded database died, and its port was taken meanwhile", "run `battery-assets up` again"
        )
    return True


def stop(settings: Settings) -> bool:
    """Stop the embedded server; False where none ran, or where the server is not ours."""
    return settings.database_url is None and embedded_postgres.stop(settings)


def prepare_server(url: str) -> DatabaseUrls:
    """Check a server, make its two other databases; UserError says what an administrator runs."""
    urls = server_urls(url)
    with _connected(url) as connection:
        _check_clock(connection)
        existing = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        wanted = [urlsplit(one).path.removeprefix("/") for one in (urls.dagster, urls.mlflow)]
        absent = [name for name in wanted if name not in existing]
        _refuse_lacking(connection, absent)
        for name in absent:
            _create(connection, name)
    return urls


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection]:
    name = urlsplit(url).path.removeprefix("/")
    try:
        connection = psycopg.connect(libpq_url(url), connect_timeout=10, autocommit=True)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        if f'database "{name}" does not exist' in str(error):
            raise UserError(reason, f'as an administrator of the server: CREATE DATABASE "{name}";') from None
        raise UserError(
            f"the database {redacted(url)} cannot be reached: {reason}",
            "check BATTERY_DATABASE_URL and that the server accepts connections from here",
        ) from None
    with connection:
        yield connection


def _check_clock(connection: psycopg.Connection) -> None:
    before = time.time()
    row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    skew = float(str(row[0])) - (before + time.time()) / 2 if row else 0.0
    if abs(skew) > LARGEST_SKEW_S:
        raise UserError(
            f"the database's clock is {skew:+.0f} s from this machine's; {LARGEST_SKEW_S:.0f} s are allowed",
            "set both clocks by NTP",
        )


def _refuse_lacking(connection: psycopg.Connection, absent: list[str]) -> None:
    """UserError that names everything an administrator has to run, before anything is begun."""
    row = connection.execute(_MAY, (ANALYST, CALLER, CALLER)).fetchone() or (True,) * 7
    makes_databases, makes_roles, makes_schemas, writes_public, has_analyst, has_caller, is_caller = row
    role, here = connection.info.user, connection.info.dbname
    lacking = [
        (f'create the database "{name}"', f'CREATE DATABASE "{name}" OWNER "{role}"') for name in absent
    ]
    lacking = [] if makes_databases else lacking
    if not (has_analyst or makes_roles):
        statement = f"CREATE ROLE {ANALYST} NOLOGIN CONNECTION LIMIT 10"
        lacking.append((f'create the role "{ANALYST}"', statement))
    if not (has_caller or makes_roles):
        lacking.append((f'create the role "{CALLER}"', f"CREATE ROLE {CALLER} NOLOGIN NOINHERIT"))
    if not (is_caller or makes_roles):
        lacking.append((f'work as "{CALLER}"', f'GRANT {CALLER} TO "{role}"'))
    if not makes_schemas:
        lacking.append((f'create schemas in "{here}"', f'GRANT CREATE ON DATABASE "{here}" TO "{role}"'))
    if not writes_public:
        lacking.append(("write its schema public", f'GRANT ALL ON SCHEMA public TO "{role}"'))
    if lacking:
        what = ", nor ".join(deed for deed, _ in lacking)
        statements = " ".join(f"{statement};" for _, statement in lacking)
        raise UserError(
            f'the role "{role}" may not {what}, which the platform needs',
            f'as an administrator of the server, connected to "{here}": {statements}',
        )


def _create(connection: psycopg.Connection, name: str) -> None:
    # Of two commands that arrive together the second finds it made.
    with contextlib.suppress(errors.DuplicateDatabase):
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
