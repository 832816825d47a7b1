"""Dagster's event log for workers that write many events: they are written together, and little is asked.

A step's events wait in memory until the step ends, half a second has passed, or somebody of this process
reads. What is read here is therefore never older than what was written here; others see it as late as that.
"""

import itertools
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from dagster import DagsterEventType as Event
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, PIPELINE_EVENTS
from dagster._core.storage.event_log import SqlEventLogStorageTable
from dagster_postgres import PostgresEventLogStorage

from battery_assets.hosting.events.memory import Materialized
from battery_assets.hosting.events.texts import slim, without_pictures

if TYPE_CHECKING:
    import sqlalchemy as sa
    from dagster import AssetKey, AssetRecordsFilter, EventRecordsResult
    from dagster._core.events.log import EventLogEntry
    from dagster._core.storage.event_log.base import AssetRecord
    from dagster_postgres.auth import PgTokenProvider

PATIENCE_S = 0.5
MOST_WAITING = 100
ENDS = PIPELINE_EVENTS | {Event.STEP_SUCCESS, Event.STEP_FAILURE, Event.STEP_UP_FOR_RETRY}
# A site that was a partition a moment ago is one still.
PARTITION_STAYS_S = 30.0


class EventLog(PostgresEventLogStorage):
    """Dagster's event log; a worker that is killed loses the half second of events that wait."""

    def __init__(self, postgres_url: str, token_provider: "PgTokenProvider | None" = None) -> None:
        # The tables are those of the storage that this log is part of.
        super().__init__(postgres_url, should_autocreate_tables=False, token_provider=token_provider)
        self._lock = threading.RLock()
        self._waiting: list[EventLogEntry] = []
        self._timer: threading.Timer | None = None
        self._own: sa.Connection | None = None
        self._there: set[str] = set()
        self._materialized = Materialized()
        self._partitions: dict[tuple[str, str], float] = {}

    def store_event(self, event: "EventLogEntry") -> None:
        """Store an event, with those that wait, as soon as it ends a step or more."""
        with self._lock:
            self._waiting.append(event)
            if _kind(event) in ENDS or len(self._waiting) >= MOST_WAITING:
                self.flush()
            elif self._timer is None:
                self._timer = threading.Timer(PATIENCE_S, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def store_event_batch(self, events: "Sequence[EventLogEntry]") -> None:
        """Store events, in their order."""
        for event in events:
            self.store_event(event)

    def flush(self) -> None:
        """Write the events that wait: those of a step in one transaction, what ends a run in one of its own.

        The daemon looks for ended runs behind the newest id that it has seen. An id that was given out in a
        long transaction would lie before it and be passed over.
        """
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            events, self._waiting = self._waiting, []
            for of_run, of in itertools.groupby(events, key=lambda event: _kind(event) in PIPELINE_EVENTS):
                stored = slim([*of])
                for group in [[event] for event in stored] if of_run else [stored]:
                    self._write(group)

    def _write(self, events: "list[EventLogEntry]") -> None:
        with super()._connect() as pooled:
            connection = pooled.execution_options(isolation_level="READ COMMITTED")
            with connection.begin(), self._within(connection):
                table = SqlEventLogStorageTable
                insert = table.insert().returning(table.c.id, sort_by_parameter_order=True)
                ids = connection.execute(insert, [self._event_to_row(event) for event in events]).scalars()
                stored = list(zip(events, ids.all(), strict=True))
                for event, event_id in stored:
                    self._index(connection, event, event_id)
        for event, event_id in stored:
            if _kind(event) in PIPELINE_EVENTS:
                self._materialized.clear()
            self._materialized.note(event, event_id)

    def _index(self, connection: "sa.Connection", event: "EventLogEntry", event_id: int) -> None:
        """Enter what an event says of assets and of checks, as the class above does."""
        kind = _kind(event)
        if kind in ASSET_EVENTS and event.dagster_event and event.dagster_event.asset_key:
            self._store_asset_event_tags(connection, [event], [event_id])
            self._store_asset_event(connection, event, event_id)
        if kind in ASSET_CHECK_EVENTS:
            self.store_asset_check_event(event, event_id)

    def _get_asset_entry_values(
        self, event: "EventLogEntry", event_id: int, has_asset_key_index_cols: bool
    ) -> dict[str, Any]:
        return super()._get_asset_entry_values(without_pictures(event), event_id, has_asset_key_index_cols)

    @contextmanager
    def _within(self, connection: "sa.Connection") -> "Iterator[None]":
        """Let what this class asks while the block runs be asked in its transaction."""
        self._own = connection
        try:
            yield
        finally:
            self._own = None

    def _connect(self) -> "AbstractContextManager[sa.Connection]":
        with self._lock:
            if self._own is not None:
                return _borrowed(self._own)
            self.flush()
        return super()._connect()

    def fetch_materializations(
        self,
        records_filter: "AssetKey | AssetRecordsFilter",
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> "EventRecordsResult":
        """Materializations of an asset; those of the run that this process is at are not asked for."""
        self.flush()
        latest = self._materialized.latest(records_filter, limit, cursor, ascending)
        return latest or super().fetch_materializations(records_filter, limit, cursor, ascending)

    def get_latest_tags_by_partition(
        self,
        asset_key: "AssetKey",
        event_type: Event,
        tag_keys: "Sequence[str]",
        asset_partitions: "Sequence[str] | None" = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> "Mapping[str, Mapping[str, str]]":
        """Tags of the latest events, by partition; those of the run that this process is at are known."""
        self.flush()
        tags = None
        if event_type == Event.ASSET_MATERIALIZATION and before_cursor is None and after_cursor is None:
            tags = self._materialized.tags(asset_key, asset_partitions, tag_keys)
        return tags or super().get_latest_tags_by_partition(
            asset_key, event_type, tag_keys, asset_partitions, before_cursor, after_cursor
        )

    def get_asset_records(self, asset_keys: "Sequence[AssetKey] | None" = None) -> "Sequence[AssetRecord]":
        """What is known of assets; of those of the run that this process is at, from memory."""
        if not asset_keys:
            return super().get_asset_records(asset_keys)
        self.flush()
        records = {key: self._materialized.record(key) for key in asset_keys}
        others = [key for key, record in records.items() if record is None]
        asked = super().get_asset_records(others) if others else ()
        return [*(record for record in records.values() if record is not None), *asked]

    def has_table(self, table_name: str) -> bool:
        """Whether the table is there; a table that was there stays."""
        if table_name not in self._there and super().has_table(table_name):
            self._there.add(table_name)
        return table_name in self._there

    def _has_asset_key_col_on_connection(self, conn: "sa.Connection", column_name: str) -> bool:
        """Whether the table of assets has the column; a column that was there stays."""
        key = f"asset_keys.{column_name}"
        if key not in self._there and super()._has_asset_key_col_on_connection(conn, column_name):
            self._there.add(key)
        return key in self._there

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Whether the partition is known; one that was is not asked for again for half a minute."""
        key = partitions_def_name, partition_key
        if time.monotonic() - self._partitions.get(key, float("-inf")) < PARTITION_STAYS_S:
            return True
        if super().has_dynamic_partition(*key):
            self._partitions[key] = time.monotonic()
            return True
        return False

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Let a partition be none any more."""
        self._partitions.pop((partitions_def_name, partition_key), None)
        super().delete_dynamic_partition(partitions_def_name, partition_key)

    def dispose(self) -> None:
        """Write what waits."""
        self.flush()
        super().dispose()


@contextmanager
def _borrowed(connection: "sa.Connection") -> "Iterator[sa.Connection]":
    yield connection


def _kind(event: "EventLogEntry") -> Event | None:
    return event.dagster_event.event_type if event.dagster_event else None
