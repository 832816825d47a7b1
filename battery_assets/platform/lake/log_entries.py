"""The log of a table, read by entry: what its newest version says of one partition, at a small cost.

Delta's own reader holds every file of a table before it answers, and builds all of that anew after a commit:
ten seconds with 731,000 files. Here of the folded file one column is read, and of later entries the lines.
Where a log holds what this reader does not know, `Unread` is raised and Delta's own reader is asked.
The protocol: https://github.com/delta-io/delta/blob/master/PROTOCOL.md
"""

import io
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from dagster import EnvVar

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.object_stores import fetch, remote

ENTRY = re.compile(r"(\d{20})\.json")
_MARK = "_last_checkpoint"
_KNOWN = {"commitInfo", "protocol", "metaData", "add", "remove", "txn"}
# Names that stand in a log as they are. Others are escaped there, and Delta's own reader knows how.
_PLAIN = re.compile(r"site=[\w-]+/month=[\w-]+/[\w.-]+", re.ASCII)
# How a user says that Delta's writers wait for each other otherwise than by the name of an entry.
_OTHER_LOCKS = ("AWS_S3_LOCKING_PROVIDER", "AWS_S3_ALLOW_UNSAFE_RENAME")
# What an entry raises that is away, no JSON, or JSON of another shape.
_DAMAGED = (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError)
_PROTOCOL = {"minReaderVersion": 1, "minWriterVersion": 2}


class Unread(Exception):
    """The log holds what only Delta's own reader knows."""


@dataclass
class Named:
    """What the newest version says: its number, schema as JSON, and the size of each file of a partition."""

    version: int
    schema: str
    files: dict[str, int]
    part: Part

    def apply(self, version: int, entry: bytes) -> None:
        """Go on to the next version. Raises Unread for a line that is not known."""
        lines = [json.loads(line) for line in entry.splitlines() if line.strip()]
        if not lines:
            raise Unread(f"entry {version} is empty")
        for line in lines:
            for kind, said in line.items():
                self._line(kind, said)
        self.version = version

    def _line(self, kind: str, said: dict[str, Any]) -> None:
        if kind not in _KNOWN or (kind == "protocol" and said != _PROTOCOL):
            raise Unread(kind)
        if kind == "metaData":
            self.schema = said["schemaString"]
        if kind not in ("add", "remove"):
            return
        if said.get("deletionVector") or not plain(said["path"]):
            raise Unread(said["path"])
        if not said["path"].startswith(prefix(self.part)):
            return
        if kind == "add":
            self.files[said["path"]] = said["size"]
        else:
            self.files.pop(said["path"], None)


def plain(path: str) -> bool:
    """Whether a path stands in a log as it is."""
    return _PLAIN.fullmatch(path) is not None


def prefix(part: Part) -> str:
    """How the paths of a partition's files begin, or those of a site. Raises Unread for anything else."""
    if part.site is None or not plain(f"site={part.site}/month={part.month}/file"):
        raise Unread(str(part.site))
    return f"site={part.site}/" if part.month is None else f"site={part.site}/month={part.month}/"


def read_log(url: str, part: Part) -> Named:
    """What the newest version says of a partition, or of a site. Raises Unread, also without a log."""
    try:
        return _read(url, part, prefix(part))
    except reading_faults(url) as error:
        raise Unread(url) from error


def _read(url: str, part: Part, begin: str) -> Named:
    try:
        mark = json.loads(_content(f"{url}/_delta_log/{_MARK}"))
    except FileNotFoundError:
        folded, named = -1, Named(-1, "", {}, part)
    else:
        if set(mark) & {"parts", "v2Checkpoint"}:
            raise Unread(_MARK)
        folded = int(mark["version"])
    stamps = _stamps(url, folded)
    if folded >= 0:
        name = f"{folded:020d}.checkpoint.parquet"
        if name not in stamps:
            raise Unread(name)
        schema, files = _folded(f"{url}/_delta_log/{name}", stamps[name], begin)
        named = Named(folded, schema, dict(files), part)
    versions = {int(match[1]): stamp for name, stamp in stamps.items() if (match := ENTRY.fullmatch(name))}
    later = sorted(version for version in versions if version > folded)
    if later != [*range(folded + 1, folded + 1 + len(later))] or not (later or folded >= 0):
        raise Unread("an entry is missing")
    for version in later:
        named.apply(version, _entry(url, version, versions[version]))
    if not named.schema:
        raise Unread("no schema")
    return named


def entry_of(url: str, version: int) -> bytes:
    """A log's entry. Raises FileNotFoundError where nobody wrote it."""
    return _content(f"{url}/_delta_log/{version:020d}.json")


