"""A day is made again where the code that makes it changed, and only there."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from battery_assets.platform.days import code_version as module
from battery_assets.platform.days.code_version import CodeChanged, checksum, closure, imported_by, sources_of

SOURCES = module._AT_START
FLEET = "battery_assets.fleet"
DAYS = [
    f"{FLEET}.sources",
    f"{FLEET}.p4_calculated_telemetry.telemetry_jar_calc",
    f"{FLEET}.p4_calculated_telemetry.telemetry_string_calc",
    f"{FLEET}.p5_calculated_aggregates.feature_store",
    f"{FLEET}.p6_ml_digital_twin.digital_twin_state",
]


def edited(*names: str) -> dict:
    """The product's sources with a docstring more in some files."""
    return SOURCES | {
        name: replace(SOURCES[name], text=SOURCES[name].text + '\n"""Another word."""\n') for name in names
    }


@pytest.mark.parametrize("name", DAYS)
def test_a_docstring_in_commands_or_learning_leaves_the_days_as_they_are(name):
    others = [
        other for other in SOURCES if other.split(".")[1:2] in (["commands"], ["learning"], ["actions"])
    ]
    assert len(others) > 20
    assert checksum(name, edited(*others)) == checksum(name, SOURCES)


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        (DAYS[0], "battery_assets.physics.discharge"),
        (DAYS[1], "battery_assets.features.charge.kernels"),
        (DAYS[3], "battery_assets.features.windows.kernels"),
        (DAYS[4], "battery_assets.features.twin.filter_kernels"),
        (DAYS[4], "battery_assets.physics.ageing"),
    ],
)
def test_a_changed_kernel_makes_its_days_again(name, kernel):
    assert checksum(name, edited(kernel)) != checksum(name, SOURCES)


def test_a_threshold_beside_the_code_belongs_to_its_version(tmp_path):
    package = tmp_path / "product"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "rules.py").write_text('LIMITS = "limits.csv"\n')
    (package / "limits.csv").write_text("13.5\n")
    before = checksum("product.rules", sources_of(package))
    (package / "limits.csv").write_text("13.6\n")
    assert checksum("product.rules", sources_of(package)) != before


def test_imports_inside_functions_and_in_brackets_count(tmp_path):
    package = tmp_path / "product"
    (package / "room").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "room" / "__init__.py").write_text("")
    (package / "a.py").write_text(
        "def f():\n    from product.room import (\n        b,\n        c as d,\n    )\n"
    )
    (package / "room" / "b.py").write_text("import product.e\n")
    for name in ("room/c", "e", "f"):
        (package / f"{name}.py").write_text("")
    names = {"product", "product.a", "product.room", "product.room.b", "product.room.c", "product.e"}
    assert closure("product.a", sources_of(package)) == names


def test_what_is_imported_is_read_off_the_source():
    text = "import os\nfrom a.b import c, d as e\n    from f import (\n    g,\n)\n"
    assert imported_by(text) >= {"os", "a.b", "a.b.c", "a.b.d", "f", "f.g"}


def test_every_import_that_python_sees_is_seen():
    """Held against the parser: a closure that is too small would keep days of another code."""
    import ast

    for name, source in SOURCES.items():
        seen = imported_by(source.text)
        for node in ast.walk(ast.parse(source.text)):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert {node.module, *(f"{node.module}.{one.name}" for one in node.names)} <= seen, name
            elif isinstance(node, ast.Import):
                assert {one.name for one in node.names} <= seen, name


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A program of two modules as this process began with it; nothing of it is loaded."""
    package = tmp_path / "product"
    package.mkdir()
    for name, text in (("__init__", ""), ("a", "from product import b\n"), ("b", "ONE = 1\n"), ("c", "")):
        (package / f"{name}.py").write_text(text)
    monkeypatch.setattr(module, "_AT_START", sources_of(package))
    monkeypatch.setattr(module, "_pinned", set())
    monkeypatch.syspath_prepend(tmp_path)
    module._at_start.cache_clear()
    yield package
    module._at_start.cache_clear()


def edit(path: Path) -> None:
    path.write_text("ONE = 2\n")
    os.utime(path, ns=(1, 1))


def test_an_edit_under_a_running_process_files_nothing_under_the_new_version(program):
    import importlib

    importlib.import_module("product.a")
    before = module.code_version("product.a")
    edit(program / "b.py")
    assert module.code_version("product.a") == before, "the code that runs is the old one"


def test_an_edit_of_what_is_not_loaded_yet_is_refused_with_what_to_do(program):
    edit(program / "b.py")
    with pytest.raises(CodeChanged, match=r"b\.py has changed .*start the process again"):
        module.code_version("product.a")
    assert module.code_version("product.c"), "what does not import the file goes on"


def test_a_name_that_is_no_module_is_refused():
    with pytest.raises(KeyError, match="no module"):
        module.code_version("battery_assets.nowhere")
