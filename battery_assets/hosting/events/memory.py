"""What a run has materialized, kept in memory while it runs: Dagster asks for each of it many times."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dagster import AssetKey, AssetRecordsFilter, EventLogRecord, EventRecordsResult
from dagster._core.event_api import EventLogCursor
from dagster._core.storage.event_log.base import AssetEntry, AssetRecord

if TYPE_CHECKING:
    from dagster import EventLogEntry


class Materialized:
    """The materializations of the run that this process is at, by asset and partition."""

    def __init__(self) -> None:
        self._of_partition: dict[tuple[AssetKey, str], EventLogRecord] = {}
        self._newest: dict[AssetKey, EventLogRecord] = {}

    def note(self, event: "EventLogEntry", storage_id: int) -> None:
        """Keep a materialization."""
        made = event.asset_materialization
        if made is not None:
            record = EventLogRecord(storage_id=storage_id, event_log_entry=event)
            self._newest[made.asset_key] = record
            if made.partition is not None:
                self._of_partition[made.asset_key, str(made.partition)] = record

    def clear(self) -> None:
        """Forget: a run begins or has ended, and others may materialize the same."""
        self._of_partition.clear()
        self._newest.clear()

    def latest(
        self, asked: "AssetKey | AssetRecordsFilter", limit: int, cursor: str | None, ascending: bool
    ) -> EventRecordsResult | None:
        """The latest materialization of one partition; None where more is asked, or it is not of this run."""
        if not isinstance(asked, AssetRecordsFilter) or limit != 1 or cursor or ascending:
            return None
        partitions = list(asked.asset_partitions or ())
        if len(partitions) != 1 or asked != AssetRecordsFilter(asked.asset_key, asset_partitions=partitions):
            return None
        record = self._of_partition.get((asked.asset_key, partitions[0]))
        if record is None:
            return None
        return EventRecordsResult(
            [record], EventLogCursor.from_storage_id(record.storage_id).to_string(), True
        )

    def tags(
        self, asset_key: AssetKey, partitions: Sequence[str] | None, wanted: Sequence[str]
    ) -> Mapping[str, Mapping[str, str]] | None:
        """Tags of the latest materialization of each partition; None where one of them is not of this run."""
        by_partition = {}
        for partition in partitions or ():
            record = self._of_partition.get((asset_key, partition))
            if record is None or record.asset_materialization is None:
                return None
            tags = record.asset_materialization.tags or {}
            by_partition[partition] = {key: tags[key] for key in wanted if key in tags}
        return by_partition or None

    def record(self, asset_key: AssetKey) -> AssetRecord | None:
        """What is known of an asset that this run has materialized; None of another."""
        record = self._newest.get(asset_key)
        if record is None:
            return None
        entry = AssetEntry(asset_key=asset_key, last_materialization_record=record, last_run_id=record.run_id)
        return AssetRecord(storage_id=record.storage_id, asset_entry=entry)
