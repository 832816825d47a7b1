"""The README's generated parts are fresh, and what it names is there."""

import re
from pathlib import Path

from battery_assets import tables as t
from battery_assets.tables.projections import documentation

PROJECT = Path(__file__).resolve().parent.parent
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_the_table_list_is_fresh():
    shown = README.split("<!-- tables -->")[1].split("<!-- /tables -->")[0].strip()
    assert shown == documentation(t.TABLES).strip(), "run `python -m battery_assets.tables.write_sql`"


def test_every_command_it_shows_exists():
    from battery_assets.cli import main

    named = set(re.findall(r"battery-assets ([a-z]+)", README))
    assert named
    assert named <= set(main.commands), named - set(main.commands)


def test_every_make_target_it_shows_exists():
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) - {"a"} <= targets


def test_every_setting_it_shows_is_known():
    from battery_assets.settings import VARIABLES

    assert set(VARIABLES) == set(re.findall(r"`(BATTERY_[A-Z_]+)`", README)) - {"BATTERY_TEST_DATA"}


def test_every_figure_it_shows_is_one_that_is_measured():
    from benchmarks.figures import NAMES

    table = README.split("<!-- figures -->")[1].split("<!-- /figures -->")[0]
    shown = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert len(shown) > 10
    assert set(shown) <= set(NAMES)
