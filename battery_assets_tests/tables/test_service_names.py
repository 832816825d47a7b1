"""The names of the experiment platform's service half are those of its reference, to the letter."""

import json
import re
import uuid

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.warehouse.database import transaction

SERVICE = {
    "users", "api_keys", "api_usage", "api_request_logs", "api_metrics_summary", "notification_preferences",
    "email_logs", "email_digest_queue", "webhook_configurations", "webhook_logs", "system_logs", "session_logs",
    "login_history", "backup_codes",
}  # fmt: skip
NAMED = re.compile(r"\| `(\w+)` +\| `((?:ix|idx|uq)_\w+)` ")


@pytest.fixture
def connection(warehouse_url):
    with transaction(warehouse_url) as opened:
        yield opened


def account(connection: sa.Connection, name: str = "ada", **values: object) -> sa.Row:
    given = {"username": name, "email": f"{name}@example.org", "role": "viewer", "name": name, **values}
    return connection.execute(t.users.insert().values(**given).returning(t.users)).one()


def test_every_table_and_column_is_there(connection, shared_data):
    folder = shared_data.parent / "reference"
    reference = json.loads((folder / "tables.json").read_text())["experiment_platform_schema"]
    query = sa.text(
        "SELECT table_name, array_agg(column_name::text) AS columns FROM information_schema.columns "
        "WHERE table_schema = 'service' GROUP BY table_name"
    )
    found = {row.table_name: set(row.columns) for row in connection.execute(query)}
    for name in SERVICE:
        assert not set(reference[name]) - found[name], f"service.{name}"


def test_named_indexes_and_constraints_are_there(connection, shared_data):
    text = (shared_data.parent / "reference" / "experiment_platform_schema.md").read_text()
    wanted = {name for table, name in NAMED.findall(text) if table in SERVICE}
    query = sa.text("SELECT indexname FROM pg_indexes WHERE schemaname = 'service'")
    assert len(wanted) == 9
    assert not wanted - set(connection.execute(query).scalars())


def test_people_of_all_references_are_the_accounts(connection):
    made = account(connection, sites=["s1"])
    fleet = connection.execute(sa.text('SELECT user_id, email, name FROM fleet."user"')).one()
    lab = connection.execute(sa.text('SELECT id, user_name, password FROM lab_training."user"')).one()
    jobs = connection.execute(sa.text("SELECT id, email, password_hash, role FROM dataset_job.users")).one()
    assert (str(fleet.user_id), fleet.email) == (made.user_id, made.email)
    assert (lab.id, lab.user_name, lab.password) == (made.id, "ada", None)
    assert (str(jobs.id), jobs.password_hash, jobs.role) == (made.user_id, None, "viewer")


def test_a_person_of_the_master_data_stands_until_there_is_an_account(connection):
    theirs = str(uuid.uuid4())
    when = sa.text("now()")
    person = dict(user_id=theirs, email="x@example.org", name="X", role="operator", site="all",
                  created_at=when, updated_at=when)  # fmt: skip
    connection.execute(t.user.insert().values(**person))
    query = sa.text('SELECT user_id::text, role FROM fleet."user"')
    assert connection.execute(query).all() == [(theirs, "operator")]
    account(connection, user_id=theirs)
    assert connection.execute(query).all() == [(theirs, "viewer")]


def test_the_log_of_what_was_done_is_only_added_to(connection):
    connection.execute(t.system_logs.insert().values(action="key.revoke", status="success"))
    change = t.system_logs.update().values(status="failure")
    for refused in (change, t.system_logs.delete(), sa.text("TRUNCATE service.system_logs")):
        with pytest.raises(sa.exc.ProgrammingError, match="is only added to"), connection.begin_nested():
            connection.execute(refused)
    assert connection.execute(sa.select(t.system_logs.c.status)).scalars().all() == ["success"]


@pytest.mark.parametrize("name", sorted({*(table.name for table in t.SERVICE_TABLES), "api_usage"}))
def test_the_analyst_reads_none_of_it(migrated_url, name):
    statement = sa.text(f"SELECT * FROM service.{name} LIMIT 1")
    with transaction(migrated_url) as connection:
        connection.execute(sa.text("SET ROLE battery_analyst"))
        with pytest.raises(sa.exc.ProgrammingError, match="denied"):
            connection.execute(statement)


def test_the_analyst_reaches_nobody(migrated_url):
    for view in ('fleet."user"', 'lab_training."user"', "dataset_job.users"):
        statement = sa.text(f"SELECT email FROM {view} LIMIT 1")
        with transaction(migrated_url) as connection:
            connection.execute(sa.text("SET ROLE battery_analyst"))
            with pytest.raises(sa.exc.ProgrammingError, match="denied"):
                connection.execute(statement)
