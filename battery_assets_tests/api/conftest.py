"""An API over two sites, shared by the tests of a file."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from battery_assets.actions.people.caller import SCOPES, Caller
from battery_assets.api.app import Limits
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.api.asked import Asking, asking
from battery_assets_tests.worlds.api.two_sites import put_sites


@contextmanager
def _asking(migrated_url, settings, lake) -> Iterator[Asking]:
    with copied_database(migrated_url) as url:
        warehouse = Warehouse(database_url=url, lake_url=str(lake))
        put_sites(warehouse)
        with asking(warehouse, settings, limits=Limits()) as ask:
            ask.doorman.known["beta"] = Caller("key:2", "of beta", frozenset(SCOPES), frozenset({"beta"}))
            ask.doorman.known["none"] = Caller("key:3", "may nothing", frozenset())
            yield ask


@pytest.fixture
def fresh(migrated_url, database_settings, tmp_path) -> Iterator[Asking]:
    """The same for a test that changes what runs have written."""
    with _asking(migrated_url, database_settings, tmp_path / "lake") as ask:
        yield ask


@pytest.fixture(scope="module")
def ask(migrated_url, database_settings, tmp_path_factory) -> Iterator[Asking]:
    """Both sites, a caller that sees all of them, and one that sees beta alone."""
    with _asking(migrated_url, database_settings, tmp_path_factory.mktemp("lake")) as ask:
        yield ask


_ENTERED = ("service.incident_entry", "service.work_order_entry", "service.idempotency_key")


@pytest.fixture
def own(ask) -> Asking:
    """The file's own sites, without what people entered before."""
    with ask.app.state.platform.warehouse.transaction() as connection:
        connection.execute(sa.text(f"TRUNCATE {', '.join(_ENTERED)}"))
    return ask
