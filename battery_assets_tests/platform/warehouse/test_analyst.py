"""The analyst looks and does nothing else, and no lock that he can take stands in the platform's way."""

import contextlib
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.hosting.database_urls import libpq_url
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse import analyst
from battery_assets_tests.worlds.stores import kept, of, rows

PASSWORD = "only-for-this-test"
LOCKS = [
    f"SELECT pg_{attempt}advisory_{scope}lock{shared}({key})"
    for attempt in ("", "try_")
    for scope in ("", "xact_")
    for shared in ("", "_shared")
    for key in ("4711", "1, 2")
]
LARGE_OBJECTS = [
    "lo_create(0)", "lo_creat(-1)", "lo_from_bytea(0, 'x')", "lo_import('/etc/passwd')", "lo_export(1, '/tmp/x')",
    "lo_unlink(1)", "lo_put(1, 0, 'x')", "lo_open(1, 131072)", "lo_get(1)", "lo_truncate(1, 1)", "lowrite(1, 'x')",
    "loread(1, 1)",
]  # fmt: skip
WRITES = [
    f"{verb} {table}{rest}"
    for table in ("fleet.alert", "fleet.battery", "ml.ml_model", "lab.cycle", 'service."user"', "platform.site",
                  "platform.partition_version", "platform.quarantined_row")
    for verb, rest in (("DELETE FROM", ""), ("TRUNCATE", ""), ("DROP TABLE", ""), ("INSERT INTO", " DEFAULT VALUES"),
                       ("LOCK TABLE", " IN ACCESS EXCLUSIVE MODE"), ("LOCK TABLE", " IN ROW EXCLUSIVE MODE"))
]  # fmt: skip
OTHERS = [
    "UPDATE platform.partition_version SET claimed = 0", "SELECT * FROM platform.partition_version FOR UPDATE",
    "SELECT * FROM fleet.battery FOR KEY SHARE", "CREATE TABLE fleet.mine (a int)", "CREATE TABLE public.mine (a int)",
    "CREATE TEMPORARY TABLE mine (a int)", "CREATE TEMP VIEW mine AS SELECT 1", "SELECT 1 INTO TEMP mine",
    "CREATE SCHEMA mine", "CREATE VIEW fleet.mine AS SELECT 1", "CREATE SEQUENCE fleet.mine",
    "CREATE FUNCTION fleet.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE EXTENSION dblink",
    "CREATE DATABASE mine", "CREATE ROLE mine", "CREATE TABLESPACE mine LOCATION '/tmp'", "ALTER SYSTEM SET fsync = off",
    "ALTER TABLE fleet.alert ADD COLUMN mine int", "ALTER DATABASE postgres SET work_mem = '1GB'",
    "ALTER ROLE battery_analyst SUPERUSER", "ALTER ROLE battery_analyst CONNECTION LIMIT -1", "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres", "DROP VIEW fleet.open_alerts",
    "COMMENT ON TABLE fleet.alert IS 'mine'", "CREATE INDEX ON fleet.alert (message)", "REFRESH MATERIALIZED VIEW x",
    "COPY fleet.alert TO '/tmp/mine'", "COPY fleet.alert FROM '/etc/passwd'", "COPY (SELECT 1) TO PROGRAM 'id'",
    "SELECT pg_read_file('/etc/passwd')", "SELECT pg_read_binary_file('/etc/passwd')", "SELECT pg_ls_dir('/')",
    "SELECT pg_stat_file('/etc/passwd')", "SELECT pg_reload_conf()", "SELECT pg_switch_wal()", "CHECKPOINT",
    "SELECT pg_create_restore_point('x')", "SELECT pg_stat_reset()", "SELECT pg_rotate_logfile()",
    "SELECT pg_logical_emit_message(false, 'x', 'y')", "SELECT pg_notify('x', 'y')", "SELECT pg_export_snapshot()",
    "SELECT pg_promote()", "SELECT pg_backup_start('x')", "SELECT pg_create_physical_replication_slot('x')",
    "SELECT pg_create_logical_replication_slot('x', 'pgoutput')", "SELECT pg_replication_origin_create('x')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "SET temp_file_limit = -1", "SET log_statement = 'all'", "SET session_replication_role = replica",
    "SET zero_damaged_pages = on", "DO $$ BEGIN PERFORM 1; END $$",
    'SELECT email FROM service."user"', 'SELECT * FROM fleet."user"', "SELECT * FROM truth.jar_truth",
    "SELECT count(*) FROM truth.jar_truth", "SELECT raw FROM platform.quarantined_row",
    "SELECT value FROM platform.quarantined_row", "SELECT * FROM pg_authid", "SELECT * FROM pg_largeobject",
    "SELECT * FROM public.alembic_version", "LOCK TABLE public.migration_turn IN ACCESS SHARE MODE",
    # Changes in the guise of questions, and through functions that run what they are given.
    "WITH gone AS (DELETE FROM fleet.alert RETURNING 1) SELECT * FROM gone",
    "MERGE INTO fleet.alert a USING fleet.alert b ON false WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
    "SELECT query_to_xml('DELETE FROM fleet.alert', true, true, '')",
    "SELECT table_to_xml('truth.jar_truth', true, true, '')", "SELECT schema_to_xml('truth', true, true, '')",
    "SELECT ts_stat('SELECT email FROM service.\"user\"')", "SELECT to_jsonb(q) FROM platform.quarantined_row q",
    "SELECT set_config('role', 'postgres', false)", "SELECT set_config('session_authorization', 'postgres', false)",
    "SET ROLE battery_api", "SET ROLE pg_read_all_data", "REASSIGN OWNED BY postgres TO battery_analyst",
    "ALTER USER postgres PASSWORD 'x'", "ALTER ROLE battery_analyst NOLOGIN", "DROP DATABASE dagster",
    "COPY fleet.location FROM PROGRAM 'id'", "SELECT pg_ls_waldir()", "SELECT pg_hba_file_rules()", "LOAD 'auto_explain'",
    "CREATE EXTENSION vector", "CREATE FOREIGN DATA WRAPPER x", "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p",
    "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()", "CREATE UNLOGGED TABLE mine (a int)",
    "SELECT pg_clear_relation_stats('fleet', 'alert')", "REINDEX TABLE fleet.alert", "CLUSTER fleet.alert",
    "SELECT pg_log_backend_memory_contexts(pg_backend_pid())", "SET session_preload_libraries = 'x'",
    "SET allow_system_table_mods = on", "SET deadlock_timeout = '1ms'", "SELECT * FROM service.api_keys",
]  # fmt: skip
FORBIDDEN = [*LOCKS, *(f"SELECT {call}" for call in LARGE_OBJECTS), *WRITES, *OTHERS]
# PostgreSQL says no more than a warning, and does nothing.
IDLE = (
    "GRANT SELECT ON fleet.alert TO PUBLIC", "PREPARE TRANSACTION 'x'", "ANALYZE fleet.alert", "VACUUM fleet.alert",
)  # fmt: skip
ALLOWED = (
    "SELECT * FROM fleet.jar_health_now", "SELECT * FROM fleet.stale_months", "SELECT * FROM platform.quarantine",
    'SELECT name, role FROM service."user"', "SELECT * FROM lab.cycle", "SELECT * FROM platform.ingest_file",
    "SELECT reason FROM platform.quarantined_row", "EXPLAIN SELECT * FROM fleet.alert",
)  # fmt: skip


