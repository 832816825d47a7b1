"""The import table of the house, and a walk over its files that holds them against it."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

DRAWING = {"matplotlib", "PIL"}
# They say that somebody has something, and not what it is.
EMPTY_WORDS = {"told", "found", "known", "given", "seen", "df", "data2", "utils", "helpers", "manager"}
SCIENCE = {"numpy", "scipy", "numba", "polars"}
# Each room: the rooms of ours it may import, then the packages of others. `errors` is everybody's.
ROOMS: dict[str, tuple[set[str], set[str]]] = {
    "tables": (set(), {"sqlalchemy", "polars"}),
    "physics": (set(), {"numpy", "scipy", "numba"}),
    "synthetic": ({"physics", "tables"}, SCIENCE | {"matplotlib"}),
    "features": ({"tables", "physics"}, SCIENCE | DRAWING),
    "learning": ({"features", "physics"}, SCIENCE | {"torch", "catboost", "sklearn", "safetensors", "optuna", "captum", "onnx", "onnxruntime", "matplotlib"}),
    "ingest": (
        {"tables"},
        {"numpy", "polars", "pyarrow", "sqlalchemy", "scipy",
         "fastexcel", "h5py", "access_parser", "NewareNDA"},
    ),
    "platform": (
        {"tables"},
        {"dagster", "sqlalchemy", "alembic", "psycopg", "deltalake", "obstore", "pyarrow", "polars", "numpy",
         "mlflow", "great_expectations", "matplotlib", "cryptography"},
    ),
    "fleet": (
        {"tables", "physics", "synthetic", "features", "learning", "ingest", "platform"},
        {"dagster", "sqlalchemy", "polars", "numpy"},
    ),
    "lab": (
        {"tables", "physics", "synthetic", "features", "learning", "ingest", "platform"},
        {"dagster", "sqlalchemy", "polars", "numpy"},
    ),
    "experiments": (
        {"tables", "physics", "synthetic", "features", "learning", "ingest", "platform"},
        {"dagster", "sqlalchemy", "polars", "numpy"},
    ),
    "hosting": (
        {"platform", "settings"},
        {"dagster", "dagster_postgres", "dagster_webserver", "graphql", "mlflow", "psycopg", "sqlalchemy",
         "dagster_celery", "celery", "kombu", "billiard"},
    ),
    "actions": (
        {"tables", "synthetic", "ingest", "platform", "fleet", "lab", "experiments", "hosting", "definitions", "settings"},
        {"dagster", "sqlalchemy", "polars", "rich", "pwdlib", "pyotp", "psycopg"},
    ),
    "commands": ({"actions", "platform", "hosting", "settings"}, {"click", "rich", "sqlalchemy", "psycopg"}),
    "notify": ({"actions", "platform", "settings"}, {"sqlalchemy", "standardwebhooks", "apprise", "click"}),
    "api": (
        {"actions", "platform", "hosting", "settings", "tables", "console"},
        {"fastapi", "starlette", "pydantic", "uvicorn", "sqlalchemy", "polars", "anyio"},
    ),
    "console": (
        {"actions", "api", "notify", "platform", "hosting", "tables"},
        {"fastapi", "starlette", "jinja2", "markupsafe", "segno", "sqlalchemy", "polars"},
    ),
    "migrations": ({"tables", "platform"}, {"alembic", "sqlalchemy"}),
    "settings": ({"hosting"}, set()),
    "definitions": ({"tables", "platform", "fleet", "lab", "experiments"}, {"dagster"}),
    "cli": ({"commands", "notify"}, {"click"}),
    "errors": (set(), {"click"}),
}  # fmt: skip
WHERE = {
    "dagster": "what needs Dagster belongs in the asset of its phase, or in platform/",
    "sqlalchemy": "what asks a database belongs in platform/, or in the asset of its phase",
    "synthetic": "only the loading of raw data may know a generator",
    "fleet": "pass it in, or move what both need to the room below",
    "experiments": "a domain reads the others' tables, never their code",
    "lab": "pass it in, or move what both need to the room below",
    "actions": "an action is asked for by commands; what it does belongs in its domain",
}


@dataclass(frozen=True)
class Tree:
    """Python files of a folder by their dotted names, and what each imports anywhere in it."""

    folder: Path
    paths: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> "Tree":
        """Every module below the folder; a package goes by its own name."""
        paths = {}
        for path in sorted(folder.rglob("*.py")):
            words = path.relative_to(folder.parent).with_suffix("").parts
            paths[".".join(words[:-1] if words[-1] == "__init__" else words)] = path
        return cls(folder, paths)

    @cached_property
    def imports(self) -> dict[str, set[str]]:
        """Dotted names; of `from a import b` it is a.b where that is a module, else a."""
        return {name: set(self._imports(path)) for name, path in self.paths.items()}

    def _imports(self, path: Path) -> Iterator[str]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                yield from (name if name in self.paths else node.module for name in names)

    def room(self, module: str) -> str:
        """The first folder, or the module itself where it lies at the root."""
        return module.split(".")[1] if "." in module else ""

    def trespasses(self) -> list[str]:
        """Every import that the table does not allow."""
        found = []
        for module, names in self.imports.items():
            own = self.room(module)
            if not own:
                continue
            rooms, packages = ROOMS[own]
            for name in sorted(names):
                first = name.split(".")[0]
                if first == self.folder.name:
                    other, allowed = self.room(name), {own, "errors", "", *rooms}
                else:
                    other, allowed = first, packages | sys.stdlib_module_names
                if other not in allowed:
                    hint = WHERE.get(other, f"{own}/ may import {sorted(rooms | packages)}")
                    found.append(f"{module} imports {name}: {hint}")
        return found

    def empty_words(self) -> list[str]:
        """`module: name` of functions, parameters and variables whose names do not say what they are."""
        return [
            f"{module}: {name}"
            for module, path in self.paths.items()
            for name in sorted(EMPTY_WORDS & set(_named(ast.parse(path.read_text(encoding="utf-8")))))
        ]

    def circles(self) -> list[list[str]]:
        """Modules that import each other, directly or not, imports inside functions counted."""
        left = {name: names & self.paths.keys() for name, names in self.imports.items()}
        # What nobody imports, and what imports nothing, is in no circle: what stays in the end is.
        while True:
            imported = set().union(*left.values())
            still = {name: names & left.keys() for name, names in left.items() if name in imported and names}
            still = {name: names for name, names in still.items() if names & still.keys()}
            if still.keys() == left.keys():
                return [sorted(left)] if left else []
            left = still


def _named(node: ast.AST) -> Iterator[str]:
    """Names that a file gives to functions, parameters and variables; a class's fields are not among them."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name.lstrip("_")
            case ast.Name(id=name, ctx=ast.Store()) if not isinstance(node, ast.AnnAssign):
                yield name
            case ast.arguments():
                every = {one.arg for one in (*child.posonlyargs, *child.args, *child.kwonlyargs)}
                # A refusal says what was found and what was expected.
                yield from every - {"found"} if "expected" in every else every
        yield from _named(child)
