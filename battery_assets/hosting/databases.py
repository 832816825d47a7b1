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
from battery_assets.hosting.server.needs import (
    NEW_DATABASE,
    Need,
    of_database,
    of_role,
    refuse,
    refuse_unfit,
)
from battery_assets.settings import Settings

LARGEST_SKEW_S = 5.0


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
        refuse_unfit(connection)
        existing = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        wanted = [urlsplit(one).path.removeprefix("/") for one in (urls.dagster, urls.mlflow)]
        absent = [name for name in wanted if name not in existing]
        there = [one for one in (urls.dagster, urls.mlflow) if urlsplit(one).path[1:] in existing]
        needs = of_role(connection, absent) + of_database(connection, is_warehouse=True)
        refuse(connection.info.user, [*needs, *(need for one in there for need in _lacking_in(one))])
        # To make a database takes longer than some servers let a statement take.
        connection.execute("SET statement_timeout = 0")
        for name in absent:
            _create(connection, name)
    return urls


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection]:
    name = urlsplit(url).path.removeprefix("/")
    try:
        connection = psycopg.connect(
            libpq_url(url), connect_timeout=10, autocommit=True, client_encoding="utf8"
        )
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


def _lacking_in(url: str) -> list[Need]:
    """What the role lacks in a database that is there, and is Dagster's or MLflow's."""
    name, role = urlsplit(url).path.removeprefix("/"), urlsplit(url).username
    try:
        with psycopg.connect(
            libpq_url(url), connect_timeout=10, autocommit=True, client_encoding="utf8"
        ) as connection:
            return of_database(connection, is_warehouse=False)
    except psycopg.OperationalError as error:
        reason = str(error).strip()
    if "too many connections" in reason:
        # Ours to the warehouse took the last one: the limit of the role is among what it lacks.
        return []
    connects = f'connect to "{name}"'
    if "not currently accepting connections" in reason:
        return [Need(connects, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true', "postgres")]
    if "permission denied" in reason:
        # Whose it is cannot be seen from outside; with its schema, no second round is needed.
        writes = Need(
            "write its schema public, if it is not its own", f'GRANT ALL ON SCHEMA public TO "{role}"', name
        )
        return [Need(connects, f'GRANT CONNECT ON DATABASE "{name}" TO "{role}"', "postgres"), writes]
    raise UserError(
        f"the database {redacted(url)} cannot be reached: {reason.splitlines()[-1]}",
        "check that the server accepts connections to it from here",
    )


def _create(connection: psycopg.Connection, name: str) -> None:
    # Of two commands that arrive together the second finds it made, by its look or by the index of names.
    with contextlib.suppress(errors.DuplicateDatabase, errors.UniqueViolation):
        # Of template0, to which nobody is connected, and which has any encoding.
        owner = sql.Identifier(connection.info.user)
        connection.execute(sql.SQL(NEW_DATABASE).format(sql.Identifier(name), owner))
