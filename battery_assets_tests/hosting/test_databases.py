"""Server mode: an existing PostgreSQL serves all three databases, or the error says what to run there."""

import contextlib
import dataclasses
from concurrent.futures import ThreadPoolExecutor

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


def test_commands_that_arrive_together_make_the_databases_once(server):
    server[1].execute("CREATE DATABASE crowd OWNER maker")
    url = address(server, "maker", "crowd")
    with ThreadPoolExecutor(8) as pool:
        for urls in pool.map(prepare_server, [url] * 8):
            with psycopg.connect(libpq_url(urls.mlflow)) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)


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


# What is wrong with three databases that a tenant owns: how it came, and what is said of it.
FAULTS = {
    "databases of another": (
        ['ALTER DATABASE "{0}_dagster" OWNER TO postgres'], ['write the schema public of "{0}_dagster"']),
    "closed to the role": (['ALTER DATABASE "{0}_mlflow" OWNER TO postgres',
                            'REVOKE CONNECT ON DATABASE "{0}_mlflow" FROM PUBLIC'], ['connect to "{0}_mlflow"', "write its schema public"]),
    "closed to all": (['ALTER DATABASE "{0}_mlflow" ALLOW_CONNECTIONS false'], ['connect to "{0}_mlflow"']),
    "a role that only reads": (['ALTER ROLE "{0}" SET default_transaction_read_only = on'],
                               ['write in "{0}"', 'write in "{0}_dagster"', 'write in "{0}_mlflow"']),
    "a role of one connection": (['ALTER ROLE "{0}" CONNECTION LIMIT 1'], ["open 20 connections, but 1"]),
    "a database of few": (['ALTER DATABASE "{0}" CONNECTION LIMIT 5'], ['open 20 connections to "{0}", but 5']),
    "no path to a schema": (["ALTER ROLE \"{0}\" SET search_path = ''"], [
        'find the schema public of "{0}_dagster" in its search_path', 'public of "{0}_mlflow" in its search_path']),
    "a member in name": (['REVOKE battery_api FROM "{0}"', 'GRANT battery_api TO "{0}" WITH SET FALSE'],
                         ['work as "battery_api"']),
    "few letters": ([f'DROP DATABASE "{{0}}{of}"' for of in ("", "_dagster")] + [
        f'CREATE DATABASE "{{0}}{of}" OWNER "{{0}}" ENCODING \'{code}\' LOCALE \'C\' TEMPLATE template0'
        for of, code in (("", "LATIN1"), ("_dagster", "SQL_ASCII"))], [
        'letter in "{0}", whose encoding is LATIN1', 'letter in "{0}_dagster", whose encoding is SQL_ASCII']),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_single_thing_that_is_missing_is_named_and_its_statement_suffices(server, fault):
    name, administrator = f"t{list(FAULTS).index(fault)}", server[1]
    administrator.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    for role in ("battery_analyst", "battery_api"):
        with contextlib.suppress(psycopg.errors.DuplicateObject):
            administrator.execute(f"CREATE ROLE {role} NOLOGIN NOINHERIT")
    administrator.execute(f"GRANT battery_api TO {name}")
    for one in (name, f"{name}_dagster", f"{name}_mlflow"):
        administrator.execute(f"CREATE DATABASE {one} OWNER {name}")
    url = address(server, name, name)
    assert prepare_server(url)
    made, said = FAULTS[fault]
    for statement in made:
        administrator.execute(statement.format(name))
    with pytest.raises(UserError) as refused:
        prepare_server(url)
    assert refused.value.message.count("may not") + refused.value.message.count(", nor ") == len(said)
    for deed in said:
        assert deed.format(name) in refused.value.message
    for line in refused.value.next_step.splitlines():
        _, database, statements = line.split('"', 2)
        with psycopg.connect(address_of_administrator(server, database), autocommit=True) as there:
            for statement in statements.removeprefix(":").split(";"):
                there.execute(statement)
    assert prepare_server(url)


def test_a_database_without_public_and_tables_of_another_are_named(server):
    """As after a restore by an administrator."""
    url = address(server, "maker", "fleet")
    prepare_server(url)
    migrate(url.replace("postgresql:", "postgresql+psycopg:"))
    with psycopg.connect(address_of_administrator(server, "fleet")) as administrator:
        administrator.execute("ALTER TABLE fleet.alert OWNER TO postgres")
        administrator.commit()
        with pytest.raises(UserError, match='change 1 tables and views of "postgres" in "fleet"'):
            prepare_server(url)
        administrator.execute("ALTER TABLE fleet.alert OWNER TO maker")
    server[1].execute("CREATE DATABASE bare OWNER maker")
    with psycopg.connect(address_of_administrator(server, "bare"), autocommit=True) as administrator:
        administrator.execute("DROP SCHEMA public")
        with pytest.raises(UserError, match='find a schema in "bare"') as refused:
            prepare_server(address(server, "maker", "bare"))
        administrator.execute(refused.value.next_step.partition(": ")[2])
    assert prepare_server(address(server, "maker", "bare"))


def test_what_a_role_may_take_for_a_statement_does_not_cut_the_platforms_own(server):
    server[1].execute(f"CREATE ROLE hasty LOGIN CREATEDB CREATEROLE PASSWORD '{PASSWORD}'")
    server[1].execute("CREATE DATABASE hasty OWNER hasty")
    server[1].execute("ALTER ROLE hasty SET statement_timeout = '20ms'")
    urls = prepare_server(address(server, "hasty", "hasty"))
    migrate(urls.warehouse)
    with transaction(urls.warehouse) as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "0"


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
