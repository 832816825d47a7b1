"""Months of sites or labs made again: what that would take, asked for, and what it changed."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Request, Response
from pydantic import BaseModel, Field

from battery_assets.actions.jobs import backfills
from battery_assets.actions.jobs.backfills import MOST, Range
from battery_assets.actions.people.caller import WORK, Caller
from battery_assets.api.callers import may
from battery_assets.api.changing import Change, IdempotencyKey
from battery_assets.api.problems import Problem, documented
from battery_assets.api.routes.jobs import STATUSES, Followed, JobNumber, accepted, adds, as_json, job_of
from battery_assets.api.strict import Month, Site, Strict, routed

router = routed("jobs")


class Months(Strict):
    """Sites, or labs, and months from the first to the last, both included."""

    sites: list[Site] = Field(min_length=1, max_length=MOST)
    first: Month
    last: Month
    kind: Literal["site", "lab"] = "site"

    @property
    def range(self) -> Range:
        """As the action takes it."""
        return Range(tuple(self.sites), self.first, self.last, self.kind == "lab")


class Partition(BaseModel):
    """A month of a site that would be made again."""

    site: str
    month: str
    there: bool = Field(description="It was made before.")
    tables: int
    rows: int


class Preview(BaseModel):
    """What a backfill would take."""

    partitions: int
    there_already: int
    rows: int = Field(description="Rows that would be made again.")
    minutes: float | None = Field(description="By what such months took; null where none was made yet.")
    measured_runs: int = Field(description="Runs that minutes rest on.")
    items: list[Partition]


class Changed(BaseModel):
    """A partition of a table that is not what it was."""

    table_name: str
    site: str
    month: str
    rows_before: int | None
    rows_now: int | None
    committed_at: datetime | None


class Difference(BaseModel):
    """What a backfill has changed so far."""

    partitions: int = Field(description="Partitions of tables, before or now.")
    changed: int
    changes: list[Changed] = Field(description="The first 1,000 that changed.")


@router.post("/backfills/preview", summary="What a backfill would take", operation_id="preview_backfill",
             responses=documented(*STATUSES))  # fmt: skip
def preview(request: Request, body: Months, caller: Followed) -> Preview:
    """Partitions, rows and minutes; nothing is done."""
    with request.app.state.platform.warehouse.reading() as connection:
        asked = backfills.checked(connection, caller, body.range)
        return Preview(**backfills.preview(connection, asked))


@router.post(**adds("/backfills", "Make months again", "ask_backfill"))
def ask(
    request: Request,
    body: Months,
    caller: Annotated[Caller, Depends(may(WORK))],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """One run of Dagster for each month of each site; a site's months run in order."""

    def asked(asker: Any) -> int:
        return backfills.ask(asker, backfills.checked(asker.connection, caller, body.range))

    return accepted(Change(request, caller, idempotency_key, body), asked)


@router.get(
    "/backfills/{number}/difference", summary="What a backfill has changed", response_class=Response,
    operation_id="read_backfill_difference", responses={200: {"model": Difference}, **documented(*STATUSES)},
)  # fmt: skip
def difference(request: Request, number: JobNumber, caller: Followed) -> Response:
    """Partitions by checksum, before it was asked for against now."""
    row = job_of(request, caller, number)
    if row.kind != backfills.KIND:
        raise Problem(404, "no backfill is called so", "see the list of jobs")
    with request.app.state.platform.warehouse.reading() as connection:
        changed = backfills.difference(connection, number, row.facts)
    return Response(as_json(changed), media_type="application/json")
