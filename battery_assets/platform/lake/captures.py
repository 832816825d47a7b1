"""Captures: fast samples of a test or event, kept as files of the lake beside its tables.

A capture is named after its content, so that no writer, however late, changes what a committed row names;
rows name it by its path in the lake, so that a copied or moved lake brings its captures along.
"""

import hashlib
import io
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.lake.checksums import is_whole
from battery_assets.platform.lake.reads import LakeError
from battery_assets.platform.lake.store import Lake
from battery_assets.platform.object_stores import fetch, remote

FOLDER, SIGNALS = "captures", "signals"
# Signals of datasets are files of the same kind: named after their content, by their path in the lake.
_PATH = re.compile(r"(captures/site=[a-z0-9_-]+/month=[0-9-]+|signals/dataset=[a-z0-9_-]+)/[^/]+\.parquet")
_DIGEST = re.compile(r"-([0-9a-f]{64})\.parquet$")


def keep(lake: Lake, part: Part, name: str, samples: pl.DataFrame) -> str:
    """Keep samples. Returns their path in the lake."""
    return lake.keep(f"{FOLDER}/site={part.site}/month={part.month}/{name}", samples)


def address(lake: Lake, url: str) -> str | None:
    """Where a capture of this lake lies; None for what lies elsewhere, links out of the lake included.

    Rows of before name the whole address instead of the path.
    """
    root = lake.url.rstrip("/")
    path = url.removeprefix(f"{root}/")
    if not _PATH.fullmatch(path):
        return None
    target = f"{root}/{path}"
    folder = os.path.realpath(f"{root}/{path.split('/')[0]}")
    if lake.local and not os.path.realpath(target).startswith(f"{folder}/"):
        return None
    return target


def digest(lake: Lake, url: str) -> str | None:
    """Checksum of a capture; None where it is gone or damaged."""
    target = address(lake, url)
    if target is None:
        return None
    named = _DIGEST.search(target)
    if lake.local and named:
        return named[1] if is_whole(target, named[1]) else None
    try:
        checksum = hashlib.sha256(lake.content(target)).hexdigest()
    except FileNotFoundError:
        return None
    return checksum if named is None or named[1] == checksum else None


def read(lake: Lake, url: str) -> pl.DataFrame:
    """The samples of a capture. Raises LakeError where they are gone, or not what was kept."""
    target = address(lake, url)
    if target is None:
        raise LakeError(f"{url} is no capture of the lake {lake.url}; the row that names it is not ours")
    named = _DIGEST.search(target)
    content: str | bytes = target
    try:
        if not lake.local:
            content = fetch(target)
            whole = named is None or hashlib.sha256(content).hexdigest() == named[1]
        else:
            whole = named is None or is_whole(target, named[1])
        if whole:
            return pl.read_parquet(content if isinstance(content, str) else io.BytesIO(content))
    except FileNotFoundError:
        pass
    raise LakeError(
        f"capture {url} is missing or damaged. Materialize the partition whose rows name it again; "
        "where a test brought it, import the test again."
    )


def named_in(column: sa.Column) -> sa.Select:
    """The captures that rows name in a column."""
    return sa.select(column).where(column.like(f"%{FOLDER}/site=%"))


def remove_unnamed(
    lake: Lake, connection: sa.Connection, folder: str, naming: Iterable[sa.Executable], keep_hours: float
) -> int:
    """Delete files of a folder that are that old and that no row names. Returns how many.

    naming: statements of one column, the addresses that rows name.
    """
    named: set[str] = set()
    for statement in naming:
        rows = connection.execute(statement).scalars()
        named |= {target for url in rows if (target := address(lake, url))}
    oldest, root = time.time() - keep_hours * 3600, lake.url.rstrip("/")
    gone = [target for target, written in _there(lake, folder) if target not in named and written < oldest]
    for target in gone:
        lake.remove(target.removeprefix(f"{root}/"))
    return len(gone)


def _there(lake: Lake, folder: str) -> list[tuple[str, float]]:
    """Address of each file of a folder, and when it was written."""
    root = f"{lake.url.rstrip('/')}/{folder}"
    if lake.local:
        return [(str(path), path.lstat().st_mtime) for path in Path(root).rglob("*") if path.is_file()]
    store, path = remote(root)
    bucket = root.removesuffix(path)
    return [
        (f"{bucket}{item['path']}", item["last_modified"].timestamp())
        for batch in store.list(f"{path}/")
        for item in batch
    ]
