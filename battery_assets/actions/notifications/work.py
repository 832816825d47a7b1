"""The database that notifications work with: started where it does not run, migrated where it is behind."""

from collections.abc import Iterator
from contextlib import contextmanager

from battery_assets.settings import Settings


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The address of the warehouse, for as long as the block runs."""
    from battery_assets.hosting.databases import running_database
    from battery_assets.platform.warehouse.migrate import migrate

    with running_database(settings):
        migrate(settings.warehouse_url)
        yield settings.warehouse_url
