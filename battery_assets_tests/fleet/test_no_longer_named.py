"""What an export leaves out is told: nobody says whether it was replaced."""

from battery_assets import tables as t
from battery_assets.fleet.references import no_longer_named
from battery_assets.platform.dagster.partitions import Part
from battery_assets_tests.worlds.stores import kept, of, rows

MARCH, APRIL = Part("alpha", "2025-03"), Part("alpha", "2025-04")


def test_a_jar_that_disappears_from_an_export_stays_and_is_told_by_its_code(warehouse):
    two = rows(t.battery, {"name": "A-J01"}, {"name": "A-J02", "replacement_of": of(t.battery, "A-J01")})
    kept(warehouse, t.battery, two, MARCH)
    one = rows(t.battery, {"name": "A-J02"})
    kept(warehouse, t.battery, one, APRIL)
    [told] = no_longer_named(warehouse, t.battery, APRIL, one)
    assert told.startswith("battery_code: battery has 1 rows of other months")
    assert told.endswith("A-J01")
    assert no_longer_named(warehouse, t.battery, APRIL, two) == []


def test_another_site_s_jars_and_tables_that_are_replaced_are_not_missed(warehouse):
    kept(warehouse, t.battery, rows(t.battery, {"name": "B-J01"}), Part("beta", "2025-03"))
    kept(warehouse, t.incident, rows(t.incident, {"name": "a"}), MARCH)
    assert no_longer_named(warehouse, t.battery, MARCH, rows(t.battery, {"name": "A-J01"})) == []
    assert no_longer_named(warehouse, t.incident, MARCH, rows(t.incident, {"name": "b"})) == []
