"""What is told of a cell beside its files: refused where it cannot be, and the last word counts."""

import json

from battery_assets.actions.import_lab import land
from battery_assets.lab.intake import enter_new_tests
from battery_assets.lab.sensors import waiting
from battery_assets.lab.sessions import sessions_of
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import books as registry
from battery_assets_tests.worlds.lab_files.cells import NOMINAL_AH, life_points
from battery_assets_tests.worlds.lab_files.taken_in import TERMS, refuse, write_bdf


def test_an_end_of_life_that_is_no_percentage_is_refused_with_the_file_to_correct(warehouse, tmp_path):
    part = Part("lab-e", "2024-03")
    with warehouse.transaction() as connection:
        registry.put_site(connection, str(part.site), "lab-files", {})
    folder = tmp_path / "landing" / str(part.site)
    path = write_bdf(tmp_path / "C1.csv", life_points(cycles=2))
    book = folder / "C1" / "cell.json"
    named = [(path, "C1/cycle_life/C1.csv")]
    land(Landing(folder=str(folder.parent)), str(part.site), named, {**TERMS, "end_of_life_pct": 0.75})
    defaults = {"end_of_life_pct": 90}
    [found] = enter_new_tests(warehouse, str(part.site), folder, defaults, refuse)
    assert found.status == "accepted", "what the cell says goes before what its lab says"
    book.write_text(json.dumps({"nominal_capacity_ah": NOMINAL_AH, "end_of_life_pct": 250}))
    [found] = enter_new_tests(warehouse, str(part.site), folder, defaults, refuse)
    assert found.status == "refused"
    assert "end_of_life_pct: 250 is no percentage" in found.reason
    assert "C1/cell.json" in found.reason


def test_terms_that_are_told_later_take_the_place_of_the_first(warehouse, tmp_path):
    part = Part("lab-l", "2024-03")
    with warehouse.transaction() as connection:
        registry.put_site(connection, str(part.site), "lab-files", {})
    folder = tmp_path / "landing" / str(part.site)
    path = write_bdf(tmp_path / "C1.csv", life_points(cycles=2))
    seen = []
    for more in ({}, {"end_of_life_pct": 70.0}, {"cutoff_voltage_v": 2.6}):
        named = [(path, "C1/cycle_life/C1.csv")]
        land(Landing(folder=str(folder.parent)), str(part.site), named, {**TERMS, **more})
        [found] = enter_new_tests(warehouse, str(part.site), folder, {}, refuse)
        assert found.status == "accepted", found.reason
        [test] = sessions_of(warehouse, part)
        seen.append((test.record.cell.end_of_life_pct, test.record.cutoff_voltage_v))
    assert seen == [(None, 2.5), (70.0, 2.5), (70.0, 2.6)]
    assert waiting(warehouse, [str(part.site)])
