"""Which files of the lake are not what was written."""

import hashlib
from collections.abc import Collection
from pathlib import Path

import sqlalchemy as sa

from battery_assets.platform.lake.checksums import is_whole, sha256_of_file
from battery_assets.platform.lake.store import Lake
from battery_assets.platform.object_stores import fetch, listed


def missing(lake: Lake, table: sa.Table, files: Collection[sa.Row]) -> set[str]:
    """The paths of files that are gone or have another size; in a bucket, another content too."""
    root = lake.table_url(table)
    if lake.local:
        return {file.path for file in files if not _has_size(Path(f"{root}/{file.path}"), file.bytes)}
    folders = {file.path.rpartition("/")[0] for file in files}
    there = {f"{of}/{name}": said for of in folders for name, said in listed(f"{root}/{of}").items()}
    return {file.path for file in files if not _is_named(there.get(file.path), file)}


def rotten(lake: Lake, table: sa.Table, files: Collection[sa.Row], *, every_bit: bool = False) -> set[str]:
    """The paths of files whose content is not what was written.

    A bucket guards its bits itself: an object is read only where it was not known what the bucket calls its
    content, or where `every_bit` is to be seen.
    """
    root = lake.table_url(table)
    return {file.path for file in files if not _is_good(lake, f"{root}/{file.path}", file, every_bit)}


def damaged(lake: Lake, table: sa.Table, files: Collection[sa.Row]) -> set[str]:
    """The paths of files that are gone, or not what was written."""
    wrong = missing(lake, table, files)
    return wrong | rotten(lake, table, [file for file in files if file.path not in wrong])


def _has_size(target: Path, size: int) -> bool:
    return target.is_file() and target.stat().st_size == size


def _is_named(said: tuple[int, str | None] | None, file: sa.Row) -> bool:
    """Does a bucket call the object what it called it when it was written?"""
    if said is None or said[0] != file.bytes:
        return False
    return file.e_tag is None or said[1] == file.e_tag


def _is_good(lake: Lake, url: str, file: sa.Row, every_bit: bool) -> bool:
    if lake.local:
        return sha256_of_file(url) == file.sha256 if every_bit else is_whole(url, file.sha256)
    if file.e_tag is not None and not every_bit:
        return True
    return hashlib.sha256(fetch(url)).hexdigest() == file.sha256