@contextlib.contextmanager
def analyst_of(url: str, database: str | None = None) -> Iterator[psycopg.Connection]:
    """A session of the analyst who has lifted every limit that a role may lift."""
    theirs = sa.make_url(url).set(username=analyst.ROLE, password=PASSWORD)
    if database:
        theirs = theirs.set(database=database)
    with psycopg.connect(
        libpq_url(theirs.render_as_string(hide_password=False)), autocommit=True
    ) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        connection.execute("SET transaction_timeout = 0")
        yield connection


@pytest.fixture
def open_url(warehouse, warehouse_url) -> str:
    with warehouse.transaction() as connection:
        analyst.close_databases(connection, ["dagster", "mlflow", "postgres", "template1"])
        analyst.give_password(connection, PASSWORD)
    return warehouse_url


def state_of(warehouse) -> list:
    """Everything that a statement could have changed."""
    with warehouse.transaction() as connection:
        queries = (
            "SELECT oid, relname, relowner, relacl::text FROM pg_class WHERE relnamespace::regnamespace::text "
            "IN ('fleet', 'lab', 'ml', 'service', 'platform', 'public', 'truth') ORDER BY 1",
            "SELECT rolname, rolsuper, rolconnlimit, rolconfig::text FROM pg_roles ORDER BY 1",
            "SELECT count(*) FROM pg_largeobject_metadata", "SELECT datname FROM pg_database ORDER BY 1",
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", "SELECT * FROM fleet.location",
        )  # fmt: skip
        return [connection.execute(sa.text(query)).all() for query in queries]


