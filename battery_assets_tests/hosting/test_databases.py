"""Server mode: an existing PostgreSQL serves all three databases, or the error says what to run there."""

import dataclasses

import psycopg
import pytest

from battery_assets.errors import UserError
from battery_assets.hosting import databases
from battery_assets.hosting.database_urls import libpq_url
from battery_assets.hosting.databases import ensure_running, prepared_server, running_database, stop
from battery_assets_tests.worlds.homes import fresh_home

PASSWORD = "not-a-secret"


@pytest.fixture(scope="module")
def server():
    """An administrator's connection to a server that is not ours to start."""
    with fresh_home() as settings:
        url = libpq_url(ensure_running(settings).warehouse)
        with psycopg.connect(url, autocommit=True) as administrator:
            administrator.execute(f"CREATE ROLE maker LOGIN CREATEDB PASSWORD '{PASSWORD}'")
            administrator.execute(f"CREATE ROLE tenant LOGIN PASSWORD '{PASSWORD}'")
            administrator.execute("CREATE DATABASE fleet OWNER maker")
            administrator.execute("CREATE DATABASE rented OWNER tenant")
            yield settings, administrator


def address(server, role: str, database: str, password: str = PASSWORD) -> str:
    info = server[1].info
    return f"postgresql://{role}:{password}@{info.host}:{info.port}/{database}"


def test_the_two_other_databases_are_made_where_the_role_may(server):
    settings = dataclasses.replace(server[0], database_url=address(server, "maker", "fleet"))
    with running_database(settings) as urls:
        for url in (urls.warehouse, urls.dagster, urls.mlflow):
            with psycopg.connect(libpq_url(url)) as connection:
                assert connection.info.user == "maker"
    assert ensure_running(settings) == urls
    assert not stop(settings)
    assert server[1].execute("SELECT 1").fetchone() == (1,)


def test_where_the_role_may_not_the_statement_to_run_is_named_and_suffices(server):
    url = address(server, "tenant", "rented")
    for name in ("rented_dagster", "rented_mlflow"):
        with pytest.raises(UserError, match=f'"tenant" may not create the database "{name}"') as refused:
            prepared_server(url)
        statement = refused.value.next_step.partition(": ")[2]
        assert statement == f'CREATE DATABASE "{name}" OWNER "tenant";'
        server[1].execute(statement)
    prepared_server(url)


def test_a_warehouse_that_does_not_exist_is_named_with_its_statement(server):
    with pytest.raises(UserError, match="absent") as refused:
        prepared_server(address(server, "maker", "absent"))
    assert 'CREATE DATABASE "absent";' in refused.value.next_step


@pytest.mark.parametrize("password", ["wr0ng-word", PASSWORD])
def test_an_address_that_fails_is_shown_without_its_password(server, password):
    role = "maker" if password != PASSWORD else "nobody_here"
    with pytest.raises(UserError, match="cannot be reached") as refused:
        prepared_server(address(server, role, "fleet", password))
    assert password not in refused.value.message
    assert f"{role}:***@" in refused.value.message


def test_a_clock_that_is_far_from_the_databases_is_refused(server, monkeypatch):
    monkeypatch.setattr(databases, "LARGEST_SKEW_S", -1.0)
    with pytest.raises(UserError, match="clock"):
        prepared_server(address(server, "maker", "fleet"))
