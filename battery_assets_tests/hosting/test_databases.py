"""Server mode: an existing PostgreSQL serves all three databases, or the error says what to run there."""

import dataclasses

import psycopg
import pytest

from battery_assets.errors import UserError
from battery_assets.hosting import databases
from battery_assets.hosting.database_urls import libpq_url
from battery_assets.hosting.databases import ensure_running, prepare_server, running_database, stop
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse import analyst
from battery_assets.platform.warehouse.database import transaction
from battery_assets.platform.warehouse.migrate import migrate
from battery_assets.platform.warehouse.sites import narrow
from battery_assets_tests.worlds.homes import fresh_home

PASSWORD = "not-a-secret"


@pytest.fixture(scope="module")
def server():
    """An administrator's connection to a server that is not ours to start."""
    with fresh_home() as settings:
        url = libpq_url(ensure_running(settings).warehouse)
        with psycopg.connect(url, autocommit=True) as administrator:
            administrator.execute(f"CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD '{PASSWORD}'")
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


def test_all_that_is_missing_is_named_at_once_and_suffices_for_a_role_that_is_no_superuser(server):
    """A managed PostgreSQL: an ordinary role, a database that somebody made, and no superuser for us."""
    url = address(server, "tenant", "rented")
    with pytest.raises(UserError) as refused:
        prepare_server(url)
    made = ('database "rented_dagster"', 'database "rented_mlflow"')
    for what in (*made, 'role "battery_analyst"', 'role "battery_api"'):
        assert f"create the {what}" in refused.value.message
    assert 'work as "battery_api"' in refused.value.message
    said, _, statements = refused.value.next_step.partition(": ")
    assert said == 'as an administrator of the server, connected to "rented"'
    assert statements.count(";") == 5
    with psycopg.connect(address_of_administrator(server, "rented"), autocommit=True) as administrator:
        for statement in statements.split(";"):
            if statement.strip():
                administrator.execute(statement)
    urls = prepare_server(url)
    assert migrate(urls.warehouse) == migrate(urls.warehouse)
    with transaction(urls.warehouse) as connection:
        with pytest.raises(PermissionError, match="as an administrator of the server, ALTER ROLE"):
            analyst.give_password(connection, "x")
        assert "as a superuser, run sql/roles.sql" in str(analyst.weakness(connection))
        assert connection.exec_driver_sql("SELECT count(*) FROM fleet.alert").scalar_one() == 0
        for site in ("alpha", "beta"):
            registry.put_site(connection, site, "synthetic", {})
        narrow(connection, frozenset({"alpha"}))
        assert connection.exec_driver_sql("SELECT site FROM platform.site").scalars().all() == ["alpha"]


def address_of_administrator(server, database: str) -> str:
    info = server[1].info
    return f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{database}"


def test_a_warehouse_that_does_not_exist_is_named_with_its_statement(server):
    with pytest.raises(UserError, match="absent") as refused:
        prepare_server(address(server, "maker", "absent"))
    assert 'CREATE DATABASE "absent";' in refused.value.next_step


@pytest.mark.parametrize("password", ["wr0ng-word", PASSWORD])
def test_an_address_that_fails_is_shown_without_its_password(server, password):
    role = "maker" if password != PASSWORD else "nobody_here"
    with pytest.raises(UserError, match="cannot be reached") as refused:
        prepare_server(address(server, role, "fleet", password))
    assert password not in refused.value.message
    assert f"{role}:***@" in refused.value.message


def test_a_clock_that_is_far_from_the_databases_is_refused(server, monkeypatch):
    monkeypatch.setattr(databases, "LARGEST_SKEW_S", -1.0)
    with pytest.raises(UserError, match="clock"):
        prepare_server(address(server, "maker", "fleet"))
