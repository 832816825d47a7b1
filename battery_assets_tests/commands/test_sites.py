"""Sites and labs come, keep their settings while they have data, and go with a preview."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from battery_assets import tables as t
from battery_assets.cli import main
from battery_assets.hosting.databases import running_database
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.worlds.homes import fresh_home
from battery_assets_tests.worlds.stores import kept, rows
from battery_assets_tests.worlds.writers import replace

SITE = ("site", "add", "bkk", "--place", "bangrak", "--start", "2025-01")
LAB = ("lab", "add", "bench", "--cells", "6", "--start", "2025-01")


@pytest.fixture(scope="module")
def home():
    before = dict(os.environ)
    with fresh_home() as settings, running_database(settings):
        yield settings
    os.environ.clear()
    os.environ.update(before)


def run(settings, *arguments: str):
    return CliRunner().invoke(main, arguments, env={"BATTERY_HOME": str(settings.home)})


@pytest.fixture(scope="module")
def filled(home) -> Warehouse:
    """A site and a lab with a month of data each, both added from the command line."""
    for command in (SITE, LAB):
        added = run(home, *command)
        assert added.exit_code == 0, added.output
    warehouse = Warehouse(database_url=home.warehouse_url, lake_url=home.lake_url)
    replace(warehouse, t.telemetry_jar_raw, 5, Part("bkk", "2025-03"))
    kept(warehouse, t.location, rows(t.location, {"name": "a"}), Part("bkk", "2025-03"))
    cell = {"name": "cell", "nominal_capacity_ah": 2.5}
    kept(warehouse, t.battery_cell, rows(t.battery_cell, cell), Part("bench", "2025-03"))
    return warehouse


def test_the_same_settings_may_be_said_again(home, filled):
    for command in (SITE, LAB):
        assert run(home, *command).exit_code == 0


@pytest.mark.parametrize(
    ("command", "changed"),
    [((*SITE, "--seed", "5"), "seed 0 -> 5"), ((*SITE, "--strings", "3"), "strings 9 -> 3"),
     ((*SITE[:4], "phuket", *SITE[5:]), "place 'bangrak' -> 'phuket'"), ((*LAB, "--seed", "2"), "seed 0 -> 2")],
)  # fmt: skip
def test_other_settings_of_what_has_data_are_refused_and_nothing_is_changed(home, filled, command, changed):
    before = run(home, "site", "list").output, run(home, "lab", "list").output
    refused = run(home, *command)
    assert refused.exit_code == 1
    assert changed in refused.output
    assert "has data from 2025-03 to 2025-03" in refused.output
    kind, name = command[0], command[2]
    assert (
        f"next step: give another name, or run `battery-assets {kind} remove {name}` first" in refused.output
    )
    assert (run(home, "site", "list").output, run(home, "lab", "list").output) == before


def test_sites_and_labs_are_listed_apart(home, filled):
    assert "bkk" in run(home, "site", "list").output
    assert "bench" not in run(home, "site", "list").output
    assert "bench" in run(home, "lab", "list").output


def test_what_would_go_is_shown_and_nothing_is_done(home, filled):
    shown = run(home, "site", "remove", "bkk")
    assert shown.exit_code == 0
    assert "telemetry_jar_raw" in shown.output
    assert "505 rows" in shown.output
    assert "Next: battery-assets site remove bkk --yes" in shown.output
    assert filled.read(t.telemetry_jar_raw, Part("bkk", "2025-03")).collect().height == 505


def test_a_site_is_no_lab_and_an_unknown_one_is_told(home, filled):
    for words in (("lab", "remove", "bkk"), ("site", "remove", "bench"), ("site", "remove", "nowhere")):
        refused = run(home, *words, "--yes")
        assert refused.exit_code == 1
        assert (
            f"{words[0]} {words[2]} is not known; known: {'bkk' if words[0] == 'site' else 'bench'}"
            in refused.output
        )


def test_a_refused_import_leaves_no_site_and_no_file(home, filled, tmp_path):
    (tmp_path / "readings.csv").write_text("a,b\n1,2\n")
    refused = run(home, "import", "fleet", str(tmp_path), "--site", "ghost")
    assert refused.exit_code == 1
    assert "ghost" not in run(home, "site", "list").output
    assert not (Path(home.landing) / "ghost").exists()
    assert run(home, "site", "remove", "ghost").exit_code == 1


def error_of(output: str) -> str:
    """The fault and the next step that a command ended with."""
    return output[output.index("error: ") :]


def test_a_lab_of_which_every_test_is_refused_is_not_kept(home, filled, tmp_path):
    (tmp_path / "notes.csv").write_text("this,is\nno,test\n")
    command = ["import", "lab", str(tmp_path / "notes.csv"), "--lab", "ghosts", "--cell", "C1"]
    refused = run(home, *command)
    assert refused.exit_code == 1, refused.output
    assert "it was not kept\nnotes.csv: UNKNOWN_DIALECT: found the columns" in refused.output
    assert "next step: export with the cycler's own headings, or declare each column" in refused.output
    assert "ghosts" not in run(home, "lab", "list").output
    again = run(home, *command)
    assert (again.exit_code, error_of(again.output)) == (1, error_of(refused.output)), (
        "refused as it was before"
    )
    assert "ghosts" not in run(home, "lab", "list").output


def test_a_name_that_somebody_typed_on_a_page_is_no_partition_after_the_next_command(home, filled):
    import dagster as dg

    run(home, "site", "list")
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions("site", ["tpyo"])
        run(home, "site", "list")
        assert instance.get_dynamic_partitions("site") == ["bkk"]


def test_removed_is_gone_and_its_files_are_set_aside(home, filled):
    import dagster as dg

    landing = Path(home.landing) / "bkk"
    landing.mkdir(parents=True)
    (landing / "battery.csv").write_text("kept\n")
    removed = run(home, "site", "remove", "bkk", "--yes")
    assert removed.exit_code == 0, removed.output
    assert "its books stay in platform.removed_site" in removed.output
    [aside] = [line for line in removed.output.splitlines() if line.startswith("Its files lie in ")]
    folder = Path(aside.removeprefix("Its files lie in ").removesuffix(" now."))
    assert (folder / "battery.csv").read_text() == "kept\n"
    assert not landing.exists()
    assert filled.read(t.telemetry_jar_raw, Part("bkk")).collect().is_empty()
    assert "bkk" not in run(home, "site", "list").output
    with dg.DagsterInstance.get() as instance:
        assert instance.get_dynamic_partitions("site") == []
    assert run(home, "lab", "remove", "bench", "--yes").exit_code == 0
    assert run(home, *SITE, "--seed", "5").exit_code == 0, "it begins anew, with other settings"


@pytest.mark.parametrize("word", ["cell", "protocol"])
@pytest.mark.parametrize(
    "name", ["../../outside", "..", "/tmp/x", "a/b", ".hidden", "a\\b", "", "x" * 101, "a\nb"]
)
def test_a_cell_or_protocol_never_leaves_the_landing_folder(home, tmp_path, word, name):
    (tmp_path / "a.csv").write_text("1\n")
    command = ("import", "lab", str(tmp_path / "a.csv"), "--lab", "paths", "--cell", "C1", f"--{word}", name)
    refused = run(home, *command)
    assert refused.exit_code == 1
    assert f"--{word} {name!r} cannot be the name of a folder" in refused.output
    assert not list(Path(home.landing).rglob("a.csv"))


@pytest.mark.parametrize("name", ["CS2_35", "é1", "cell 7 (old)", "T05.1-a", "b1_c0"])
def test_codes_that_cells_have_are_folders(tmp_path, name):
    from battery_assets.actions.import_lab import named_files

    (tmp_path / "a.csv").write_text("1\n")
    [(_, place)] = named_files(tmp_path / "a.csv", name, "cycle_life", False)
    assert place == f"{name}/cycle_life/a.csv"
