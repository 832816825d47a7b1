"""Facts become events where they are written: runs that fail, jobs that end, data that stay away, keys that end."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
import sqlalchemy as sa

from battery_assets.actions.notifications.watch import watch
from battery_assets.platform import clock
from battery_assets.platform.dagster.failures import failures_sensor
from battery_assets.platform.jobs import core
from battery_assets.platform.jobs.work import working
from battery_assets.platform.warehouse.database import transaction
from battery_assets_tests.worlds.notices.books import person, rows

EVENTS = (
    "SELECT event_type, severity, site, group_key, payload->>'title' AS title FROM service.outbox ORDER BY id"
)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@dg.op(tags={})
def break_off():
    """An op that fails with a cause within."""
    try:
        raise ValueError("line 7 of a.csv\nhas no time")
    except ValueError as error:
        raise RuntimeError("outer words") from error


@dg.job(tags={"dagster/partition": "2026-02|hanoi"})
def site_month():
    """A job that fails."""
    break_off()


def test_a_run_that_failed_is_told_once_with_its_innermost_cause(warehouse):
    sensor = failures_sensor(warehouse)
    with dg.instance_for_test() as instance:
        result = site_month.execute_in_process(instance=instance, raise_on_error=False)
        [failure] = [one for one in result.all_events if one.event_type_value == "PIPELINE_FAILURE"]
        for _ in range(2):
            context = dg.build_run_status_sensor_context(
                sensor_name="run_failures", dagster_event=failure, dagster_instance=instance,
                dagster_run=result.dagster_run,
            )  # fmt: skip
            sensor(context.for_run_failure())
    (event,) = rows(warehouse.database_url, EVENTS)
    assert event.title == "site_month of 2026-02|hanoi failed: ValueError: line 7 of a.csv has no time"
    assert (event.event_type, event.site, event.group_key) == ("run.failed", "hanoi", "job:site_month")


def test_a_job_that_ends_is_told_in_whatever_state_it_ends(warehouse_url):
    for name in ("good", "bad"):
        with transaction(warehouse_url) as connection:
            number = core.ask(connection, "hpo_campaign", {"name": name}, 4)
        try:
            with working(warehouse_url, number):
                if name == "bad":
                    raise ValueError("no signals")
        except ValueError:
            pass
    with transaction(warehouse_url) as connection:
        lost = core.ask(connection, "hpo_campaign", {"name": "lost"}, 4)
        core.take(connection, lost, "somebody")
        connection.execute(
            sa.text("UPDATE service.job SET lease_until = now() - interval '1 s' WHERE id = :id"),
            {"id": lost},
        )
        core.fail_abandoned(connection)
    found = [(row.severity, row.title.split(";")[0]) for row in rows(warehouse_url, EVENTS)]
    assert found == [
        ("info", "hpo campaign good succeeded"),
        ("warning", "hpo campaign bad failed: no signals"),
        ("warning", "hpo campaign lost failed: its worker is gone: nobody renewed its lease"),
    ]


def site(url: str, name: str, newest: str, read: int = 0, refused: int = 0, source: str = "files") -> None:
    """A site as the books have it after a month of telemetry."""
    with transaction(url) as connection:
        values = {"site": name, "source": source, "ts": newest, "read": read, "refused": refused, "at": NOW}
        for statement in (
            "INSERT INTO platform.site (site, source, config) VALUES (:site, :source, '{}')",
            """INSERT INTO platform.partition_version
               (table_name, site, month, claimed, version, rows, profile, state, committed_at)
               VALUES ('telemetry_jar_raw', :site, '2026-03', 1, 1, 9,
               jsonb_build_object('columns', jsonb_build_object('ts', jsonb_build_object('max', cast(:ts AS text)))),
               'current', :at)""",
            """INSERT INTO platform.ingest_file (table_name, site, month, path, rows_read, rows_quarantined)
               VALUES ('telemetry_jar_raw', :site, '2026-03', 'a.csv', :read, :refused)""",
        ):
            connection.execute(sa.text(statement), values)


def test_data_that_stay_away_are_told_once_for_each_silence(warehouse_url):
    site(warehouse_url, "late", "2026-03-06T00:00:00+00:00")
    site(warehouse_url, "well", "2026-03-10T00:00:00+00:00")
    site(warehouse_url, "history", "2024-03-06T00:00:00+00:00")
    site(warehouse_url, "made", "2026-03-01T00:00:00+00:00", source="synthetic")
    for hours in (0, 1, 30):
        with clock.stop_at(NOW + timedelta(hours=hours)):
            watch(warehouse_url)
    (event,) = rows(warehouse_url, EVENTS)
    assert (event.event_type, event.site) == ("data.stale", "late")
    assert "since 2026-03-06 00:00 UTC" in event.title


@pytest.mark.parametrize(
    ("read", "refused", "told"),
    [
        (10_000, 99, False),
        (1_000_000, 9_999, False),
        (10_000, 100, False),
        (10_000, 101, True),
        (200, 200, True),
    ],
)
def test_rows_that_are_refused_beyond_a_limit_are_told(warehouse_url, read, refused, told):
    site(warehouse_url, "hanoi", "2026-03-10T00:00:00+00:00", read, refused)
    for _ in range(2):
        with clock.stop_at(NOW):
            watch(warehouse_url)
    assert [row.event_type for row in rows(warehouse_url, EVENTS)] == ["data.quarantined"] * told


def test_a_key_that_ends_is_told_to_its_owner_once(warehouse_url):
    anna = person(warehouse_url, "anna")
    insert = """INSERT INTO service.api_keys (user_id, key_hash, name, prefix, expires_at)
                VALUES (:u, :p, :p, :p, :at) RETURNING id"""
    for prefix, days in (("soon", 13), ("later", 15), ("gone", -1)):
        rows(warehouse_url, insert, u=anna, p=prefix, at=NOW + timedelta(days=days))
    for hours in (0, 1):
        with clock.stop_at(NOW + timedelta(hours=hours)):
            watch(warehouse_url)
    found = rows(
        warehouse_url,
        "SELECT event_type, payload->>'owner' AS owner, payload->>'title' AS title FROM service.outbox",
    )
    assert [(row.event_type, row.owner) for row in found] == [("key.expiring", str(anna))]
    assert found[0].title == "key soon (soon) ends on 2026-03-23 12:00 UTC"
