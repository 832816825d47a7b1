"""Files arrive whole, with the rights they had, and no link leads a reader out of the folder."""

import os
import stat

import pytest

from battery_assets.actions.import_export import export_files, files_below
from battery_assets.actions.import_lab import named_files
from battery_assets.errors import UserError
from battery_assets.lab import folder as lab_folder
from battery_assets.platform.landing import Landing


@pytest.fixture
def landing(tmp_path) -> Landing:
    return Landing(folder=str(tmp_path / "landing"))


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o400])
def test_a_copy_is_readable_for_those_who_could_read_the_file(landing, tmp_path, mode):
    path = tmp_path / "user.csv"
    path.write_text("secret\n")
    path.chmod(mode)
    before = os.umask(0)
    try:
        landing.put("north", [(path, "user.csv"), (path, "user.csv")])
    finally:
        os.umask(before)
    copy = landing.root("north") / "north" / "user.csv"
    assert stat.S_IMODE(copy.stat().st_mode) == mode
    assert copy.read_text() == "secret\n"
    assert [one.name for one in copy.parent.iterdir()] == ["user.csv"]


def test_a_name_as_long_as_a_name_can_be_is_copied_under_it(landing, tmp_path):
    path = tmp_path / f"{'x' * 251}.csv"
    path.write_text("a\n")
    landing.put("north", [(path, path.name)])
    assert [one.name for one in (landing.root("north") / "north").iterdir()] == [path.name]


@pytest.fixture
def linked(tmp_path):
    """A folder with a file of its own, a link within it, and one that leads out."""
    folder = tmp_path / "export"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text("ts\n")
    (folder / "battery.csv").write_text("battery_id\n")
    (folder / "battery_2.csv").symlink_to(folder / "battery.csv")
    (folder / "user.csv").symlink_to(tmp_path / "secret.csv")
    return folder


def test_a_link_out_of_an_export_is_not_followed(linked):
    names = ["battery.csv", "battery_2.csv"]
    assert [path.name for path in files_below(linked)] == names
    assert [path.name for path in export_files(linked)] == names
    assert [path.name for path, _ in named_files(linked, "C1", "cycle_life", False)] == names


def test_a_folder_of_nothing_but_links_out_holds_no_file(linked):
    for name in ("battery.csv", "battery_2.csv"):
        (linked / name).unlink()
    with pytest.raises(UserError, match="holds no file"):
        named_files(linked, "C1", "cycle_life", False)


@pytest.mark.parametrize("what", ["file", "cell.json", "protocol"])
def test_a_link_out_of_a_lab_leaves_its_cell_out_with_words(tmp_path, what):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.csv").write_text("{}")
    cell = tmp_path / "landing" / "oslo" / "C1"
    (cell / "cycle_life").mkdir(parents=True)
    (cell / "cycle_life" / "own.csv").write_text("1\n")
    assert len(lab_folder.tests_of(cell, {})) == 1
    place = {"file": "cycle_life/b.csv", "cell.json": "cell.json", "protocol": "other"}[what]
    (cell / place).symlink_to(outside if what == "protocol" else outside / "a.csv")
    with pytest.raises(lab_folder.SessionRefused, match=r"is a link to .*outside") as refused:
        lab_folder.tests_of(cell, {})
    assert refused.value.next_step == "put the file itself there"
