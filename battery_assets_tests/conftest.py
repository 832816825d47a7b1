"""Fixtures every test may use."""

import os
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
# Files that run for minutes, longest first: begun last, one would run on beside a process without work.
LONG = (
    "test_incremental.py", "test_incremental_faults.py", "test_up.py", "test_pipeline.py",
    "test_incremental_laws.py", "test_incremental_facts.py", "test_old_home.py", "test_mutants.py", "test_lab_month.py", "test_runs.py",
    "test_stack.py", "test_spread.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, the others as they were."""
    place = {name: k for k, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONG)))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real files that some tests hold the code against; skips loudly where it is absent.

    Where BATTERY_TEST_DATA names a folder that is not there, the tests fail: somebody meant them to run.
    """
    named = os.environ.get("BATTERY_TEST_DATA")
    folder = Path(named) if named else PROJECT.parent / "shared" / "data"
    if named and not folder.is_dir():
        pytest.fail(f"BATTERY_TEST_DATA={named!r} is no folder; next step: correct or unset it")
    if not folder.is_dir():
        warnings.warn(
            f"REAL TEST DATA ABSENT: {folder} not found; set BATTERY_TEST_DATA", UserWarning, stacklevel=2
        )
        pytest.skip(f"real test data absent: {folder}")
    return folder


@pytest.fixture(scope="session")
def database_settings():
    """Settings of an embedded PostgreSQL that lives as long as the tests, and leaves nothing behind."""
    from battery_assets.hosting.databases import running_database
    from battery_assets_tests.worlds.homes import fresh_home

    # Not under pytest's own folder: that one is closed to the account PostgreSQL runs as.
    with fresh_home() as settings, running_database(settings):
        _unsynced(settings.warehouse_url)
        yield settings


def _unsynced(url: str) -> None:
    """Tests kill clients, never the machine: a server that does not wait for the disk is quicker."""
    import sqlalchemy as sa

    server = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text("ALTER SYSTEM SET fsync = off"))
        connection.execute(sa.text("SELECT pg_reload_conf()"))
    server.dispose()


@pytest.fixture(scope="session")
def migrated_url(database_settings) -> str:
    """A migrated database, from which every test's own is copied."""
    from battery_assets.platform.warehouse.migrate import migrate

    url = database_settings.warehouse_url
    migrate(url)
    return url


@contextmanager
def copied_database(migrated: str, *, empty: bool = False) -> Iterator[str]:
    """A copy of the migrated database, or an empty one beside it, dropped with the block."""
    import sqlalchemy as sa

    from battery_assets.platform.warehouse.database import engine

    name = f"test_{uuid.uuid4().hex[:12]}"
    engine(migrated).dispose()
    server = sa.create_engine(sa.make_url(migrated).set(database="postgres"), isolation_level="AUTOCOMMIT")
    quoted = server.dialect.identifier_preparer.quote(name)
    copied = "template0" if empty else str(sa.make_url(migrated).database)
    template = server.dialect.identifier_preparer.quote(copied)
    with server.connect() as connection:
        # A copy through the log writes each page of it: ten times the work, twice a second all tests long.
        connection.execute(sa.text(f"CREATE DATABASE {quoted} TEMPLATE {template} STRATEGY FILE_COPY"))
    url = sa.make_url(migrated).set(database=name).render_as_string(hide_password=False)
    try:
        yield url
    finally:
        engine(url).dispose()
        with server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {quoted} WITH (FORCE)"))
        server.dispose()


@pytest.fixture
def warehouse_url(migrated_url) -> Iterator[str]:
    """A migrated, empty warehouse database of the test's own."""
    with copied_database(migrated_url) as url:
        yield url


@pytest.fixture
def warehouse(warehouse_url, tmp_path):
    """A warehouse of the test's own: an empty database and an empty lake."""
    from battery_assets.platform.warehouse.resource import Warehouse

    return Warehouse(database_url=warehouse_url, lake_url=str(tmp_path / "lake"))
