"""A resource for code that Dagster hands none: its environment read, at the cost of no instance."""

import dagster as dg
import pytest

from battery_assets.platform.dagster import resources
from battery_assets.platform.dagster.resources import initialized
from battery_assets.platform.warehouse.resource import Warehouse


@pytest.fixture
def warehouse(monkeypatch):
    monkeypatch.setenv("WHERE_ROWS_LIE", "postgresql+psycopg://host/books")
    return Warehouse(database_url=dg.EnvVar("WHERE_ROWS_LIE"), lake_url="/lake")


def test_it_is_what_dagster_makes_of_it(warehouse):
    made = initialized(warehouse)
    assert (made.database_url, made.lake_url) == ("postgresql+psycopg://host/books", "/lake")
    assert made == warehouse.process_config_and_initialize()


def test_a_changed_variable_is_read(warehouse, monkeypatch):
    initialized(warehouse)
    monkeypatch.setenv("WHERE_ROWS_LIE", "postgresql+psycopg://other/books")
    assert initialized(warehouse).database_url == "postgresql+psycopg://other/books"


def test_a_missing_variable_is_named(warehouse, monkeypatch):
    monkeypatch.delenv("WHERE_ROWS_LIE")
    with pytest.raises(dg.DagsterInvalidConfigError, match="WHERE_ROWS_LIE"):
        initialized(warehouse)


def test_a_tick_makes_no_instance_of_dagster(warehouse, monkeypatch):
    made, ephemeral = [], dg.DagsterInstance.ephemeral
    monkeypatch.setattr(dg.DagsterInstance, "ephemeral", lambda *a, **k: made.append(1) or ephemeral(*a, **k))
    resources._nobody_s.cache_clear()
    for _ in range(3):
        initialized(warehouse)
    assert len(made) == 1
