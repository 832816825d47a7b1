"""What is made from rows is made again where any of them has become another, whoever wrote it, and else not."""

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import recorded_reads
from battery_assets.platform.warehouse.unchanged_rows import of_unchanged_rows
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds.stores import NOW, PART, kept, of, rows

CHANGES = {
    "another value": "UPDATE fleet.string SET nominal_voltage_v = 100 WHERE string_code = 'a'",
    "the same value written again": "UPDATE fleet.string SET string_code = string_code",
    "a row less": "DELETE FROM fleet.string WHERE string_code = 'b'",
    "all rows gone": "DELETE FROM fleet.string",
}


@pytest.fixture
def asked(warehouse):
    """Asks for the codes of a site's strings; its `made` are all that were read from the rows."""
    kept(warehouse, t.string, rows(t.string, {"name": "a"}, {"name": "b"}))
    kept(warehouse, t.string, rows(t.string, {"name": "elsewhere"}), Part("beta", "2025-03"))
    made = []

    def codes(warehouse, part):
        made.append(part)
        return sorted(warehouse.read(t.string, part).collect()["string_code"])

    def ask(part=PART):
        return of_unchanged_rows(warehouse, [t.string], part, codes)

    ask.made, ask.warehouse = made, warehouse
    return ask


def test_rows_that_stay_are_read_once_and_count_as_read(asked):
    assert asked() == ["a", "b"]
    with recorded_reads() as reads:
        assert asked() == ["a", "b"]
    assert len(asked.made) == 1
    assert reads == {"string"}


@pytest.mark.parametrize("what", CHANGES)
def test_any_change_is_read(asked, what):
    before = asked()
    with asked.warehouse.transaction() as connection:
        assert connection.execute(sa.text(CHANGES[what])).rowcount
    after = asked()
    assert len(asked.made) == 2
    assert (after == before) == (what in ("another value", "the same value written again"))


def test_sites_and_months_are_apart(asked):
    assert asked(Part("beta", "2025-03")) == ["elsewhere"]
    assert asked(Part("alpha", "2025-04")) == asked() == ["a", "b"]
    assert len(asked.made) == 3
    kept(asked.warehouse, t.string, rows(t.string, {"name": "c"}), Part("beta", "2025-03"))
    assert asked() == ["a", "b"]
    assert len(asked.made) == 3


def test_files_of_the_lake_and_what_is_known_of_the_site_count_too(warehouse):
    made = []

    def ask() -> int:
        of_unchanged_rows(warehouse, [t.telemetry_jar_raw], PART, lambda *_: made.append(1))
        return len(made)

    def put(volts: float) -> None:
        day = [{"ts": NOW, "battery_id": of(t.battery, "a"), "voltage_v": volts}]
        kept(warehouse, t.telemetry_jar_raw, pl.DataFrame(day, schema=polars_schema(t.telemetry_jar_raw)))

    def set_up(zone: str) -> None:
        with warehouse.transaction() as connection:
            registry.put_site(connection, str(PART.site), "synthetic", {"timezone": zone})

    assert (ask(), ask()) == (1, 1)
    for number, change in enumerate((lambda: put(13.5), lambda: put(13.6), lambda: set_up("UTC")), start=2):
        change()
        assert (ask(), ask()) == (number, number)
        change()
        assert ask() == number, "the same once more"
    set_up("Asia/Bangkok")
    assert ask() == 5