def test_of_more_than_113_statements_none_does_anything(warehouse, open_url):
    kept(warehouse, t.location, rows(t.location, {"name": "a"}))
    before, carried_out = state_of(warehouse), []
    assert len(FORBIDDEN) > 113
    with analyst_of(open_url) as connection:
        for statement in FORBIDDEN:
            try:
                connection.execute(statement)
                carried_out.append(statement)
            except psycopg.Error:
                continue
        for statement in (*IDLE, *ALLOWED):
            connection.execute(statement)
        with connection.cursor() as cursor, cursor.copy("COPY fleet.location TO STDOUT") as copy:
            assert len(list(copy)) == 1
    assert not carried_out
    assert state_of(warehouse) == before


@pytest.mark.parametrize("database", ["dagster", "mlflow", "postgres", "template1"])
def test_the_analyst_enters_no_other_database(open_url, database):
    entered = analyst_of(open_url, database)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        entered.__enter__()


def test_an_idle_reader_of_every_table_stops_no_new_month(warehouse, open_url):
    """He has looked at all of them and went to lunch inside his transaction."""
    kept(warehouse, t.battery, rows(t.battery, {"name": "jar"}))
    one = {"battery_id": of(t.battery, "jar"), "source": "digital_twin"}
    kept(
        warehouse,
        t.rul_prediction,
        rows(t.rul_prediction, {"name": "march", **one}),
        Part("alpha", "2025-03"),
    )
    with analyst_of(open_url) as connection:
        connection.execute("BEGIN")
        for table in t.TABLES:
            if table.schema not in ("service", "truth"):
                connection.execute(f'SELECT count(*) FROM {table.schema}."{table.name}"')
                connection.execute(f'LOCK TABLE {table.schema}."{table.name}" IN ACCESS SHARE MODE')
        with warehouse.transaction() as short:
            short.execute(sa.text("SET LOCAL lock_timeout = '2s'"))
        kept(
            warehouse,
            t.rul_prediction,
            rows(t.rul_prediction, {"name": "april", **one}),
            Part("alpha", "2025-04"),
        )
        kept(warehouse, t.location, rows(t.location, {"name": "a"}))
    leaf = warehouse.read(t.rul_prediction, Part("alpha", "2025-04")).collect()
    assert leaf.height == 1
    with analyst_of(open_url) as connection:
        assert connection.execute("SELECT count(*) FROM fleet.rul_prediction_2025_04").fetchone() == (1,)


def test_a_reader_who_never_ends_is_ended(warehouse, open_url):
    with analyst_of(open_url) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM fleet.alert")
        with warehouse.transaction() as ours:
            assert analyst.end_readers(ours, older_s=3600.0) == 0
            assert analyst.end_readers(ours) == 1
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_limits_that_the_analyst_lifted_for_good_are_set_anew_with_his_password(warehouse, open_url):
    with analyst_of(open_url) as connection:
        connection.execute("ALTER ROLE battery_analyst SET statement_timeout = 0")
    with warehouse.transaction() as connection:
        analyst.give_password(connection, PASSWORD)
        config = connection.execute(
            sa.text("SELECT rolconfig FROM pg_roles WHERE rolname = 'battery_analyst'")
        ).scalar_one()
    assert {f"{name}={value}" for name, value in analyst.SETTINGS.items()} <= set(config)


def test_what_a_server_leaves_open_is_told(warehouse):
    with warehouse.transaction() as connection:
        assert analyst.weakness(connection) is None
        connection.execute(sa.text("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC"))
        assert "pg_advisory_lock() and functions like it" in str(analyst.weakness(connection))
        connection.rollback()


def test_what_stood_in_a_refused_row_of_a_person_is_not_shown(warehouse, open_url):
    with warehouse.transaction() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO platform.quarantined_row (table_name, site, month, file, reason, value, raw, rows) "
                "VALUES ('user', 'alpha', '', 'user.csv', 'NOT_ALLOWED', 'a@b.c', 'x,a@b.c', 1), "
                "('alert', 'alpha', '', 'alert.csv', 'NOT_ALLOWED', '7', 'x,7', 1)"
            )
        )
    with analyst_of(open_url) as connection:
        seen = connection.execute(
            "SELECT table_name, value, raw FROM platform.quarantine ORDER BY 1"
        ).fetchall()
    assert seen == [("alert", "7", "x,7"), ("user", None, None)]
