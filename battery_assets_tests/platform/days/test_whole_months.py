"""What is made of a whole month is made again where anything that it reads is another, and else not."""

import dataclasses
from datetime import UTC, datetime

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.assets import Reads
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days import plan
from battery_assets.platform.days.whole_months import reduce_month
from battery_assets.platform.registry import books as registry
from battery_assets_tests.worlds.stores import PART, kept, of, rows

READS: Reads = {
    "reads": [t.string, t.battery_model, t.maintenance_event],
    "history": [t.capacity_test_raw],
    "history_months": 2,
    "earlier": [t.alert],
    "month_before": [t.maintenance_event],
}
MODEL = {"nominal_voltage_v": 12, "capacity_ah": 120, "float_voltage_min_v": 13, "float_voltage_max_v": 14}
LATER = datetime(2025, 3, 2, tzinfo=UTC)


def _in(table: sa.Table, month: str, site: str = "alpha", *, name: str = "x", **more) -> str:
    given = {"name": f"{name} {month} {site}", **more}
    return kept(_in.warehouse, table, rows(table, given), Part(site, month))


@pytest.fixture
def month(warehouse):
    """Makes the month of a table; `made` counts how often."""
    _in.warehouse = warehouse
    with warehouse.transaction() as connection:
        registry.put_site(connection, "alpha", "synthetic", {"timezone": "UTC"})
    kept(warehouse, t.string, rows(t.string, {"name": "a"}, {"name": "b"}))
    kept(warehouse, t.battery_model, rows(t.battery_model, {"name": "m", **MODEL}))
    string = {"string_id": of(t.string, "a")}
    for before in ("2024-12", "2025-01", "2025-02", "2025-03"):
        _in(t.capacity_test_raw, before, **string)
        _in(t.maintenance_event, before)
        _in(t.alert, before)
    made = []

    def commit() -> None:
        kept(warehouse, t.incident, rows(t.incident, {"name": "i"}))

    def make():
        made.append(1)
        return {"rows": pl.DataFrame({"of": [len(made)]})}

    def ask(**more) -> int:
        part = dataclasses.replace(warehouse.claim(t.incident, PART), **more)
        values = reduce_month(
            warehouse, t.incident, part, READS, make, by="battery_assets.platform.days.work"
        )
        assert values["rows"]["of"].to_list() in ([len(made)], [len(made) - 1])
        return len(made)

    commit()
    assert (ask(), ask()) == (1, 1)
    ask.string, ask.commit = string, commit
    return ask


def _sql(words: str):
    def act(_) -> None:
        with _in.warehouse.transaction() as connection:
            assert connection.execute(sa.text(words)).rowcount

    return act


def _site(config: dict):
    def act(_) -> None:
        with _in.warehouse.transaction() as connection:
            registry.put_site(connection, "alpha", "synthetic", config)

    return act


CHANGES = {
    "a value of master data, by hand": _sql("UPDATE fleet.string SET nominal_voltage_v = 100"),
    "a row of master data less": _sql("DELETE FROM fleet.string WHERE string_code = 'b'"),
    "a value of a catalogue": _sql("UPDATE fleet.battery_model SET capacity_ah = 101"),
    "another row of the month": lambda ask: _in(t.maintenance_event, "2025-03", name="y"),
    "another row of the month before": lambda ask: _in(t.maintenance_event, "2025-02", name="y"),
    "the oldest month of the history": lambda ask: _in(
        t.capacity_test_raw, "2025-01", **ask.string, test_date=LATER
    ),
    "the history of the month itself": lambda ask: _in(
        t.capacity_test_raw, "2025-03", **ask.string, test_date=LATER
    ),
    "a month of which only the earlier are read": lambda ask: _in(t.alert, "2024-12", message="high"),
    "a month that was not there": lambda ask: _in(t.alert, "2024-11"),
    "what is known of the site": _site({"timezone": "Asia/Bangkok"}),
    "what it was made from is said to be stale": _sql(
        "UPDATE platform.partition_version SET state = 'stale' WHERE table_name = 'incident'"
    ),
    "the month was never committed": _sql(
        "DELETE FROM platform.partition_version WHERE table_name = 'incident'"
    ),
}
OTHERS = {
    "when a row was written": _sql("UPDATE fleet.string SET updated_at = now()"),
    "the same rows once more": lambda ask: _in(t.maintenance_event, "2025-03"),
    "a month older than the history": lambda ask: _in(
        t.capacity_test_raw, "2024-12", **ask.string, test_date=LATER
    ),
    "the month itself, where only the earlier are read": lambda ask: _in(t.alert, "2025-03", message="high"),
    "a later month": lambda ask: _in(t.maintenance_event, "2025-04"),
    "another site": lambda ask: _in(t.maintenance_event, "2025-03", "beta"),
    "a table that is not read": lambda ask: _in(t.location, "2025-03"),
}


def test_a_month_is_made_again_where_what_it_reads_is_another(month):
    for number, (what, change) in enumerate(CHANGES.items(), start=2):
        change(month)
        assert month() == number, what
        month.commit()
        assert month() == number, f"{what}: once"


def test_a_month_stays_where_something_else_is_another(month):
    for what, change in OTHERS.items():
        change(month)
        assert month() == 1, what


def test_other_code_and_a_run_from_scratch_make_it_again(month, monkeypatch):
    assert (month(from_scratch=True), month()) == (2, 2)
    monkeypatch.setattr(plan, "code_version", lambda by: "another")
    assert (month(), month()) == (3, 3)
