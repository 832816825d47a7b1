"""Every law that generator and estimators share is in the table of docs/SOURCES.md, with what holds it."""

import ast
import re
from pathlib import Path

import pytest

from battery_assets.physics.capacity_law import capacity_factor

PROJECT = Path(__file__).resolve().parents[2]
ROOM, PREFIX = PROJECT / "battery_assets" / "physics", "battery_assets.physics"
ESTIMATORS = ("features", "learning", "fleet", "ingest")
NO_LAW = {"random_streams"}
ROW = re.compile(r"^\| `([\w.]+)` \|.*\| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(battery_assets_tests/[\w/]+\.py)(?:::(\w+))?`")


def imported(path: Path) -> set[str]:
    """Modules of physics that a file imports, within functions too, named from the room on."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PREFIX):
            inside = node.module.removeprefix(PREFIX).lstrip(".")
            found |= {inside} if inside else {name.name for name in node.names}
    return found


def reached(folders: tuple[str, ...]) -> set[str]:
    """Modules of physics that the folders use, directly or through others of the room."""
    files = [path for name in folders for path in (PROJECT / "battery_assets" / name).rglob("*.py")]
    ahead = {module for path in files for module in imported(path)}
    seen: set[str] = set()
    while ahead:
        module = ahead.pop()
        seen.add(module)
        path = ROOM / f"{module.replace('.', '/')}.py"
        ahead |= imported(path) - seen
    return seen


def rows() -> dict[str, str]:
    """The table: module and its last cell."""
    text = (PROJECT / "docs" / "SOURCES.md").read_text(encoding="utf-8")
    section = text.split("## Laws that generator and estimators share")[1]
    return dict(ROW.findall(section))


def test_every_shared_law_is_in_the_table_and_no_other():
    shared = (reached(ESTIMATORS) & reached(("synthetic",))) - NO_LAW
    assert {"discharge", "ageing"} <= shared
    assert set(rows()) == shared


@pytest.mark.parametrize("module", rows())
def test_what_holds_a_shared_law_is_there(module):
    named = TEST.findall(rows()[module])
    assert named, f"{module} names no test"
    for path, test in named:
        text = (PROJECT / path).read_text(encoding="utf-8")
        assert not test or f"def {test}(" in text, f"{path} has no {test}"


def test_the_generators_room_is_used_by_no_estimator():
    for name in ESTIMATORS[:2]:
        for path in (PROJECT / "battery_assets" / name).rglob("*.py"):
            assert "battery_assets.synthetic" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize(
    ("warm_c", "share", "within"), [(0.0, 0.86, 0.015), (25.0, 1.0, 0.0), (40.0, 1.03, 0.005)]
)
def test_capacity_and_temperature_are_those_of_the_sheets(warm_c, share, within):
    """Leoch: 86 % at 0 °C and 103 % at 40 °C; Panasonic: 85 and 102 % (SOURCES 1.6)."""
    assert float(capacity_factor(warm_c)) == pytest.approx(share, abs=within)
