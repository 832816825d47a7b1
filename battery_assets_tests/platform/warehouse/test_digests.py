"""Rows that somebody changed behind the platform's back turn their suite red and are made again."""

from datetime import date
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.checks import suite_check
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.dagster.steps import body_of
from battery_assets.platform.days.work import day_plan
from battery_assets.platform.warehouse.stored import changed_rows
from battery_assets_tests.worlds.stores import kept, rows

MARCH = Part("alpha", "2025-03")
CHANGES = {
    "a value within its limits": "UPDATE operations.incident SET description = 'other' WHERE title = 'x'",
    "another title": "UPDATE operations.incident SET title = 'y' WHERE month = '2025-03'",
    "a row less": "DELETE FROM operations.incident WHERE incident_code = 'a'",
    "all rows gone": "DELETE FROM operations.incident",
    "another code": "UPDATE operations.incident SET incident_code = 'z' WHERE incident_code = 'a'",
}


@pytest.fixture
def committed(warehouse):
    kept(warehouse, t.incident, rows(t.incident, {"name": "a"}, {"name": "b"}))
    kept(warehouse, t.incident, rows(t.incident, {"name": "c"}), Part("alpha", "2025-04"))
    assert changed_rows(warehouse, t.incident, MARCH) == []
    return warehouse


def change(warehouse, statement: str) -> None:
    with warehouse.transaction() as connection:
        assert connection.execute(sa.text(statement)).rowcount


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_told_with_its_partition_and_what_to_do(committed, what):
    change(committed, CHANGES[what])
    [words] = changed_rows(committed, t.incident, MARCH)
    assert words.startswith("incident 2025-03|alpha: the ")
    assert "not the 2 committed" in words
    assert "materialize this partition again" in words
    kept(committed, t.incident, rows(t.incident, {"name": "a"}))
    assert changed_rows(committed, t.incident, MARCH) == []


def written_by(warehouse) -> set:
    """The transactions that wrote the rows of March."""
    query = sa.text("SELECT xmin::text FROM operations.incident WHERE month = '2025-03'")
    with warehouse.transaction() as connection:
        return set(connection.execute(query).scalars())


def test_rows_that_are_there_are_not_written_again(committed):
    before, same = written_by(committed), rows(t.incident, {"name": "a"}, {"name": "b"})
    kept(committed, t.incident, same)
    assert written_by(committed) == before
    kept(committed, t.incident, same.head(1))
    assert len(written_by(committed) | before) == 2


@pytest.mark.parametrize("what", CHANGES)
def test_rows_that_somebody_changed_are_written_again(committed, what):
    same = rows(t.incident, {"name": "a"}, {"name": "b"})
    before = committed.read(t.incident, MARCH).collect()
    change(committed, CHANGES[what])
    kept(committed, t.incident, same)
    assert changed_rows(committed, t.incident, MARCH) == []
    assert committed.read(t.incident, MARCH).collect().equals(before)


def test_the_suite_is_red(committed):
    run = SimpleNamespace(tags={})
    context = SimpleNamespace(run=run, has_partition_key=True, partition_key="2025-03|alpha")
    context.op_execution_context = context
    suite = body_of(suite_check(t.incident))
    assert suite(context, committed).passed
    change(committed, CHANGES["a value within its limits"])
    verdict = suite(context, committed)
    assert not verdict.passed
    assert "somebody has changed them" in verdict.description


def test_rows_of_a_form_that_a_migration_changed_are_not_compared(committed):
    """A column that a migration adds is in no digest of before."""
    other_form = "UPDATE platform.partition_version SET rows_digest = '0123456789abcdef:17'"
    change(committed, other_form)
    change(committed, CHANGES["a row less"])
    assert changed_rows(committed, t.incident, MARCH) == []


def test_no_kept_day_stays_where_a_row_was_changed(warehouse):
    table = next(table for table in t.TABLES if table.info["dated_by"] and table.schema == "fleet")
    days = [date(2025, 3, day) for day in (1, 2, 3)]

    def made() -> list[date]:
        claimed = warehouse.claim(table, MARCH)
        due = day_plan(
            warehouse,
            table,
            claimed,
            dict.fromkeys(days, "made of this"),
            by="battery_assets.platform.days.plan",
        )
        warehouse.replace(table, claimed, {}, plan=due)
        return due.to_make

    assert made() == days
    assert made() == []
    change(warehouse, "UPDATE platform.partition_version SET rows_digest = left(rows_digest, 17) || '42'")
    assert made() == days


@pytest.mark.parametrize(
    "change_of", ["UPDATE fleet.battery SET position_in_string = 2 WHERE battery_code = 'a'",
                  "DELETE FROM fleet.battery WHERE battery_code = 'b'"],
)  # fmt: skip
def test_a_change_of_master_data_is_told_until_the_newest_month_is_made_again(warehouse, change_of):
    """A row of a jar is March's until April names it: both months know the site's rows as they were left."""
    april, two = Part("alpha", "2025-04"), rows(t.battery, {"name": "a"}, {"name": "b"})
    kept(warehouse, t.battery, two, MARCH)
    kept(warehouse, t.battery, two, april)
    kept(warehouse, t.battery, rows(t.battery, {"name": "z"}), Part("beta", "2025-03"))
    for part in (MARCH, april):
        assert changed_rows(warehouse, t.battery, part) == []
    change(warehouse, change_of)
    for part in (MARCH, april):
        [words] = changed_rows(warehouse, t.battery, part)
        assert words.startswith("battery: the rows of alpha are not those that were committed")
    assert changed_rows(warehouse, t.battery, Part("beta", "2025-03")) == []
    kept(warehouse, t.battery, rows(t.battery, {"name": "old"}), MARCH)
    assert changed_rows(warehouse, t.battery, april), "an older month vouches for nothing"
    kept(warehouse, t.battery, two, april)
    assert changed_rows(warehouse, t.battery, MARCH) == changed_rows(warehouse, t.battery, april) == []
