"""Every case that is an export of a fleet gives its right value, through the command that a user types."""

from collections.abc import Iterator

import polars as pl
import pytest

from battery_assets_tests.cases import exports_believed, exports_odd, exports_words, own_exports
from battery_assets_tests.cases.imported import Imported, Units, imported
from battery_assets_tests.cases.record import Case

CASES = (*exports_believed.CASES, *exports_odd.CASES, *exports_words.CASES)


@pytest.fixture(scope="module")
def world(shared_data, tmp_path_factory) -> Iterator[Imported]:
    with imported(shared_data, tmp_path_factory.mktemp("cases")) as at:
        yield at


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_export_gives_its_right_value(case: Case, world, shown):
    shown(case, case.check(world))


@pytest.fixture(scope="module")
def own(world) -> dict[str, Units]:
    """Sites of our own making, imported side by side."""
    folder = world.folder / "own-export"
    made = own_exports.write(folder)
    world.folder_of("own", folder)
    jars = {name: [site.id("jar", n) for n in range(1, site.jars + 1)] for name, site in made.items()}
    return {name: Units(world, [site.id("string")], jars[name]) for name, site in made.items()}


def test_a_second_archive_that_was_cut_is_named_and_the_others_are_computed(world, own):
    done = world.results["own"]
    assert done.exit_code != 0
    assert "telemetry_jar_raw.csv.gz was refused: TRUNCATED_ARCHIVE" in done.output
    assert own["cut"].states().is_empty()
    assert own["misnamed"].states().height == own["misnamed"].lives() == 6


def test_a_second_file_that_is_no_tables_is_named(world, own):
    assert own["misnamed"].alerts().is_empty()
    assert "'string_telemetry.csv' is not named as a table" in world.results["own"].output


def test_a_second_jar_in_two_strings_is_named_and_nobody_else_is_accused(world, own):
    jar = own["twice"].jars[0]
    assert set(own["twice"].states()["battery_id"]) == set(own["twice"].jars) - {jar}
    assert "that battery does not name" in world.found("own", f"{jar} x 96")
    assert own["twice"].alerts().is_empty()


def test_a_second_scale_of_a_strings_voltage_is_told_with_its_term(own):
    [told] = own["kilovolts"].objections("critical")
    assert "--contract units=telemetry_string_raw.voltage_v:kV" in told
    assert own["kilovolts"].states().is_empty()


def test_a_second_code_with_markup_is_shown_as_it_stands(world, own):
    shown = world.command("report", "--site", "own", "--most", "100")
    assert shown.exit_code == 0
    assert "[bold]own[/nope]-J01" in shown.output
    assert own["marked"].states().height == 6


def test_a_second_jar_that_falls_is_called_low(world, own):
    mine = own["low"].alerts().filter(pl.col("battery_id") == own["low"].jars[3])
    assert any("below the string median by 1.6" in words for words in mine["message"])
    query = (
        "SELECT DISTINCT title FROM fleet.incident i JOIN fleet.alert a USING (incident_id) "
        "WHERE a.battery_id::text = ANY(:jars) AND a.alert_type <> 'data_quality'"
    )
    titles = [title for (title,) in world.rows(query, jars=own["low"].jars)]
    assert not [title for title in titles if "high" in title.lower()], titles


def test_a_second_channel_that_stands_for_two_jars_is_neither_jars(own):
    [told] = own["copied"].objections("critical")
    assert "J02 and" in told
    assert "J05 show one channel" in told
    assert own["copied"].states().height == 4
