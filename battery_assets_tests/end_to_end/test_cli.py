"""What the command line says when something is wrong: the fault and the next step, never a traceback."""

import os
import pickle
import shlex
from pathlib import Path

import click
import dagster as dg
import pytest
from click.testing import CliRunner

from battery_assets import tables as t
from battery_assets.actions.session import session
from battery_assets.cli import main
from battery_assets.errors import UserError
from battery_assets.features.lab import tables
from battery_assets.hosting.databases import running_database
from battery_assets.platform import clock
from battery_assets.platform.dagster.metadata import picture
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.worlds.exports import write_export
from battery_assets_tests.worlds.homes import fresh_home
from battery_assets_tests.worlds.lab_files.cells import NOMINAL_AH
from battery_assets_tests.worlds.lab_files.taken_in import write_bdf
from battery_assets_tests.worlds.served import command

TEST_WITHOUT_START = """elapsed_s,voltage_v,current_a
0,12.80,0
60,12.50,-10
120,12.40,-10
180,12.30,-10
240,12.90,0
"""
BENCH = "--rated-ah 100 --region central --city Nonthaburi"
WRONG = {
    "an unknown site": (
        "backfill --site nowhere --from 2025-01 --to 2025-02",
        "site nowhere is not known; known: a",
        "battery-assets site add NAME --place bangrak",
    ),
    "pictures of a month that was not made": (
        "pictures digital_twin_state --site a --month 2025-01",
        "digital_twin_state was not made for 2025-01 of a",
        "battery-assets status",
    ),
    "no month": (
        "backfill --site a --from 2025-13 --to 2025-13",
        "month '2025-13' is not a month",
        "2025-03",
    ),
    "months backwards": (
        "backfill --from 2025-03 --to 2025-01",
        "months 2025-03 to 2025-01",
        "correct --from",
    ),
    "months to come": ("backfill --from 2199-01 --to 2199-02", "allowed are 2015-01 to", "correct --from"),
    "no daemon": (
        "backfill --from 2024-01 --to 2024-01",
        "no daemon serves this home",
        "`battery-assets up`",
    ),
    "no export": (
        "import fleet {empty} --site x",
        "holds no .csv, .csv.gz, .parquet file",
        "folder of the export",
    ),
    "times of no zone": (
        "import fleet {naive} --site x",
        "could be read",
        "--timezone Asia/Bangkok",
    ),
    "an unknown zone": (
        "import fleet {naive} --site x --timezone Asia/Bankok",
        "no IANA time zone",
        "correct the value",
    ),
    "a term without value": (
        "import fleet {naive} --site x --contract strict",
        "not KEY=VALUE",
        "policy=strict",
    ),
    "an unknown term": (
        "import fleet {naive} --site x --contract polic=strict",
        "did you mean 'policy'?",
        "correct",
    ),
    "a test without start": (
        f"import capacity-test {{test}} --site x {BENCH}",
        "does not say when the test began",
        "--started-at",
    ),
    "a test's start in words": (
        f"import capacity-test {{test}} --site x {BENCH} --started-at yesterday",
        "'yesterday' is not a time",
        "2024-05-31T08:00:00",
    ),
    "a lab named as a site": (
        "import lab {test} --lab a",
        "a is there already, as synthetic, not as lab-files",
        "give another name",
    ),
    "a lab's test that began in words": (
        "import lab {test} --lab oslo --started-at yesterday",
        "'yesterday' is no instant; write it as 2024-05-31T08:00",
        "correct the value",
    ),
    "a lab of no zone": (
        "lab add mars --source files --timezone Mars/Olympus",
        "'Mars/Olympus' is no IANA time zone",
        "correct the value",
    ),
    "a site nowhere": (
        "site add y",
        "a synthetic site needs a place",
        "--place bangrak, or --source files",
    ),
    "an unknown place": ("site add y --place atlantis", "give one of chiangmai", "correct the value"),
    "a name that is none": ("site add 'Y|z' --place phuket", "'Y|z' is not allowed", "correct the value"),
}


@pytest.fixture(scope="module")
def home():
    """A home with one site, whose database runs as long as the tests do."""
    before = dict(os.environ)
    with fresh_home() as settings, running_database(settings):
        assert run(settings, "site", "add", "a", "--place", "phuket").exit_code == 0
        yield settings
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, str]:
    """Files that a person might name: none, some whose times have no zone, a test without a start."""
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "empty").mkdir()
    write_export(folder / "naive", "x", offsets=False)
    (folder / "test.csv").write_text(TEST_WITHOUT_START)
    return {"empty": f"{folder}/empty", "naive": f"{folder}/naive", "test": f"{folder}/test.csv"}


def run(settings, *arguments: str):
    return CliRunner().invoke(main, arguments, env={"BATTERY_HOME": str(settings.home)})


@pytest.mark.parametrize("wrong", WRONG)
def test_a_fault_is_told_with_the_next_step(home, inputs, wrong):
    line, fault, next_step = WRONG[wrong]
    done = run(home, *shlex.split(line.format(**inputs)))
    assert done.exit_code == 1, done.output
    told = done.stderr.splitlines()
    # One line for the fault, more only where each of several files has its own; the last says what to do.
    assert told[0].startswith("error: ")
    assert fault in told[0]
    assert not [line for line in told[1:-1] if ": " not in line], done.output
    assert told[-1].startswith("next step: ")
    assert next_step in told[-1]


def test_a_real_process_ends_with_one_and_writes_to_stderr(home):
    done = command(home, "backfill", "--site", "nowhere", "--from", "2025-01", "--to", "2025-01")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: site nowhere is not known")


