"""Sites of callers, held by PostgreSQL: whatever is asked, other sites' rows are not there."""

import pytest
import sqlalchemy as sa

from battery_assets.platform.warehouse.database import reading, transaction
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.platform.warehouse.serving import see_only, seeing_all
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.api.two_sites import SITES, put_sites

SCHEMAS = [
    "fleet",
    "operations",
    "service",
    "ml",
    "lab",
    "lab_training",
    "experiments",
    "dataset_job",
    "platform",
]
SITED = """
SELECT n.nspname, c.relname, c.relkind::text AS kind, c.relrowsecurity AS held, c.reloptions AS options,
       (SELECT count(*) FROM pg_policies p WHERE p.schemaname = n.nspname AND p.tablename = c.relname) AS policies
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'site' AND NOT a.attisdropped
WHERE n.nspname = ANY (:schemas) AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition AND c.relname <> 'battery_model'
"""
REFUSED = """
INSERT INTO platform.quarantined_row (table_name, site, month, file, line, reason, value, raw, rows)
VALUES ('telemetry_jar_raw', :site, '2025-03', 'a.csv', 2, 'RANGE', 'x', 'x', 1)
"""


@pytest.fixture(scope="module")
def url(migrated_url, tmp_path_factory):
    with copied_database(migrated_url) as url:
        put_sites(Warehouse(database_url=url, lake_url=str(tmp_path_factory.mktemp("lake"))))
        with transaction(url) as connection:
            for site in SITES:
                connection.execute(sa.text(REFUSED), {"site": site})
        yield url


@pytest.fixture
def only_beta():
    see_only(frozenset({"beta"}))
    yield
    see_only(None)


def rows(url: str, statement: str, **given) -> list:
    with reading(url) as connection:
        return list(connection.execute(sa.text(statement), given))


def test_every_table_and_view_with_a_site_is_held(url):
    found = rows(url, SITED, schemas=SCHEMAS)
    assert len(found) > 30
    for row in found:
        if row.kind == "v":
            own = ("user", "quarantine", "incident_entered")
            assert row.relname in own or "security_invoker=true" in row.options, row
        else:
            assert (row.held, row.policies) == (True, 2), row


def test_a_caller_of_one_site_sees_no_row_of_another_in_any_of_them(url, only_beta):
    see_only(None)
    tables = [
        f'{row.nspname}."{row.relname}"' for row in rows(url, SITED, schemas=SCHEMAS) if row.relname != "user"
    ]
    with_alpha = [one for one in tables if rows(url, f"SELECT FROM {one} WHERE site = 'alpha' LIMIT 1")]
    assert len(with_alpha) >= 12
    see_only(frozenset({"beta"}))
    for one in tables:
        assert not rows(url, f"SELECT FROM {one} WHERE site = 'alpha' LIMIT 1"), one
    assert [
        one for one in with_alpha if rows(url, f"SELECT FROM {one} WHERE site = 'beta' LIMIT 1")
    ] == with_alpha


def test_a_caller_of_one_site_writes_no_row_of_another(url, only_beta):
    entry = (
        "INSERT INTO service.incident_entry (site, incident_id, fault, began_at, action, entered_by) "
        "VALUES (:site, gen_random_uuid(), 'x', now(), 'note', 'anna')"
    )
    with transaction(url) as connection:
        connection.execute(sa.text(entry), {"site": "beta"})
    with pytest.raises(sa.exc.ProgrammingError, match="row-level security"), transaction(url) as connection:
        connection.execute(sa.text(entry), {"site": "alpha"})
    with transaction(url) as connection:
        changed = connection.execute(
            sa.text("UPDATE operations.incident SET title = 'x' WHERE site = 'alpha'")
        )
        assert changed.rowcount == 0


@pytest.mark.parametrize(
    "sites", [frozenset(), frozenset({"nowhere"}), frozenset({"alph"}), frozenset({"%"})]
)
def test_who_has_no_site_sees_none(url, only_beta, sites):
    see_only(sites)
    assert not rows(url, "SELECT FROM fleet.battery")
    assert not rows(url, "SELECT FROM fleet.incident")


def test_what_the_platform_itself_asks_is_not_narrowed_and_nothing_stays_behind(url, only_beta):
    assert {row.site for row in rows(url, "SELECT site FROM fleet.battery")} == {"beta"}
    see_only(None)
    for _ in range(8):
        assert {row.site for row in rows(url, "SELECT site FROM fleet.battery")} == {"alpha", "beta"}
        assert rows(url, "SELECT current_user <> 'battery_api' AS own")[0].own


def test_the_role_has_no_rights_on_the_truth_and_on_single_parts(url, only_beta):
    for forbidden in (
        "SELECT FROM truth.jar_truth",
        "SELECT FROM public.alembic_version",
        "CREATE TABLE fleet.x (a int)",
    ):
        with pytest.raises(sa.exc.ProgrammingError, match="denied"):
            rows(url, forbidden)


def test_what_people_entered_is_seen_of_one_s_own_sites_alone(url, only_beta):
    see_only(None)
    with transaction(url) as connection:
        connection.execute(
            sa.text(
                "INSERT INTO service.incident_entry (site, incident_id, fault, began_at, action, entered_by) "
                "SELECT site, incident_id, fault, created_at, 'note', 'anna' FROM operations.incident"
            )
        )
    asked = "SELECT DISTINCT site FROM service.incident_entered ORDER BY site"
    assert [row.site for row in rows(url, asked)] == ["alpha", "beta"]
    see_only(frozenset({"beta"}))
    assert [row.site for row in rows(url, asked)] == ["beta"]
    see_only(frozenset())
    assert rows(url, asked) == []


def test_an_analyst_reads_incidents_as_before_and_not_who_acknowledged_as_they_are_called(url):
    entry = (
        "INSERT INTO service.incident_entry (site, incident_id, fault, began_at, action, entered_by) "
        "SELECT site, incident_id, fault, created_at, 'acknowledge', 'anna@example.org' FROM operations.incident"
    )
    asked = "SELECT i.acknowledged_at, e.acknowledged_by FROM fleet.incident i JOIN service.incident_entered e USING (incident_id)"
    with transaction(url) as connection:
        connection.execute(sa.text(entry))
        assert {row.acknowledged_by for row in connection.execute(sa.text(asked))} == {"anna@example.org"}
        connection.execute(sa.text("SET LOCAL ROLE battery_analyst"))
        found = connection.execute(sa.text(asked)).all()
        assert len(found) == 2
        assert all(row.acknowledged_at and row.acknowledged_by is None for row in found)


def test_what_the_platform_does_itself_sees_all_and_no_other_thread_of_the_request_does(url, only_beta):
    from contextvars import copy_context

    with seeing_all():
        assert {row.site for row in rows(url, "SELECT site FROM fleet.battery")} == {"alpha", "beta"}
    assert {row.site for row in rows(url, "SELECT site FROM fleet.battery")} == {"beta"}
    # What a thread of the request learns of its caller holds for the others, whose context is a copy.
    copy_context().run(see_only, frozenset())
    assert not rows(url, "SELECT FROM fleet.battery")