def _entry(url: str, version: int, stamp: str) -> bytes:
    """An entry of this stamp. From a bucket it is fetched once: a run asks tens of times for one month."""
    target = f"{url}/_delta_log/{version:020d}.json"
    return _fetched(target, stamp) if "://" in url else _content(target)


@lru_cache(maxsize=512)
def _fetched(target: str, stamp: str) -> bytes:
    """What lies at an address of a bucket under this stamp."""
    return fetch(target)


def write_entry(url: str, version: int, lines: Iterable[dict[str, Any]]) -> bool:
    """Write the entry of a version, whole or not at all; False where somebody else wrote it first.

    Raises Unread where a bucket has writers wait for each other in another way, OSError where it is away.
    """
    content = "\n".join(json.dumps(line, separators=(",", ":")) for line in lines).encode()
    target = f"{url}/_delta_log/{version:020d}.json"
    if "://" in url:
        return _put(target, content)
    staged = Path(f"{url}/_delta_log/_commit_{os.getpid()}_{os.urandom(8).hex()}.json.tmp")
    try:
        with staged.open("xb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.link(staged, target)
    except FileExistsError:
        return False
    finally:
        staged.unlink(missing_ok=True)
    return True


def _put(target: str, content: bytes) -> bool:
    from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError

    if any(EnvVar(name).get_value() for name in _OTHER_LOCKS):
        raise Unread("a lock of Delta's own")
    store, path = remote(target)
    try:
        store.put(path, content, mode="create")
    except AlreadyExistsError:
        # A request whose answer was lost is sent again, and finds what it wrote.
        return fetch(target) == content
    except NotSupportedError as error:
        raise Unread(target) from error
    except BaseError as error:
        raise OSError(str(error)) from error
    return True


def reading_faults(url: str) -> tuple[type[Exception], ...]:
    """What reading a log may raise where it is damaged, or away."""
    if "://" not in url:
        return _DAMAGED
    from obstore.exceptions import BaseError

    return *_DAMAGED, BaseError


@lru_cache(maxsize=64)
def _folded(target: str, stamp: str, begin: str) -> tuple[str, tuple[tuple[str, int], ...]]:
    """Schema, and size of each file whose path begins so, as a folded file says. Raises Unread.

    A run asks tens of times for the same month, and a file of one stamp stays as it is.
    """
    source: str | io.BytesIO = target if "://" not in target else io.BytesIO(_content(target))
    try:
        rows = pl.scan_parquet(source, glob=False)
        said = rows.select("protocol", "metaData").filter(
            pl.col("protocol").struct.field("minReaderVersion").is_not_null()
            | pl.col("metaData").struct.field("schemaString").is_not_null()
        )
        path = pl.col("add").struct.field("path")
        escaped = path.str.contains("%", literal=True) | ~path.str.starts_with("site=")
        named = rows.filter(path.str.starts_with(begin) | escaped).select(
            path.alias("path"), pl.col("add").struct.field("size").alias("size")
        )
        about, files = (frame.collect() for frame in (said, named))
    except (FileNotFoundError, pl.exceptions.PolarsError) as error:
        raise Unread(target) from error
    protocols = [row for row in about["protocol"].to_list() if row and row["minReaderVersion"] is not None]
    schemas = [row["schemaString"] for row in about["metaData"].to_list() if row and row["schemaString"]]
    strange = files.filter(~pl.col("path").str.starts_with(begin))
    if len(schemas) != 1 or [{key: row[key] for key in _PROTOCOL} for row in protocols] != [_PROTOCOL]:
        raise Unread("protocol")
    if strange.height:
        raise Unread(strange["path"][0])
    return schemas[0], tuple(files.iter_rows())


def _stamps(url: str, after: int) -> dict[str, str]:
    """What tells a file of the log from another of its name, of those at least that are not earlier.

    On a disk it is asked of folded files alone: entries are read anew.
    """
    if "://" in url:
        store, root = remote(f"{url}/_delta_log")
        first = f"{root}/{max(after, 0):020d}"
        return {
            os.path.basename(item["path"]): f"{item['e_tag']} {item['size']} {item['last_modified']}"
            for batch in store.list(f"{root}/", offset=first)
            for item in batch
        }
    folder = f"{url}/_delta_log"
    try:
        return {
            name: _stamp(f"{folder}/{name}") if name.endswith(".checkpoint.parquet") else ""
            for name in os.listdir(folder)
        }
    except FileNotFoundError as error:
        raise Unread(url) from error


def _stamp(path: str) -> str:
    stat = os.stat(path)
    return f"{stat.st_ino} {stat.st_size} {stat.st_mtime_ns}"


def _content(target: str) -> bytes:
    return fetch(target) if "://" in target else Path(target).read_bytes()
