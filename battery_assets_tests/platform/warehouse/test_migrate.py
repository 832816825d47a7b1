"""A database is brought to the version of the code, once, by whoever comes first."""

import time

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.warehouse.database import transaction
from battery_assets.platform.warehouse.migrate import migrate
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.writers import PROCESSES


def contents(url: str) -> list[tuple]:
    """Every table and column of the database."""
    with transaction(url) as connection:
        found = connection.execute(
            sa.text(
                "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
                "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, ordinal_position"
            )
        )
        return [tuple(row) for row in found]


def migrated_in_child(url: str, answers) -> None:
    try:
        answers.put(migrate(url))
    except Exception as error:
        answers.put(repr(error))


@pytest.fixture
def empty_url(migrated_url):
    with copied_database(migrated_url, empty=True) as url:
        yield url


def test_migrating_again_changes_nothing(warehouse_url):
    before = contents(warehouse_url)
    assert migrate(warehouse_url) == migrate(warehouse_url)
    assert contents(warehouse_url) == before


def test_two_migrators_at_once_make_one_database(empty_url, migrated_url):
    answers = PROCESSES.Queue()
    children = [PROCESSES.Process(target=migrated_in_child, args=(empty_url, answers)) for _ in range(3)]
    for child in children:
        child.start()
    said = [answers.get(timeout=60) for _ in children]
    for child in children:
        child.join()
    assert len(set(said)) == 1, said
    assert contents(empty_url) == contents(migrated_url)


def test_a_migration_that_was_killed_is_taken_up_again(empty_url, migrated_url):
    answers = PROCESSES.Queue()
    child = PROCESSES.Process(target=migrated_in_child, args=(empty_url, answers))
    child.start()
    until = time.monotonic() + 30
    while not locked(empty_url) and time.monotonic() < until:
        time.sleep(0.002)
    child.kill()
    child.join()
    migrate(empty_url)
    assert contents(empty_url) == contents(migrated_url)


def locked(url: str) -> bool:
    """Is a migrator at work?"""
    with transaction(url) as connection:
        return bool(
            connection.execute(
                sa.text(
                    "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
                    "WHERE c.relname = 'migration_turn' AND l.mode = 'ExclusiveLock' AND l.granted "
                    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
            ).scalar_one()
        )


def test_a_database_that_is_newer_than_the_code_is_refused(warehouse_url):
    with transaction(warehouse_url) as connection:
        connection.execute(sa.text("UPDATE public.alembic_version SET version_num = '9999'"))
    before = contents(warehouse_url)
    with pytest.raises(RuntimeError, match=r"version 9999.*install the newer code, or restore"):
        migrate(warehouse_url)
    assert contents(warehouse_url) == before


def test_every_table_of_the_reference_is_there(migrated_url):
    found = {(schema, table) for schema, table, *_ in contents(migrated_url)}
    assert {(table.schema, table.name) for table in t.TABLES} <= found
