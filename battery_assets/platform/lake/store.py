"""The Delta lake: immutable files, one a day, and one atomic commit for a partition.

Files are written, hashed and brought to disk first; only then does the Delta log name them. A reader
follows the log, never a directory listing.
"""

import contextlib
import hashlib
import io
import os
import shutil
import uuid
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import sqlalchemy as sa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.lake.checksums import is_whole
from battery_assets.platform.lake.format import (
    LakeFile,
    add_action,
    arrow_schema,
    as_stored,
    parquet_bytes,
)
from battery_assets.platform.lake.log_commit import Turn, commit_by_delta, commit_entry
from battery_assets.platform.lake.log_entries import Unread
from battery_assets.platform.lake.log_names import named_in
from battery_assets.platform.lake.log_on_disk import sync, sync_log
from battery_assets.platform.lake.opening import opened
from battery_assets.platform.lake.reads import Days, LakeError
from battery_assets.platform.lake.schema import widen
from battery_assets.platform.object_stores import fetch, remote
from battery_assets.platform.warehouse.crash_points import crash_point
from battery_assets.platform.warehouse.profile import profile_of
from battery_assets.platform.warehouse.rows import fitting, of_month

# Commits after which the log is folded, as Delta has it.
FOLD_AT = 100


@dataclass(frozen=True)
class Lake:
    """The lake at a folder or an S3-compatible URL."""

    url: str

    def table_url(self, table: sa.Table) -> str:
        """Where the table lies."""
        return f"{self.url.rstrip('/')}/{table.name}"

    @property
    def local(self) -> bool:
        """Is it a folder of this machine?"""
        return "://" not in self.url

    def delta(self, table: sa.Table) -> DeltaTable | None:
        """The table's newest version, or None where nothing was ever written."""
        try:
            return opened(self.table_url(table))
        except TableNotFoundError:
            return None

    def create(self, table: sa.Table) -> DeltaTable:
        """The table, made if need be."""
        delta = self.delta(table)
        if delta is None:
            # Several first writers may arrive together: whoever comes second finds the table made.
            with contextlib.suppress(DeltaError):
                DeltaTable.create(
                    self.table_url(table),
                    arrow_schema(table),
                    mode="ignore",
                    partition_by=["site", "month"],
                    name=table.name,
                    description=table.comment,
                )
            delta = opened(self.table_url(table))
            if self.local:
                sync(Path(self.url).parent)
        return widen(delta, table)

    def paths(self, table: sa.Table, part: Part) -> list[str]:
        """The files that the log names, relative to the table: of a partition, a site, a month, or all."""
        try:
            return sorted(named_in(self.table_url(table), part, local=self.local))
        except TableNotFoundError:
            return []

    def write(self, table: sa.Table, part: Part, day: date, rows: pl.DataFrame) -> LakeFile:
        """Write one day's rows, in stored order, to a file of its own. It is not part of the table yet."""
        ready = as_stored(rows, table)
        with ThreadPoolExecutor(1) as beside:
            profile = beside.submit(profile_of, ready, table)
            content = parquet_bytes(ready, table)
        path = f"site={part.site}/month={part.month}/{day.isoformat()}-{uuid.uuid4().hex}.parquet"
        e_tag = self._store(f"{self.table_url(table)}/{path}", content)
        return LakeFile(
            path,
            day,
            rows.height,
            len(content),
            hashlib.sha256(content).hexdigest(),
            profile.result(),
            e_tag,
        )

    def _store(self, target: str, content: bytes | memoryview) -> str | None:
        """Write a file and wait for the disk; what a bucket calls its content."""
        if not self.local:
            store, path = remote(target)
            return store.put(path, bytes(content))["e_tag"]
        folder = Path(target).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with open(target, "xb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            _removed(target)
            raise _unwritten(target, f"{error.strerror}; {_free(folder)}") from error
        return None

    def discard(self, table: sa.Table, files: Iterable[LakeFile]) -> None:
        """Delete files that were written and will never be part of the table."""
        for file in files:
            target = f"{self.table_url(table)}/{file.path}"
            if self.local:
                _removed(target)
            else:
                store, path = remote(target)
                store.delete(path)

    def write_days(self, table: sa.Table, part: Part, days: Days) -> list[LakeFile]:
        """A file for each day, written while the next day is made; where one fails, none is left."""
        files: list[LakeFile] = []
        writing: Future[LakeFile] | None = None
        with ThreadPoolExecutor(1) as behind:
            try:
                for day, frame in days:
                    rows = of_month(fitting(frame, table), table, part)
                    if writing is not None:
                        files.append(writing.result())
                        crash_point("first_file")
                    writing = behind.submit(self.write, table, part, day, rows) if rows.height else None
                if writing is not None:
                    files.append(writing.result())
            except BaseException:
                if writing is not None and writing.exception() is None:
                    files.append(writing.result())
                self.discard(table, files)
                raise
        return files

    def commit(
        self,
        table: sa.Table,
        part: Part,
        files: Iterable[LakeFile],
        token: int | None,
        fence: Callable[[], object],
        keep: Collection[str] = (),
    ) -> None:
        """Make these files, and those of the paths to keep, the partition's content in one atomic log entry.

        `fence` raises for a late writer. It is asked after the table's state was read: whoever commits to the
        partition later than that takes this commit its turn, and the fence is asked again. Raises
        LakeError where a file to keep is not part of the table any more.
        """
        url, added = self.table_url(table), [add_action(file, part) for file in files]
        turn = Turn(table, part, added, frozenset(keep), token or 0, fence)
        try:
            try:
                version = commit_entry(url, turn)
            except Unread:
                version = None
                commit_by_delta(self.create, turn)
        except CommitFailedError:
            raise
        except (OSError, DeltaError) as error:
            raise _unwritten(f"{url}/_delta_log", str(error)) from error
        if version and version % FOLD_AT == 0:
            # As Delta's own writer does. Where it fails the night's fold comes after it.
            with contextlib.suppress(DeltaError, OSError):
                opened(url).create_checkpoint()
        # What the log says already may be the work of a writer that died before it reached the disk.
        self._sync(table, part)

    def _sync(self, table: sa.Table, part: Part) -> None:
        """Bring what the log says of a partition, and the names of its files, to disk."""
        if self.local:
            root = Path(self.table_url(table))
            month = root / f"site={part.site}" / f"month={part.month}"
            sync_log(root, [folder for folder in (month.parent, month) if folder.exists()])

    def vacuum(self, table: sa.Table, keep_hours: int) -> list[str]:
        """Delete files that the table has not named for so many hours, or never did; returns their paths."""
        delta = self.delta(table)
        if delta is None:
            return []
        return delta.vacuum(keep_hours, dry_run=False, enforce_retention_duration=False, full=True)

    def keep(self, name: str, rows: pl.DataFrame) -> str:
        """Write a file of its own beside the tables, whole or not at all; no other content takes its place.

        Returns its path in the lake: the name and the checksum of its content.
        """
        buffer = io.BytesIO()
        rows.write_parquet(buffer, compression="zstd")
        content = buffer.getbuffer()
        path = f"{name}-{hashlib.sha256(content).hexdigest()}.parquet"
        target = f"{self.url.rstrip('/')}/{path}"
        if not self.local or not is_whole(target, path[-len(".parquet") - 64 : -len(".parquet")]):
            self.put(path, content)
        return path

    def put(self, path: str, content: bytes | memoryview) -> str:
        """Write a file of its own beside the tables, whole or not at all, in place of what was there.

        Returns its address.
        """
        target = f"{self.url.rstrip('/')}/{path}"
        if not self.local:
            self._store(target, content)
            return target
        staged = f"{target}.{uuid.uuid4().hex}"
        self._store(staged, content)
        os.replace(staged, target)
        sync(Path(target).parent)
        return target

    def remove(self, path: str) -> None:
        """Delete a file beside the tables, by its path in the lake; one that is gone already is no fault."""
        target = f"{self.url.rstrip('/')}/{path}"
        if self.local:
            _removed(target)
            return
        store, within = remote(target)
        store.delete(within)

    def size(self, path: str) -> int:
        """Bytes of a file, by its path in the lake."""
        url = f"{self.url.rstrip('/')}/{path}"
        return Path(url).stat().st_size if self.local else len(fetch(url))

    def content(self, url: str) -> bytes:
        """What lies at a URL of the lake."""
        return Path(url).read_bytes() if self.local else fetch(url)


def _unwritten(target: str, reason: str) -> LakeError:
    return LakeError(
        f"cannot write {target}: {reason}. What was there before still is. "
        "Make room or give back the right to write, then materialize this partition again."
    )


def _removed(target: str) -> None:
    """Take a file away where that is possible: a reader never looks at it either way."""
    with contextlib.suppress(OSError):
        os.unlink(target)


def _free(folder: Path) -> str:
    while not folder.exists():
        folder = folder.parent
    return f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB are free"
