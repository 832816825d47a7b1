"""Who may import whom. A failure says where the code should go."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "battery_assets"
SCIENCE = {"numpy", "scipy", "numba", "polars"}
ROOMS = {
    "tables": {"sqlalchemy", "polars"},
    "physics": {"numpy", "scipy", "numba", "battery_assets.physics"},
    "synthetic": {
        *SCIENCE,
        "matplotlib",
        "battery_assets.physics",
        "battery_assets.tables",
        "battery_assets.synthetic",
    },
    "features": {
        *SCIENCE,
        "matplotlib",
        "PIL",
        "battery_assets.physics",
        "battery_assets.features",
        "battery_assets.tables.identity",
        "battery_assets.p7_operations",
    },
    "learning": {
        *SCIENCE,
        "torch",
        "catboost",
        "sklearn",
        "matplotlib",
        "battery_assets.physics",
        "battery_assets.features",
        "battery_assets.learning",
    },
    "ingest": {
        "numpy",
        "polars",
        "pyarrow",
        "sqlalchemy",
        "fastexcel",
        "h5py",
        "access_parser",
        "NewareNDA",
        "scipy.io",
        "battery_assets.tables",
        "battery_assets.ingest",
    },
}
NEVER = {
    "platform": {
        "battery_assets.physics",
        "battery_assets.features",
        "battery_assets.learning",
        "battery_assets.synthetic",
        "battery_assets.ingest",
    },
}
HEAVY = {"torch", "catboost", "mlflow", "great_expectations", "matplotlib", "numba"}


def imports(path: Path, top_level_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
            if node.module == "battery_assets":
                found |= {f"battery_assets.{alias.name}" for alias in node.names}
    return found


def belongs(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


def standard(name: str) -> bool:
    import sys

    return name.split(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room):
    allowed = {*ROOMS[room], f"battery_assets.{room}"}
    for path in sorted((PACKAGE / room).rglob("*.py")):
        for name in imports(path):
            if standard(name) or name == "battery_assets":
                continue
            assert belongs(name, allowed), (
                f"{path.relative_to(PACKAGE)} imports {name}: {room}/ may import {sorted(allowed)}. "
                "What needs Dagster or a database belongs in the asset of its phase, or in platform/."
            )


@pytest.mark.parametrize("room", NEVER)
def test_a_room_never_imports(room):
    for path in sorted((PACKAGE / room).rglob("*.py")):
        for name in imports(path):
            assert not belongs(name, NEVER[room]), (
                f"{path.relative_to(PACKAGE)} imports {name}: {room}/ knows no batteries. Pass it in, as the assets do."
            )


def test_phases_meet_in_the_tables():
    phases = sorted(path for path in PACKAGE.glob("p[1-7]_*") if path.is_dir())
    assert len(phases) == 7
    for phase in phases:
        others = {f"battery_assets.{other.name}" for other in phases if other != phase}
        for path in phase.rglob("*.py"):
            for name in imports(path):
                assert not belongs(name, others), (
                    f"{path.relative_to(PACKAGE)} imports {name}: a phase reads another one's table, never its code."
                )


def test_nobody_but_its_own_asset_imports_the_truth():
    """Tests and benchmarks may; a feature or a model that did would learn what no real fleet knows."""
    truths = {"battery_assets.synthetic.truth", "battery_assets.synthetic.truth_picture"}
    importers = {
        str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") for name in imports(path)
        if belongs(name, truths) or name == "battery_assets.p2_raw_timeseries.jar_truth"
    }  # fmt: skip
    assert importers == {"p2_raw_timeseries/jar_truth.py"}


def test_no_phase_that_computes_imports_the_generator():
    for path in sorted(PACKAGE.glob("p[4-7]_*/**/*.py")):
        for name in imports(path):
            assert not belongs(name, {"battery_assets.synthetic"}), (
                f"{path.relative_to(PACKAGE)} imports {name}: it works on what arrived, whoever sent it."
            )


def test_loading_the_definitions_imports_nothing_heavy():
    import subprocess
    import sys

    code = (
        f"import sys, battery_assets.definitions; print([m for m in {sorted(HEAVY)!r} if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
    )
    assert result.stdout.strip() == "[]", (
        f"imported at load: {result.stdout}; import it inside the asset's function"
    )


def test_assets_do_not_postpone_annotations():
    for path in [*PACKAGE.glob("p[1-7]_*/*.py"), *(PACKAGE / "platform").glob("*.py")]:
        assert "from __future__ import annotations" not in path.read_text(encoding="utf-8"), (
            f"{path.relative_to(PACKAGE)}: Dagster reads the annotations of assets and resources"
        )


def test_no_file_is_a_monster():
    for path in sorted(PACKAGE.rglob("*.py")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 300, (
            f"{path.relative_to(PACKAGE)} has {lines} lines: split it by what its parts are about"
        )


def test_no_function_is_a_monster():
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                length = node.end_lineno - node.lineno + 1
                assert length <= 60, (
                    f"{path.relative_to(PACKAGE)}: {node.name} has {length} lines: give its steps names"
                )


def test_the_environment_is_read_in_one_place():
    allowed = {"settings.py", "platform/crash_points.py"}
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = str(path.relative_to(PACKAGE))
        if relative in allowed or relative.startswith("services/"):
            continue
        source = path.read_text(encoding="utf-8")
        assert "os.getenv" not in source, f"{relative} reads the environment: settings.py does that"
        assert "os.environ[" not in source and "os.environ.get" not in source, (
            f"{relative}: settings.py reads it"
        )
