"""Fixtures of the fleet's tests."""

import os
import shutil
from collections.abc import Iterator

import pytest

from battery_assets import tables as t
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.homes import fresh_home
from battery_assets_tests.worlds.months.nightly import Site
from battery_assets_tests.worlds.piped import checksums


@pytest.fixture(scope="package")
def platform():
    """A platform of the package's own: embedded database, lake, Dagster storage, MLflow database."""
    from battery_assets.actions.session import quiet_logs, session

    before = dict(os.environ)
    quiet_logs()
    with fresh_home() as settings, session(settings) as at:
        yield at
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="package")
def synthetic(platform) -> dict:
    """Two months of a small synthetic site, run once."""
    from battery_assets.actions.session import put_site, run_here

    put_site(
        platform,
        "tiny",
        "synthetic",
        {"place": "phuket", "seed": 3, "interval_s": 900, "strings": 2, "start": "2025-01"},
    )
    run_here("catalogue")
    for month in ("2025-01", "2025-02"):
        run_here("site_month", month, "tiny")
    return checksums(platform, "tiny")


@pytest.fixture(scope="session")
def at_once(migrated_url, tmp_path_factory) -> Iterator[Site]:
    """A month that is made once, when it is over."""
    folder = tmp_path_factory.mktemp("at_once")
    with copied_database(migrated_url) as url:
        site = Site(Warehouse(database_url=url, lake_url=str(folder / "lake")), Landing(folder=str(folder)))
        site.run()
        yield site


@pytest.fixture
def site(at_once, tmp_path) -> Iterator[Site]:
    """A site of its own for which that month was made."""
    shutil.copytree(at_once.warehouse.lake_url, tmp_path / "lake")
    with copied_database(at_once.warehouse.database_url) as url:
        made = Site(
            Warehouse(database_url=url, lake_url=str(tmp_path / "lake")), Landing(folder=str(tmp_path))
        )
        # What recorders kept lies in this lake too, and the rows that name it have to say so.
        made.run(only=[t.telemetry_event_window])
        yield made
