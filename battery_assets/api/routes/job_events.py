"""Events of a job as they come: `text/event-stream`, taken up where it broke off."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from anyio import to_thread
from fastapi import Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from battery_assets.actions.jobs import following
from battery_assets.api.problems import ALWAYS, Problem, documented
from battery_assets.api.routes.jobs import Followed, JobNumber, as_json, job_of
from battery_assets.api.strict import routed
from battery_assets.platform.warehouse.resource import Warehouse

router = routed("jobs")
LOOK_EVERY_S, SILENT_S, LONGEST_S = 1.0, 15.0, 900.0
MOST_READERS = 64
_EVENTS = "text/event-stream"
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID", max_length=20, pattern=r"^[0-9]{1,18}$",
        description="id of the last event that was read; what came after it is sent.",
    ),
]  # fmt: skip


@router.get(
    "/jobs/{number}/events", operation_id="read_job_events", response_class=StreamingResponse,
    summary="Events of a job: log, progress, end",
    responses={200: {"content": {_EVENTS: {"schema": {"type": "string"}}}}, **documented(*ALWAYS)},
)  # fmt: skip
async def events(
    request: Request, number: JobNumber, caller: Followed, last_event_id: LastEventId = None
) -> StreamingResponse:
    """`log` has a line of its log, `progress` the job whenever it moved, `end` the job once it has ended.

    A stream ends after 15 minutes at the latest; send Last-Event-ID to go on. 503 with too many readers.
    """
    await run_in_threadpool(job_of, request, caller, number)
    readers = request.app.state.readers
    if len(readers) >= MOST_READERS:
        raise Problem(503, "too many streams are read", "poll its state", headers={"Retry-After": "10"})
    stream = _stream(request, request.app.state.platform.warehouse, number, int(last_event_id or 0))
    return StreamingResponse(stream, media_type=_EVENTS, headers={"x-accel-buffering": "no"})


async def _stream(request: Request, warehouse: Warehouse, number: int, last: int) -> AsyncIterator[str]:
    """Events until the job has ended, its reader is gone, or time is up."""
    readers, mark = request.app.state.readers, object()
    readers.add(mark)
    began = spoke = time.monotonic()
    before: Any = None
    try:
        while time.monotonic() - began < LONGEST_S and not await request.is_disconnected():
            job, lines = await to_thread.run_sync(following.look, warehouse, number, last)
            for line in lines:
                last = int(line.id)
                yield event(
                    "log",
                    last,
                    {"level": line.level, "message": line.message, "at": line.created_at.isoformat()},
                )
            if job is None:
                return
            over = job["state"] in following.ENDED and len(lines) < following.MOST_LINES
            if job != before or over:
                before, spoke = job, time.monotonic()
                yield event("end" if over else "progress", last, json.loads(as_json(job)))
            elif time.monotonic() - spoke > SILENT_S:
                spoke = time.monotonic()
                yield ": still here\n\n"
            if over:
                return
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        readers.discard(mark)


def event(name: str, number: int, data: dict[str, Any]) -> str:
    """One event as it goes over the wire; JSON has no line breaks of its own."""
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
