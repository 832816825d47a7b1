"""Sites of files without a row of the month: the night says so and passes on."""

from datetime import UTC, date, datetime

import dagster as dg
import pytest

from battery_assets import definitions
from battery_assets import tables as t
from battery_assets.fleet.idle_sites import idle_in, idle_sites
from battery_assets.fleet.jobs import site_month_job
from battery_assets.platform import clock
from battery_assets.platform.dagster import schedules
from battery_assets.platform.dagster.empty_partition import no_rows
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.worlds.landing import jar_days, known


@pytest.fixture
def sites(warehouse):
    """A site of files with rows of March alone, one without any, and a synthetic one."""
    for name in ("north", "south"):
        known(warehouse, name)
    with warehouse.transaction() as connection:
        registry.put_site(connection, "made", "synthetic", {"place": "phuket"})
    part = Part("north", "2025-03")
    warehouse.replace(
        t.telemetry_jar_raw, warehouse.claim(t.telemetry_jar_raw, part), jar_days(date(2025, 3, 1))
    )
    # Master data are there in every month that was run: they tell nothing.
    for month in ("2025-03", "2025-04"):
        part = Part("north", month)
        rows = warehouse.read(t.location, part).collect()
        warehouse.replace(t.location, warehouse.claim(t.location, part), rows)
    return warehouse


def asked(schedule: dg.ScheduleDefinition, folder: str, *at: int) -> tuple[list[str], str | None]:
    """The partitions that a tick asks for, and why it asks for none."""
    with dg.DagsterInstance.local_temp(folder) as instance:
        instance.add_dynamic_partitions("site", ["made", "north", "south"])
        context = dg.build_schedule_context(
            instance, datetime(*at, tzinfo=UTC), repository_def=definitions.defs.get_repository_def()
        )
        with context:
            tick = schedule.evaluate_tick(context)
    return [str(request.partition_key) for request in tick.run_requests], tick.skip_message


def test_a_site_without_a_row_of_the_month_is_named_with_what_runs_it(sites):
    assert set(idle_sites(sites, "2025-03")) == {"south"}
    assert set(idle_sites(sites, "2025-04")) == {"north", "south"}
    words = idle_sites(sites, "2025-04")["north"]
    assert "north: skipped, no file has rows of 2025-04" in words
    assert "landing sensor" in words


def test_the_night_runs_the_others(sites, tmp_path):
    schedule = schedules.current_month(site_month_job, idle=idle_in(sites))
    assert asked(schedule, str(tmp_path), 2025, 3, 17, 1, 15) == (["2025-03|made", "2025-03|north"], None)
    assert asked(schedule, str(tmp_path), 2025, 4, 17, 1, 15) == (["2025-04|made"], None)


def test_a_night_on_which_nobody_has_rows_says_why(sites, tmp_path):
    with sites.transaction() as connection:
        registry.forget_site(connection, "made")
        known_now = [row.site for row in registry.sites(connection)]
    schedule = schedules.current_month(
        site_month_job, idle=lambda month: idle_sites(sites, month) | {"made": "made: skipped"}
    )
    assert known_now == ["north", "south"]
    runs, why = asked(schedule, str(tmp_path), 2025, 4, 17, 1, 15)
    assert runs == []
    assert "north: skipped" in why and "south: skipped" in why


def test_the_last_day_of_a_month_is_taken_in_on_the_first(sites, tmp_path):
    schedule = schedules.last_day(site_month_job, idle=idle_in(sites))
    assert schedule.cron_schedule == "45 0 1 * *"
    assert asked(schedule, str(tmp_path), 2025, 4, 1, 0, 45)[0] == ["2025-03|made", "2025-03|north"]


def test_where_the_books_cannot_be_asked_everybody_is_run():
    assert (
        idle_in(Warehouse(database_url="postgresql+psycopg://nobody@127.0.0.1:1/none", lake_url=""))(
            "2025-03"
        )
        == {}
    )


def test_a_month_of_which_no_day_is_over_has_nothing_yet_and_that_is_no_failure():
    part = Part("north", "2025-04")
    with clock.stop_at(datetime(2025, 4, 1, 1, 15, tzinfo=UTC)):
        begun, wrong = no_rows(part, [], []), no_rows(part, ["columns differ"], [])
        before = no_rows(Part("north", "2025-03"), [], [])
    with clock.stop_at(datetime(2025, 4, 2, 1, 15, tzinfo=UTC)):
        later = no_rows(part, [], [])
    assert begun.passed and begun.description == "nothing yet: no day of 2025-04 is over"
    assert not (later.passed or before.passed or wrong.passed)
    assert wrong.severity == dg.AssetCheckSeverity.ERROR
