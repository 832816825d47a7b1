"""The views of the present show what was known at an instant, to whoever names one."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from battery_assets.actions.operations import incidents
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.console.night import CODE, put_night

VIEWS = ("jar_health_now", "string_health_now", "string_runtime_now", "open_alerts", "open_incidents", "incident",
         "work_order", "next_best_visit")  # fmt: skip


@pytest.fixture(scope="module")
def night(migrated_url, tmp_path_factory):
    """A night at two sites, committed now."""
    with copied_database(migrated_url) as url:
        warehouse = Warehouse(database_url=url, lake_url=str(tmp_path_factory.mktemp("lake")))
        put_night(warehouse)
        yield warehouse


def told(warehouse: Warehouse, query: str, as_of: datetime | None, role: str = "") -> list[sa.Row]:
    """Rows of a query as a session gets them that names an instant."""
    with warehouse.transaction() as connection:
        if role:
            connection.execute(sa.text(f"SET LOCAL ROLE {role}"))
        if as_of is not None:
            connection.execute(
                sa.text("SELECT set_config('battery.as_of', :at, true)"), {"at": as_of.isoformat()}
            )
        return list(connection.execute(sa.text(query)))


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_holds_what_was_committed_by_then(night, view):
    query, now = f"SELECT * FROM fleet.{view} ORDER BY 1, 2, 3", datetime.now(UTC)
    whole = told(night, query, None)
    assert whole
    assert told(night, query, now + timedelta(hours=1)) == whole
    before = told(night, query, now - timedelta(days=1))
    if view == "jar_health_now":
        # Master data stand as they are; of what is estimated nothing was known.
        assert len(before) == len(whole)
        assert all(row.soh_pct is None and row.rul_days is None and row.feature_ts is None for row in before)
    elif view == "string_health_now":
        assert all(row.soh_pct_min is None for row in before)
    else:
        assert before == []


def test_an_act_is_seen_from_when_it_was_entered(night):
    state = f"SELECT status, acknowledged_at FROM fleet.incident WHERE incident_code = '{CODE}'"
    [before] = told(night, "SELECT clock_timestamp() AS at", None)
    incidents.acknowledge(night, CODE, "Noi")
    assert told(night, state, before.at) == [("open", None)]
    [after] = told(night, state, None)
    assert (after.status, after.acknowledged_at > before.at) == ("investigating", True)


def test_the_analyst_may_look_back_too(night):
    query = "SELECT count(*) FROM fleet.open_alerts"
    assert told(night, query, None, "battery_analyst") == [(2,)]
    assert told(night, query, datetime(2020, 1, 1, tzinfo=UTC), "battery_analyst") == [(0,)]
