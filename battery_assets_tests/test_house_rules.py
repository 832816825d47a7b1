"""Who may import whom, and how long a file may be. A failure says where the code should go."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from battery_assets_tests.worlds.house import ROOMS, Tree

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "battery_assets"
ROOT_MODULES = {"__init__", "definitions", "cli", "settings", "errors"}
MOST_LINES, MOST_LINES_OF_A_FUNCTION, MOST_FILES = 300, 60, 20
HEAVY = {"torch", "catboost", "mlflow", "great_expectations", "matplotlib", "numba"}

PRODUCT = Tree.of(PACKAGE)
# Tests and benchmarks have no import table, but the same sizes.
FOLDERS = [PRODUCT, Tree.of(PROJECT / "battery_assets_tests"), Tree.of(PROJECT / "benchmarks")]


def test_the_root_holds_four_modules():
    found = {path.stem for path in PACKAGE.glob("*.py")}
    assert found == ROOT_MODULES, f"give {sorted(found - ROOT_MODULES)} a room: see the table of this file"


def test_every_room_has_its_line_in_the_table():
    rooms = {PRODUCT.room(name) for name in PRODUCT.paths} - {""}
    assert rooms == set(ROOMS)


def test_a_room_imports_only_what_it_may():
    assert not PRODUCT.trespasses()


def test_no_import_circle_not_even_inside_functions():
    assert not PRODUCT.circles()


def phases() -> list[str]:
    """The phases of both domains, as dotted names."""
    found = [
        f"{domain}.{path.name}" for domain in ("fleet", "lab") for path in (PACKAGE / domain).glob("p*_*")
    ]
    return sorted(f"battery_assets.{name}" for name in found)


def test_phases_meet_in_the_tables():
    assert len(phases()) == 7 + 6
    for module, names in PRODUCT.imports.items():
        own = next((phase for phase in phases() if module.startswith(f"{phase}.")), None)
        for name in names:
            other = next((phase for phase in phases() if f"{name}.".startswith(f"{phase}.")), None)
            assert own is None or other in (None, own), (
                f"{module} imports {name}: a phase reads another one's table, never its code"
            )


def test_what_phases_share_knows_no_phase():
    for module, names in PRODUCT.imports.items():
        if PRODUCT.room(module) in ("fleet", "lab") and not any(
            module.startswith(phase) for phase in phases()
        ):
            for name in names:
                assert not any(name.startswith(phase) for phase in phases()), f"{module} imports {name}"


def test_nobody_but_its_own_asset_imports_the_truth():
    """Tests and benchmarks may; a feature or a model that did would learn what no real fleet knows."""
    truths = {"battery_assets.synthetic.truth", "battery_assets.synthetic.truth_picture"}
    importers = {module for module, names in PRODUCT.imports.items() if names & truths}
    assert importers == {"battery_assets.fleet.p2_raw_timeseries.jar_truth"}
    assert not [module for module, names in PRODUCT.imports.items() if names & importers]


def test_days_are_kept_through_one_door():
    """Hours are made on another table's walk; all else goes through reduce_days and replace_days."""
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\b(day_plan|days_kept)\(", path.read_text(encoding="utf-8"))
    }
    assert users == {"platform/days/work.py", "fleet/hours.py"}


def test_no_phase_that_computes_imports_the_generator():
    for module, names in PRODUCT.imports.items():
        if re.match(r"battery_assets\.(fleet|lab)\.p[4-7]_", module):
            for name in names:
                assert not name.startswith("battery_assets.synthetic"), (
                    f"{module} imports {name}: it works on what arrived, whoever sent it"
                )


def test_loading_the_definitions_imports_nothing_heavy():
    code = (
        f"import sys, battery_assets.definitions; print([m for m in {sorted(HEAVY)!r} if m in sys.modules])"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT)
    assert result.stdout.strip() == "[]", (
        f"imported at load: {result.stdout}; import it inside the asset's function"
    )


def test_assets_do_not_postpone_annotations():
    for room in ("fleet", "lab", "platform"):
        for path in (PACKAGE / room).rglob("*.py"):
            assert "from __future__ import annotations" not in path.read_text(encoding="utf-8"), (
                f"{path.relative_to(PACKAGE)}: Dagster reads the annotations of assets and resources"
            )


@pytest.mark.parametrize("tree", FOLDERS, ids=lambda tree: tree.folder.name)
def test_no_file_is_a_monster(tree):
    for path in tree.paths.values():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= MOST_LINES, f"{path} has {lines} lines: split it by what its parts are about"