def test_a_fault_survives_the_way_back_from_another_process():
    told = pickle.loads(pickle.dumps(UserError("the fault", "the next step")))
    assert (told.message, told.next_step, told.exit_code) == ("the fault", "the next step", 1)


def every_command(group: click.Group, path: tuple[str, ...] = ()):
    for name, found in group.commands.items():
        yield (*path, name)
        if isinstance(found, click.Group):
            yield from every_command(found, (*path, name))


@pytest.mark.parametrize("path", [(), *every_command(main)], ids=" ".join)
def test_every_help_has_an_example(path):
    shown = CliRunner().invoke(main, [*path, "--help"]).output
    assert "Example:" in shown
    assert f"battery-assets {' '.join(path)}".strip() in shown.partition("Example:")[2]


OLD_FORMS = {
    "import {naive} --site x --timezone Asia/Bangkok": "import fleet {naive} --site x --timezone Asia/Bangkok",
    "import --site x 'a folder'": "import fleet --site x 'a folder'",
    f"import {{test}} --site x --capacity-test {BENCH}": f"import capacity-test {{test}} --site x {BENCH}",
}


@pytest.mark.parametrize("old", OLD_FORMS)
def test_the_old_form_of_import_says_what_to_type(home, inputs, old):
    done = run(home, *shlex.split(old.format(**inputs)))
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        "error: `battery-assets import` is a group now: fleet, lab, capacity-test",
        f"next step: battery-assets {OLD_FORMS[old].format(**inputs)}",
    ]


def test_a_slip_in_a_group_is_no_old_form(home):
    done = run(home, "import", "flet", "somewhere")
    assert done.exit_code == 2
    assert "No such command 'flet'" in done.stderr
    done = run(home, "import", "capacity-test", __file__, "--site", "x")
    assert done.exit_code == 2
    assert "Missing option '--rated-ah'" in done.stderr


def test_a_site_of_files_says_where_its_files_go(home):
    done = run(home, "site", "add", "z", "--source", "files", "--timezone", "Asia/Bangkok")
    assert done.exit_code == 0, done.output
    assert f"put its exports into {home.landing}/z" in done.output
    assert '"timezone": "Asia/Bangkok"' in run(home, "site", "list").output


@pytest.mark.parametrize(
    ("cells", "last"), [("8", "2025-01"), ("12", "2025-02"), ("500", f"{clock.now():%Y-%m}")]
)
def test_a_made_up_lab_says_which_months_its_cells_take(home, cells, last):
    done = run(home, "lab", "add", "made", "--cells", cells, "--start", "2025-01")
    assert done.exit_code == 0, done.output
    assert f"battery-assets backfill --lab made --from 2025-01 --to {last}\n" in done.output


def test_pictures_of_an_asset_become_files(home, tmp_path):
    png = b"\x89PNG made up"
    key = dg.MultiPartitionKey({"month": "2025-02", "site": "a"})
    line = ("pictures", "alert", "--site", "a", "--month", "2025-02", "--to", str(tmp_path / "new"))
    for shown in ({"rows": 3}, {"rows": 3, "state of health": picture(png)}):
        with session(home) as at:
            event = dg.AssetMaterialization("alert", partition=key, metadata=shown)
            at.instance.report_runless_asset_event(event)
        done = run(home, *line)
        if len(shown) == 1:
            assert done.exit_code == 1
            assert "error: alert shows no picture of 2025-02 of a" in done.stderr
    assert done.exit_code == 0, done.output
    assert (tmp_path / "new" / "state_of_health.png").read_bytes() == png
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["state_of_health.png"]


def test_a_broken_cell_json_is_told_after_the_other_cells_were_taken_in(home, tmp_path):
    path = write_bdf(tmp_path / "C1.csv")
    broken = Path(home.landing) / "bergen" / "C2" / "cell.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{bad")
    line = ("import", "lab", str(path), "--lab", "bergen", "--nominal-ah", str(NOMINAL_AH), "--no-run")
    done = run(home, *line)
    assert done.exit_code == 1
    assert "1 tests taken in, 0 refused, months 2024-03" in done.stdout
    told = done.stderr.splitlines()
    assert told[0].startswith(f"error: {broken} is no JSON")
    assert told[1:] == ["next step: correct it in C2/cell.json"]
    broken.write_text("{}")
    done = run(home, *line)
    assert done.exit_code == 0, done.output
    assert "nothing new" in done.stdout


def test_a_month_whose_run_had_failed_is_run_again_by_the_same_command(home, tmp_path, monkeypatch):
    path = write_bdf(tmp_path / "C3.csv")
    line = ("import", "lab", str(path), "--lab", "tromso", "--nominal-ah", str(NOMINAL_AH))
    with monkeypatch.context() as broken:
        broken.setattr(tables, "cycle_table", _power_cut)
        done = run(home, *line)
    assert done.exit_code == 4
    assert "error: lab_month 2024-03|tromso: cycle failed: OSError: no power" in done.stderr
    done = run(home, *line)
    assert done.exit_code == 0, done.output
    assert "nothing new" in done.stdout
    assert "2024-03: its last run had not come to its end, so the month is run again" in done.stdout
    assert "months 2024-03" in done.stdout
    warehouse = Warehouse(database_url=home.warehouse_url, lake_url=home.lake_url)
    assert warehouse.read(t.cycle_data, Part("tromso", "2024-03")).collect().height == 4
    done = run(home, *line)
    assert done.exit_code == 0, done.output
    assert "months none" in done.stdout


def _power_cut(*_):
    raise OSError("no power")
