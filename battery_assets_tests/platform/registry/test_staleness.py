"""A month whose rows have changed makes the months stale whose history it is, and they are run in order."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import dagster as dg
import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import definitions as d
from battery_assets import tables as t
from battery_assets.platform.dagster.assets import later_readers
from battery_assets.platform.dagster.catching_up import oldest_stale, stale_sensor
from battery_assets.platform.dagster.partitions import Part, months_after
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry import staleness
from battery_assets.platform.registry.staleness import mark_stale
from battery_assets.tables.projections import empty
from battery_assets_tests.worlds.stores import kept, of, rows

MONTHS = ("2025-03", "2025-04", "2025-05", "2026-06")
READ, READER, NEITHER = t.impedance_measurement_raw, t.feature_store, t.incident


def measured(name: str, value: float = 4.0) -> pl.DataFrame:
    one = {"name": name, "resistance_mohm": value, "battery_id": of(t.battery, "jar")}
    return rows(READ, one).with_columns(measured_at=pl.lit(Part(month="2025-03").start))


@pytest.fixture
def history(warehouse):
    """Four months of two sites: measurements, and what was made of them."""
    for site in ("alpha", "beta"):
        with warehouse.transaction() as connection:
            registry.put_site(connection, site, "files", {})
        kept(
            warehouse,
            t.battery,
            rows(t.battery, {"name": "jar" if site == "alpha" else "other"}),
            Part(site, MONTHS[0]),
        )
        for month in MONTHS:
            for table in (READ, READER, NEITHER):
                kept(warehouse, table, empty(table), Part(site, month))
    assert stale(warehouse) == set()
    return warehouse


def stale(warehouse) -> set[tuple[str, str, str]]:
    with warehouse.transaction() as connection:
        found = connection.execute(sa.text("SELECT site, month, unnest(tables) FROM fleet.stale_months"))
        return {tuple(row) for row in found}


def test_months_are_counted_over_the_year():
    assert [months_after("2025-11", n) for n in (0, 1, 2, 14)] == ["2025-11", "2025-12", "2026-01", "2027-01"]


def test_who_looks_back_is_read_off_the_assets():
    assert d.assets
    assert later_readers(READ)[READER.name] == 12
    assert later_readers(t.digital_twin_state)["digital_twin_state"] == 12
    assert later_readers(t.incident) == {"incident": 1}
    assert later_readers(t.work_order) == {"work_order": 1}
    # Each run writes alerts twice: as history of more they would make month after month stale.
    assert later_readers(t.alert) == {"rule_replay": 11}


def test_what_looks_back_on_a_month_that_changed_is_stale_as_far_as_it_looks(history):
    kept(history, READ, measured("late"), Part("alpha", "2025-03"))
    assert stale(history) == {("alpha", month, READER.name) for month in ("2025-04", "2025-05")}


def test_a_month_that_was_run_again_and_did_not_change_makes_nothing_stale(history):
    kept(history, READ, measured("late"), Part("alpha", "2025-03"))
    for month in ("2025-04", "2025-05"):
        kept(history, READER, empty(READER), Part("alpha", month))
    kept(history, READ, measured("late"), Part("alpha", "2025-03"))
    assert stale(history) == set()


def test_an_earlier_month_that_comes_late_makes_later_ones_stale(history):
    kept(history, READ, measured("first"), Part("alpha", "2025-02"))
    assert {month for _, month, _ in stale(history)} == {"2025-03", "2025-04", "2025-05"}


def test_the_oldest_stale_month_of_each_site_comes_first(history):
    kept(history, READ, measured("late"), Part("alpha", "2025-03"))
    with history.transaction() as connection:
        mark_stale(connection, NEITHER, Part("beta", "2025-05"))
    assert [part[:2] for part in oldest_stale(history)["site"]] == [("2025-04", "alpha"), ("2025-05", "beta")]
    with history.transaction() as held:
        registry.hold_site(held, "alpha")
        assert [part[:2] for part in oldest_stale(history)["site"]] == [("2025-05", "beta")]


def requests(history, instance, cursor=None) -> list[dg.RunRequest]:
    sensor = stale_sensor(history, {"site": d.of_fleet.site_month_job, "lab": d.of_lab.lab_month_job})
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    return sensor(context)


def test_the_sensor_runs_them_and_asks_for_no_failed_run_twice(history):
    kept(history, READ, measured("late"), Part("alpha", "2025-03"))
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("site", ["alpha", "beta", "tpyo"])
        instance.add_dynamic_partitions("month", ["2025-13"])
        first, again = requests(history, instance), requests(history, instance)
        [request] = first.run_requests
        assert request.job_name == "site_month"
        assert str(request.partition_key) == "2025-04|alpha"
        assert again.run_requests[0].run_key == request.run_key, "Dagster launches a key once"
        kept(history, READER, empty(READER), Part("alpha", "2025-04"))
        [following] = requests(history, instance).run_requests
        assert str(following.partition_key) == "2025-05|alpha"
        taken = [
            (one.partitions_def_name, list(one.partition_keys)) for one in first.dynamic_partitions_requests
        ]
        assert taken == [("site", ["tpyo"]), ("month", ["2025-13"])]


def test_a_stale_partition_is_told_where_people_look(history):
    """Views say so of each row; the rows themselves are the last whole version."""
    one = {"battery_id": of(t.battery, "jar"), "source": "digital_twin"}
    kept(history, t.rul_prediction, rows(t.rul_prediction, {"name": "p", **one}), Part("alpha", "2025-04"))
    seen = "SELECT rul_days, stale FROM fleet.prediction_history"
    for expected in (False, True):
        with history.transaction() as connection:
            assert [tuple(row) for row in connection.execute(sa.text(seen))] == [(100, expected)]
            mark_stale(connection, t.rul_prediction, Part("alpha", "2025-04"))


def test_two_months_that_mark_each_other_s_rows_both_end_well(history, monkeypatch):
    """March marks two readers of later months; April has one of them locked and wants the other."""
    first, second = sorted((READER, NEITHER), key=lambda table: table.name)
    meet, mark, met = Barrier(2), staleness._mark_later, []

    def slowly(connection, part, month, name, reach) -> None:
        mark(connection, part, month, name, reach)
        if month == "2025-03" and name == first.name and not met:
            met.append(True)
            meet.wait(10)
            time.sleep(0.3)

    def april() -> None:
        with history.transaction() as connection:
            registry.hold(connection, second, Part("alpha", "2025-04"), None)
            meet.wait(10)
            staleness.mark_later_stale(
                connection, Part("alpha", "2025-04"), {first.name: 12, second.name: 12}
            )

    def march() -> None:
        with history.transaction() as connection:
            staleness.mark_later_stale(
                connection, Part("alpha", "2025-03"), {first.name: 12, second.name: 12}
            )

    monkeypatch.setattr(staleness, "_mark_later", slowly)
    with ThreadPoolExecutor(2) as pool:
        for running in [pool.submit(april), pool.submit(march)]:
            running.result(timeout=60)
    assert met
    assert {month for _, month, _ in stale(history)} == {"2025-04", "2025-05"}
