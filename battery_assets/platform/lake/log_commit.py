"""A commit that writes one entry of the log, without Delta's own view of all files of the table."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.lake.format import arrow_schema, remove_action
from battery_assets.platform.lake.log_entries import (
    Unread,
    entry_of,
    plain,
    read_log,
    reading_faults,
    write_entry,
)
from battery_assets.platform.lake.log_names import named_by
from battery_assets.platform.lake.reads import LakeError

_TRIES, _TRIES_OF_DELTA = 200, 20


@dataclass(frozen=True)
class Turn:
    """What a partition is to become: files added, paths kept. Token and fence are its writer's."""

    table: sa.Table
    part: Part
    added: Sequence[AddAction]
    keep: frozenset[str]
    token: int
    fence: Callable[[], object]

    def gone(self, named: Mapping[str, int]) -> dict[str, int]:
        """Paths and sizes of what goes. The fence raises for a late writer.

        Raises LakeError where a file to keep is not part of the table any more.
        """
        self.fence()
        if not named.keys() >= self.keep:
            raise LakeError(
                f"{self.table.name} {self.part.key} changed meanwhile. Materialize this partition again."
            )
        return {path: size for path, size in named.items() if path not in self.keep}


def commit_entry(url: str, turn: Turn) -> int | None:
    """Write an entry; its version, None where the log says so already.

    The fence is asked once what the log says is known. Whoever writes an entry after that takes the number
    that this one needs, and it is asked again with what he wrote. Raises Unread where Delta's own writer has
    to do it.
    """
    if not all(plain(action.path) for action in turn.added):
        raise Unread("a path that is escaped in a log")
    named = read_log(url, turn.part)
    for _ in range(_TRIES):
        if not _fits(named.schema, turn.table):
            raise Unread("another schema")
        gone = turn.gone(named.files)
        if not turn.added and not gone:
            return None
        if write_entry(url, named.version + 1, _lines(turn, gone)):
            return named.version + 1
        try:
            named.apply(named.version + 1, entry_of(url, named.version + 1))
        except reading_faults(url) as error:
            raise Unread(url) from error
    raise Unread("others commit without a pause")


def commit_by_delta(create: Callable[[sa.Table], DeltaTable], turn: Turn) -> None:
    """The same by Delta's own writer: the first entry of a table, and logs that others wrote."""
    # Two writers of a partition without files share nothing else that Delta could see a conflict in.
    mark = Transaction(f"{turn.part.site}/{turn.part.month}", turn.token)
    for attempt in range(_TRIES_OF_DELTA):
        delta = create(turn.table)
        gone = turn.gone(named_by(delta, turn.part))
        if not turn.added and not gone:
            return
        try:
            delta.create_write_transaction(
                [*(remove_action(path, size, turn.part) for path, size in gone.items()), *turn.added],
                mode="append",
                schema=delta.schema(),
                partition_by=["site", "month"],
                commit_properties=CommitProperties(app_transactions=[mark]),
            )
        except CommitFailedError:
            if attempt == _TRIES_OF_DELTA - 1:
                raise
            time.sleep(0.05 * (attempt + 1))
            continue
        return


def _fits(schema: str, table: sa.Table) -> bool:
    """Whether the log declares every column of the table, in its type."""
    there = {field.name: field.type for field in Schema.from_json(schema).fields}
    wanted = Schema.from_arrow(arrow_schema(table)).fields
    return all(there.get(field.name) == field.type for field in wanted)


def _lines(turn: Turn, gone: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    now, part = int(time.time() * 1000), turn.part
    operation = {"operation": "WRITE", "operationParameters": {"mode": "Append"}}
    # By its number a writer knows the entry as his own.
    own = {"engineInfo": "battery_assets", "txnId": str(uuid.uuid4())}
    yield {"commitInfo": {"timestamp": now, **operation, **own}}
    yield {"txn": {"appId": f"{part.site}/{part.month}", "version": turn.token, "lastUpdated": now}}
    for path, size in gone.items():
        action = remove_action(path, size, part)
        yield {
            "remove": {
                "path": action.path,
                "dataChange": action.data_change,
                "deletionTimestamp": action.deletion_timestamp,
                "extendedFileMetadata": True,
                "partitionValues": dict(action.partition_values or {}),
                "size": action.size,
            }
        }
    for add in turn.added:
        yield {
            "add": {
                "path": add.path,
                "partitionValues": dict(add.partition_values),
                "size": add.size,
                "modificationTime": add.modification_time,
                "dataChange": add.data_change,
                "stats": add.stats,
            }
        }
