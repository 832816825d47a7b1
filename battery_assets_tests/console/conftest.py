"""A console over a night at two sites, shared by the tests of a file."""

from collections.abc import Iterator

import pytest

from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.console.night import put_night
from battery_assets_tests.worlds.console.visitor import Console, opened


@pytest.fixture(scope="module")
def console(migrated_url, database_settings, tmp_path_factory) -> Iterator[Console]:
    """Both sites, and nobody who has signed in yet."""
    with copied_database(migrated_url) as url:
        warehouse = Warehouse(database_url=url, lake_url=str(tmp_path_factory.mktemp("lake")))
        put_night(warehouse)
        with opened(warehouse, database_settings) as found:
            yield found
