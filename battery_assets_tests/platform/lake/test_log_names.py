"""The log of a table is read once as long as nobody adds to it, and what another process adds is seen."""

from pathlib import Path

import pytest
from deltalake.exceptions import TableNotFoundError

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.lake import log_names
from battery_assets_tests.worlds.random_rows import World
from battery_assets_tests.worlds.stores import kept

PART, NEXT = Part("alpha", "2025-03"), Part("alpha", "2025-04")


@pytest.fixture
def read(monkeypatch):
    """The addresses of the tables whose log is read."""
    found = []

    def read_one(url, part):
        found.append(url)
        return read_log(url, part)

    read_log = log_names.read_log
    monkeypatch.setattr(log_names, "read_log", read_one)
    return found


def test_a_log_is_read_again_only_where_somebody_added_to_it(warehouse, read):
    table, lake = t.telemetry_env, warehouse.lake
    assert lake.paths(table, PART) == []
    kept(warehouse, table, World(7).rows(table, 40), PART)
    read.clear()
    first = lake.paths(table, PART)
    assert first and lake.paths(table, PART) == first and lake.paths(table, PART) == first
    assert len(read) == 1
    assert lake.paths(table, NEXT) == []
    kept(warehouse, table, World(8).rows(table, 40), PART)
    second = lake.paths(table, PART)
    assert second and not {*first} & {*second}
    assert len(read) == 3


def test_an_entry_that_is_gone_is_noticed(warehouse):
    table, lake = t.telemetry_env, warehouse.lake
    kept(warehouse, table, World(7).rows(table, 40), PART)
    assert lake.paths(table, PART)
    for entry in Path(lake.table_url(table), "_delta_log").iterdir():
        entry.unlink()
    assert lake.paths(table, PART) == []
    with pytest.raises(TableNotFoundError):
        log_names.named_in(lake.table_url(table), PART, local=True)
