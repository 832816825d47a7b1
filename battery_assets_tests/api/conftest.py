"""An API over two sites, shared by the tests of a file."""

from collections.abc import Iterator

import pytest

from battery_assets.actions.people.caller import SCOPES, Caller
from battery_assets.api.app import Limits
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.api.asked import Asking, asking
from battery_assets_tests.worlds.api.two_sites import put_sites


@pytest.fixture(scope="module")
def ask(migrated_url, database_settings, tmp_path_factory) -> Iterator[Asking]:
    """Both sites, a caller that sees all of them, and one that sees beta alone."""
    with copied_database(migrated_url) as url:
        warehouse = Warehouse(database_url=url, lake_url=str(tmp_path_factory.mktemp("lake")))
        put_sites(warehouse)
        with asking(warehouse, database_settings, limits=Limits()) as ask:
            ask.doorman.known["beta"] = Caller("key:2", "of beta", frozenset(SCOPES), frozenset({"beta"}))
            ask.doorman.known["none"] = Caller("key:3", "may nothing", frozenset())
            yield ask
