"""Work that takes long: asked for, answered at once with its address, stopped."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import Depends, Path, Request, Response
from pydantic import BaseModel, Field

from battery_assets.actions.jobs import asking, following
from battery_assets.actions.jobs.asking import Asker
from battery_assets.actions.people.caller import WORK, Caller
from battery_assets.api.callers import READ, caller_of, may
from battery_assets.api.changing import Change, IdempotencyKey
from battery_assets.api.problems import CHANGES, Problem, documented
from battery_assets.api.strict import Month, Name, Site, Strict, routed
from battery_assets.tables.experiments.signals import CAPTURES, CELLS, DISCHARGES, GENERATION, IMPORT

router = routed("jobs")
STATUSES = tuple(one for one in CHANGES if one not in (412, 428))
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Budget = Annotated[int, Field(ge=1, le=10_000)]
Terms = dict[Annotated[str, Field(max_length=60)], Any]
KINDS = {
    "generation": GENERATION, "captures": CAPTURES, "import": IMPORT, "discharges": DISCHARGES,
    "cells": CELLS,
}  # fmt: skip
JobNumber = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the job.")]
Followed = Annotated[Caller, Depends(may(WORK, READ["platform"]))]


class Job(BaseModel):
    """A job as it stands."""

    id: int
    kind: str
    state: Literal["queued", "running", "succeeded", "failed", "stopped"]
    progress: float = Field(description="Share that is done.")
    step: int
    steps: int
    run_id: str | None = Field(description="Dagster's run of it.")
    stop_asked: bool
    reason: str | None = Field(description="Why it failed or was stopped.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    request_id: str | None = Field(description="Request that asked for it.")
    facts: dict[str, Any] = Field(description="What was asked for.")
    asked_by: str | None = Field(description="Key or person that asked for it.")


class TrainingTerms(Strict):
    """A training of a network on the cells of a lab."""

    lab: Site
    algorithm: Literal["baseline", "bilstm", "deephpm"]
    model_name: Annotated[str, Field(max_length=120)] = ""
    hyperparams: Terms = Field(default_factory=dict, description="Terms of its recipe, such as epochs.")
    batteries: dict[Literal["train", "val", "test"], list[int]] = Field(
        default_factory=dict, description="Numbers of cells for each side; empty: as the lab's split says."
    )


class ExperimentTerms(Strict):
    """A model tried on a dataset of signals."""

    name: Name
    dataset: Name
    model_type: Name
    split: Literal["system", "window"] = "system"
    seed: Seed = 1
    control: Literal["", "shuffled_labels"] = ""
    hyperparameters: Terms = Field(default_factory=dict)


class CampaignTerms(Strict):
    """A search. what: settings of a model, an alert rule on replayed months, or networks."""

    name: Name
    what: Literal["settings", "alert_rule", "networks"]
    dataset: Name | None = None
    method: Name | None = None
    base_model_type: Name | None = None
    search_algorithm: Name | None = None
    signal: Name | None = None
    sites: list[Site] | None = Field(default=None, max_length=1_000)
    months: list[Month] | None = Field(default=None, max_length=600)
    trials: Budget | None = None
    epochs: Budget | None = None
    seed: Seed | None = None
    search_space: Terms | None = None
    space: Terms | None = None
    missed_costs: Annotated[float, Field(gt=0, le=1e6)] | None = None


class DatasetTerms(Strict):
    """A dataset of signals: generated, of sites' captures or discharges, of a lab's cells, or of a folder
    below landing.
    """

    name: Name
    kind: Literal["generation", "captures", "import", "discharges", "cells"]
    terms: Terms = Field(default_factory=dict)


def job_of(request: Request, caller: Caller, number: int) -> sa.Row:
    """A job that the caller sees. Problem 404."""
    with request.app.state.platform.warehouse.reading() as connection:
        row = following.visible(connection, caller, number)
    if row is None:
        raise Problem(404, "no job is called so", "see the list of jobs")
    return row


def as_json(values: dict[str, Any]) -> str:
    """Values as JSON text."""
    return json.dumps(
        values, default=lambda value: value.isoformat() if isinstance(value, datetime) else float(value)
    )


def accepted(change: Change, ask: Callable[[Asker], int]) -> Response:
    """Ask for work. The answer is 202 with the job and its address."""

    def do(connection: sa.Connection) -> Response:
        number = ask(Asker(change.warehouse, connection, change.caller, change.request_id))
        row = following.visible(connection, change.caller, number)
        body = as_json(following.shown(row)) if row is not None else "{}"
        return Response(body, 202, {"location": f"/api/v1/jobs/{number}/state"}, "application/json")

    return change.once(do)


def adds(path: str, says: str, tag: str) -> dict[str, Any]:
    """What a route that asks for work has in common with the others."""
    where = {"Location": {"schema": {"type": "string"}, "description": "Address of the job."}}
    made = {202: {"model": Job, "description": "It is in the queue.", "headers": where}}
    return {
        "path": path, "summary": says, "operation_id": tag, "status_code": 202, "response_class": Response,
        "responses": {**made, **documented(*STATUSES)},
    }  # fmt: skip


Works = Annotated[Caller, Depends(may(WORK))]


def _refuse_narrow(caller: Caller) -> None:
    """Problem 403 where somebody of some sites asks for work that belongs to none."""
    if caller.sites is not None:
        raise Problem(
            403, "this work belongs to no site", "ask with a key or an account that sees every site"
        )


@router.post(**adds("/trainings", "Train a network on the cells of a lab", "ask_training"))
def training(
    request: Request, body: TrainingTerms, caller: Works, idempotency_key: IdempotencyKey = None
) -> Response:
    """The daemon begins it within seconds."""
    terms = body.model_dump(exclude={"lab"})
    return accepted(
        Change(request, caller, idempotency_key, body), lambda asker: asking.training(asker, body.lab, terms)
    )


@router.post(**adds("/experiments", "Try a model on a dataset", "ask_experiment"))
def experiment(
    request: Request, body: ExperimentTerms, caller: Works, idempotency_key: IdempotencyKey = None
) -> Response:
    """The daemon begins it within seconds."""
    _refuse_narrow(caller)
    terms = body.model_dump(exclude={"name"})
    return accepted(
        Change(request, caller, idempotency_key, body),
        lambda asker: asking.experiment(asker, body.name, terms),
    )


@router.post(**adds("/campaigns", "Search for settings, for an alert rule, or for networks", "ask_campaign"))
def campaign(
    request: Request, body: CampaignTerms, caller: Works, idempotency_key: IdempotencyKey = None
) -> Response:
    """The daemon begins it within seconds."""
    _refuse_narrow(caller)
    terms = body.model_dump(exclude={"name", "what"}, exclude_none=True)
    change = Change(request, caller, idempotency_key, body)
    return accepted(change, lambda asker: asking.campaign(asker, body.what, body.name, terms))


@router.post(**adds("/datasets", "Make a dataset of signals", "ask_dataset"))
def dataset(
    request: Request, body: DatasetTerms, caller: Works, idempotency_key: IdempotencyKey = None
) -> Response:
    """The daemon begins it within seconds."""
    _refuse_narrow(caller)
    landing, kind = request.app.state.platform.settings.landing, KINDS[body.kind]
    change = Change(request, caller, idempotency_key, body)
    return accepted(change, lambda asker: asking.dataset(asker, kind, body.name, body.terms, landing))


@router.get("/jobs/{number}/state", summary="A job as it stands", operation_id="read_job_state",
            responses={200: {"model": Job}, **documented(*STATUSES)}, response_class=Response)  # fmt: skip
def state(request: Request, number: JobNumber, caller: Followed) -> Response:
    """Ask again until state is succeeded, failed or stopped, or read its events."""
    return Response(as_json(following.shown(job_of(request, caller, number))), media_type="application/json")


@router.post("/jobs/{number}/stop", summary="Stop a job", operation_id="stop_job",
             responses={200: {"model": Job}, **documented(*STATUSES)}, response_class=Response)  # fmt: skip
def stop(
    request: Request, number: JobNumber, caller: Works, idempotency_key: IdempotencyKey = None
) -> Response:
    """At once where it waits, with its next step where it runs; what it has made so far stays."""
    job_of(request, caller, number)

    def do(connection: sa.Connection) -> Response:
        following.stop(connection, number)
        row = following.visible(connection, caller, number)
        return Response(
            as_json(following.shown(row)) if row is not None else "{}", media_type="application/json"
        )

    return Change(request, caller_of(request), idempotency_key).once(do)