@pytest.mark.parametrize("tree", FOLDERS, ids=lambda tree: tree.folder.name)
def test_no_function_is_a_monster(tree):
    for path in tree.paths.values():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                length = node.end_lineno - node.lineno + 1
                assert length <= MOST_LINES_OF_A_FUNCTION, (
                    f"{path}: {node.name} has {length} lines: give its steps names"
                )


@pytest.mark.parametrize("tree", FOLDERS[:2], ids=lambda tree: tree.folder.name)
def test_no_folder_is_a_warehouse_of_files(tree):
    # Migrations are history: Alembic reads them from one folder, by number, and none is looked for by name.
    folders = {path.parent for path in tree.paths.values()} - {PACKAGE / "migrations" / "versions"}
    for folder in sorted(folders):
        files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(files) <= MOST_FILES, f"{folder} has {len(files)} files: give them rooms named by nouns"


def test_a_file_does_not_repeat_its_folder_s_name():
    for module in PRODUCT.paths:
        words = module.split(".")
        if len(words) > 2:
            parent = words[-2].removesuffix("s")
            assert not words[-1].startswith(f"{parent}_"), f"{module}: leave out {parent}_"


def test_a_name_says_what_it_is():
    assert not PRODUCT.empty_words(), "name what it holds: rows, path, reasons, measured"


def test_the_code_location_is_one_screen():
    assert len((PACKAGE / "definitions.py").read_text(encoding="utf-8").splitlines()) <= 60


def test_tests_do_not_stand_on_benchmarks():
    for module, names in FOLDERS[1].imports.items():
        if not module.endswith("test_benchmarks"):
            assert not [name for name in names if name.split(".")[0] == "benchmarks"], (
                f"{module}: what tests and benchmarks share is in battery_assets_tests/worlds"
            )


def test_the_environment_is_read_in_one_place():
    allowed = {"settings.py", "platform/warehouse/crash_points.py"}
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = str(path.relative_to(PACKAGE))
        if relative in allowed or relative.startswith("hosting/"):
            continue
        source = path.read_text(encoding="utf-8")
        assert "os.getenv" not in source, f"{relative} reads the environment: settings.py does that"
        assert "os.environ[" not in source and "os.environ.get" not in source, (
            f"{relative}: settings.py reads it"
        )


@pytest.fixture
def house(tmp_path):
    """A house of files that are given as name and text."""

    def build(**files: str) -> Tree:
        for name, text in files.items():
            path = tmp_path / "battery_assets" / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Tree.of(tmp_path / "battery_assets")

    return build


@pytest.mark.parametrize(
    ("where", "text", "named"),
    [
        ("physics__a", "import polars\n", "polars"),
        ("features__a", "def f():\n    import dagster\n", "dagster"),
        ("features__a", "from battery_assets.synthetic import site\n", "synthetic"),
        ("platform__a", "from battery_assets.physics.cell import Cell\n", "physics"),
        ("lab__a", "from battery_assets.fleet.jars import jar_facts\n", "fleet"),
        ("fleet__a", "def f():\n    from battery_assets.actions import session\n", "actions"),
        ("commands__a", "from battery_assets.fleet import jars\n", "fleet"),
        ("tables__a", "import dagster\n", "dagster"),
        ("learning__a", "import mlflow\n", "mlflow"),
        ("ingest__a", "from battery_assets.physics import cell\n", "physics"),
    ],
)
def test_each_trespass_is_seen(house, where, text, named):
    [said] = house(**{where: text}).trespasses()
    assert named in said


@pytest.mark.parametrize(
    "text",
    [
        "def _told():\n    return 1\n",
        "def f(a, *, known):\n    return known\n",
        "def f():\n    for found, b in ():\n        pass\n",
        "def f():\n    return [seen for seen in ()]\n",
        "given = 1\n",
    ],
)
def test_each_empty_word_is_seen(house, text):
    assert len(house(features__a=text).empty_words()) == 1


def test_a_refusal_may_say_what_was_found(house):
    assert not house(features__a="def f(found, expected):\n    return found\n").empty_words()


def test_a_circle_through_a_function_is_seen(house):
    tree = house(
        actions__a="def f():\n    from battery_assets.actions import b\n",
        actions__b="from battery_assets.actions.c import x\n",
        actions__c="import battery_assets.actions.a\n",
        actions__d="from battery_assets.actions import a\n",
    )
    names = [f"battery_assets.actions.{name}" for name in "abc"]
    assert tree.circles() == [names]
