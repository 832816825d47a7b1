"""Fingerprints: equal where everything that decides a result is equal."""

import functools
import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import polars as pl

_PACKAGE = Path(__file__).resolve().parent.parent
_LIBRARIES = ("numpy", "polars", "numba", "scipy", "pyarrow")


@functools.cache
def code_version() -> str:
    """Checksum of the project's code and of the versions of the libraries that compute for it."""
    digest = hashlib.sha256(json.dumps({name: version(name) for name in _LIBRARIES}).encode())
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def digest(*parts: str | int | Mapping | pl.DataFrame | None) -> str:
    """Checksum of texts, settings and small frames, in the order given; frames row by row as they lie."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, pl.DataFrame):
            words = f"{part.columns}{part.write_ndjson()}"
        else:
            words = part if isinstance(part, str) else json.dumps(part, sort_keys=True, default=str)
        total.update(hashlib.sha256(words.encode()).digest())
    return total.hexdigest()
