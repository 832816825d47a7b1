"""What an export leaves out is told: nobody says whether it was replaced."""

from battery_assets import tables as t
from battery_assets.fleet.references import codes_there, no_longer_named
from battery_assets.platform.dagster.partitions import Part
from battery_assets_tests.worlds.stores import kept, of, rows

MARCH, APRIL = Part("alpha", "2025-03"), Part("alpha", "2025-04")


def missed(warehouse, table, part, found) -> list[str]:
    """What is told of an export that holds these rows, after they were put there."""
    before = codes_there(warehouse, table, part)
    kept(warehouse, table, found, part)
    return no_longer_named(warehouse, table, part, found, before)


def test_a_jar_that_disappears_from_an_export_stays_and_is_told_by_its_code(warehouse):
    two = rows(t.battery, {"name": "A-J01"}, {"name": "A-J02", "replacement_of": of(t.battery, "A-J01")})
    assert missed(warehouse, t.battery, MARCH, two) == []
    [told] = missed(warehouse, t.battery, APRIL, rows(t.battery, {"name": "A-J02"}))
    assert told.startswith("battery_code: battery has 1 rows that this export does not name; they stay")
    assert told.endswith("A-J01")
    assert missed(warehouse, t.battery, APRIL, two) == []


def test_a_jar_that_a_second_export_of_its_month_leaves_out_is_told_whether_it_stays_or_goes(warehouse):
    missed(warehouse, t.battery, MARCH, rows(t.battery, *({"name": name} for name in "abc")))
    twin = {"name": "a", "battery_id": of(t.battery, "a"), "source": "digital_twin"}
    kept(warehouse, t.rul_prediction, rows(t.rul_prediction, twin), MARCH)
    stays, goes = missed(warehouse, t.battery, MARCH, rows(t.battery, {"name": "c"}))
    assert "1 rows that this export does not name; they stay" in stays
    assert stays.endswith(": a")
    assert "1 rows of battery that an earlier export of this month named" in goes
    assert goes.endswith("are gone, since nothing points at them: b")


def test_another_site_s_jars_and_tables_that_are_replaced_are_not_missed(warehouse):
    kept(warehouse, t.battery, rows(t.battery, {"name": "B-J01"}), Part("beta", "2025-03"))
    assert missed(warehouse, t.incident, MARCH, rows(t.incident, {"name": "a"})) == []
    assert missed(warehouse, t.battery, MARCH, rows(t.battery, {"name": "A-J01"})) == []
    assert missed(warehouse, t.incident, MARCH, rows(t.incident, {"name": "b"})) == []
