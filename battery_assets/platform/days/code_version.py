"""The version of the code that computes something: a checksum of every file that its module imports.

Files are read once, when this module is loaded, which is when the process begins: an edit or an upgrade under
a running process changes nothing of what is filed. A file that is imported later than that has to be what it
was then, else `code_version` refuses to answer.
"""

import functools
import hashlib
import json
import re
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]
_LIBRARIES = {
    "numpy": "numpy", "scipy": "scipy", "numba": "numba", "polars": "polars", "pyarrow": "pyarrow",
    "torch": "torch", "catboost": "catboost", "sklearn": "scikit-learn", "matplotlib": "matplotlib",
    "great_expectations": "great-expectations", "NewareNDA": "NewareNDA", "h5py": "h5py",
    "fastexcel": "fastexcel", "access_parser": "access-parser",
}  # fmt: skip
_FROM = re.compile(r"^\s*from\s+([\w.]+)\s+import\s+(\([^)]*\)|[^\n]*)", re.MULTILINE)
_IMPORT = re.compile(r"^\s*import\s+([\w.]+)", re.MULTILINE)
_DATA = re.compile(r"[\w-]+\.(?:csv|css|json|sql)\b")


@dataclass(frozen=True)
class _Source:
    """A file as it was when the process began."""

    path: Path
    text: str
    stamp: tuple[int, int]

    @functools.cached_property
    def digest(self) -> bytes:
        """Checksum of the file and of the data files beside it that it names."""
        total = hashlib.sha256(self.text.encode())
        for data in sorted(set(_DATA.findall(self.text))):
            beside = self.path.with_name(data)
            if beside.is_file():
                total.update(b"\0" + data.encode() + b"\0" + beside.read_bytes())
        return total.digest()

    @functools.cached_property
    def libraries(self) -> frozenset[str]:
        """Those of the computing libraries that it imports."""
        return frozenset(word.split(".")[0] for word in imported_by(self.text)) & _LIBRARIES.keys()


class CodeChanged(RuntimeError):
    """A file of the program is another than when the process began, and was not imported before."""


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


def sources_of(package: Path) -> dict[str, _Source]:
    """Every module of a package, by its dotted name; a package goes by its own name."""
    sources = {}
    for path in package.rglob("*.py"):
        words = path.relative_to(package.parent).with_suffix("").parts
        name = ".".join(words[:-1] if words[-1] == "__init__" else words)
        sources[name] = _Source(path, path.read_text(encoding="utf-8"), _stamp(path))
    return sources


_AT_START = sources_of(_PACKAGE)
_pinned: set[str] = set()


@functools.cache
def imported_by(text: str) -> frozenset[str]:
    """Dotted names that a source imports, inside functions too: a.b and a.b.c of `from a.b import c`.

    Text that only looks like an import counts as well: it can make a closure too large, never too small.
    """
    mentioned = set(_IMPORT.findall(text))
    for module, names in _FROM.findall(text):
        mentioned |= {module, *(f"{module}.{name}" for name in re.findall(r"\w+", names))}
    return frozenset(mentioned)


def closure(module: str, sources: dict[str, _Source]) -> set[str]:
    """The module, all modules of the package that it imports directly or not, and their packages."""
    modules: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        while name and name not in modules:
            if name in sources:
                modules.add(name)
                waiting |= (imported_by(sources[name].text) - modules) & sources.keys()
            name = name.rpartition(".")[0]
    return modules


def checksum(module: str, sources: dict[str, _Source]) -> str:
    """Checksum of a module's closure: its files, data files that they name, versions of libraries."""
    return _checksum_of(closure(module, sources), sources)


def _checksum_of(names: set[str], sources: dict[str, _Source]) -> str:
    total = hashlib.sha256()
    for name in sorted(names):
        total.update(f"{name}\0".encode() + sources[name].digest)
    libraries: set[str] = set().union(*(sources[name].libraries for name in names))
    versions = {name: _installed(name) for name in sorted(libraries)}
    total.update(json.dumps(versions).encode())
    return total.hexdigest()


@functools.cache
def _installed(library: str) -> str:
    return version(_LIBRARIES[library])


@functools.cache
def _at_start(module: str) -> tuple[str, tuple[str, ...]]:
    names = closure(module, _AT_START)
    return _checksum_of(names, _AT_START), tuple(sorted(names))


def code_version(module: str) -> str:
    """The version of the code of a module, as this process loaded it or would load it now.

    Raises KeyError for a module that the package does not have, CodeChanged for mixed code.
    """
    if module not in _AT_START:
        raise KeyError(f"{module} is no module of {_PACKAGE.name}")
    checksum_found, names = _at_start(module)
    for name in names:
        if name in _pinned:
            continue
        if not _unchanged(_AT_START[name]):
            raise CodeChanged(
                f"{_AT_START[name].path} has changed since this process began, which had not loaded it yet. "
                "Next step: start the process again, so that a result is of one version of the code"
            )
        if name in sys.modules:
            _pinned.add(name)
    return checksum_found


def _unchanged(source: _Source) -> bool:
    try:
        return _stamp(source.path) == source.stamp
    except FileNotFoundError:
        return False
