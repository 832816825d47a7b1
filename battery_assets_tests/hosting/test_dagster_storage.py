"""Dagster's storage keeps its connections, and outlives a database that closed them."""

import os

import pytest
import sqlalchemy as sa

from battery_assets.hosting.databases import running_database
from battery_assets.hosting.readiness import DagsterStorage

# Clients alone: now and then PostgreSQL's own vacuum is at work in the database.
OTHERS = """FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'"""


@pytest.fixture(scope="module")
def storage(database_settings):
    """Dagster's storage as dagster.yaml names it, and a connection that watches it."""
    before = dict(os.environ)
    with running_database(database_settings) as urls, DagsterStorage(database_settings, urls) as opened:
        watcher = sa.create_engine(urls.dagster, isolation_level="AUTOCOMMIT")
        with watcher.connect() as connection:
            yield opened.instance, connection
        watcher.dispose()
    os.environ.clear()
    os.environ.update(before)


def backends(connection: sa.Connection) -> set[int]:
    return set(connection.scalars(sa.text(f"SELECT pid {OTHERS}")))


def test_a_hundred_questions_are_asked_over_one_connection(storage):
    instance, connection = storage
    instance.get_runs_count()
    asked = backends(connection)
    for _ in range(100):
        instance.get_runs_count()
    assert backends(connection) == asked


def test_a_connection_that_the_database_closed_is_replaced(storage):
    instance, connection = storage
    instance.get_runs_count()
    closed = backends(connection)
    connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) {OTHERS}"))
    assert instance.get_runs_count() == 0
    assert backends(connection).isdisjoint(closed)
