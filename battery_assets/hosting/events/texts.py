"""Events as Dagster's log stores them: without what another event of the step says, and what no page shows.

Of a night's text a sixth went so (docs/scale.md): an output repeated the metadata of its materialization or
check, and each event named its run, job and step a second time, as tags for Python's own logging.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from dagster import DagsterEventType as Event
from dagster import MarkdownMetadataValue

if TYPE_CHECKING:
    from dagster._core.events.log import EventLogEntry
    from dagster._core.execution.plan.outputs import StepOutputData

LONGEST_TEXT = 1_000


def slim(events: "Sequence[EventLogEntry]") -> "list[EventLogEntry]":
    """Events that are stored together, as they are stored."""
    repeated = [*_metadata_of_results(events)]
    return [_slim(event, repeated) for event in events]


def without_pictures(event: "EventLogEntry") -> "EventLogEntry":
    """A materialization of a partition without its long texts, for the row of its asset.

    That row is written anew for each partition, and says of it no more than when and by which run. An asset
    that is not cut shows what stands there.
    """
    said, made = event.dagster_event, event.asset_materialization
    if said is None or made is None or made.partition is None:
        return event
    short = made._replace(
        metadata={name: value for name, value in made.metadata.items() if not _is_long(value)}
    )
    data = said.step_materialization_data._replace(materialization=short)
    return event._replace(dagster_event=said._replace(event_specific_data=data))


def _metadata_of_results(events: "Sequence[EventLogEntry]") -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """The step, and the metadata, of each materialization and check among events."""
    for event in events:
        said = event.dagster_event
        if said is not None and said.event_type == Event.ASSET_MATERIALIZATION:
            yield said.step_key, said.step_materialization_data.materialization.metadata
        elif said is not None and said.event_type == Event.ASSET_CHECK_EVALUATION:
            yield said.step_key, said.asset_check_evaluation_data.metadata


def _slim(
    event: "EventLogEntry", repeated: "Sequence[tuple[str | None, Mapping[str, Any]]]"
) -> "EventLogEntry":
    said = event.dagster_event
    if said is None:
        return event
    if said.event_type == Event.STEP_OUTPUT:
        output = cast("StepOutputData", said.event_specific_data)
        if any(step == said.step_key and metadata == output.metadata for step, metadata in repeated):
            left: Mapping[str, Any] = {}
        else:
            left = {name: value for name, value in output.metadata.items() if not _is_long(value)}
        said = said._replace(event_specific_data=output._replace(metadata=left))
    return event._replace(dagster_event=said._replace(logging_tags={}))


def _is_long(value: object) -> bool:
    return isinstance(value, MarkdownMetadataValue) and len(value.md_str or "") > LONGEST_TEXT
