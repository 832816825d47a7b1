"""What went wrong, as RFC 9457 says it: status, title, which field, what to do. No input is given back."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from battery_assets.actions.people.attempts import TooEarly
from battery_assets.actions.people.passwords import Busy
from battery_assets.actions.people.second_factor import NotFresh
from battery_assets.actions.people.signing_in import NotSignedIn
from battery_assets.errors import BadField, BadInput, Failure, UserError
from battery_assets.platform.tracking import ArtifactMismatch, TrackingUnavailable
from battery_assets.platform.warehouse.database import DatabaseGone, DataRefused

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
PREFIX = "/api/v1"
TITLES = {
    400: "the request cannot be read",
    401: "who asks is not known",
    403: "not allowed",
    404: "there is no such thing",
    405: "this address does not take this method",
    406: "this form of the answer is not offered",
    409: "it cannot be as things stand",
    412: "it has changed since you read it",
    413: "the body is too large",
    415: "the body has to be JSON",
    422: "a field cannot be taken as it is",
    428: "say which version you change",
    429: "too many requests",
    500: "a failure of the platform's own",
    503: "the database does not answer now",
    504: "it took too long",
}
# A field that nobody asked for is named as well, but not at any length.
LONGEST_FIELD = 80
# PostgreSQL says so of a statement that ran into its time limit, and of a row that the caller may not write.
_CANCELLED, _NOT_ALLOWED = "57014", "42501"
_PLACE = re.compile(r"\[(\d+)\]")
_SOON = {"Retry-After": "2"}
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


class FieldError(BaseModel):
    """One field that cannot be taken."""

    field: str = Field(description="Where it stands, such as body.payload.0.cycle.")
    message: str = Field(description="What is wrong with it.")


class ProblemBody(BaseModel):
    """A problem as RFC 9457 describes it."""

    type: str = Field(description="urn of this kind of problem.")
    title: str
    status: int
    detail: str | None = None
    next_step: str | None = Field(default=None, description="What to do about it.")
    request_id: str | None = Field(default=None, description="Name it when you ask about this.")
    errors: list[FieldError] = Field(default_factory=list)


class Problem(HTTPException):
    """An answer other than the one that was asked for; FastAPI lets it pass wherever it is raised."""

    def __init__(
        self,
        status: int,
        detail: str,
        next_step: str | None = None,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.next_step, self.errors = next_step, errors


def body_of(
    status: int,
    detail: str | None,
    next_step: str | None = None,
    *,
    request_id: str | None = None,
    errors: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """The members of a problem; those without a value are left out."""
    members = {
        "type": f"urn:battery-assets:problem:{status}",
        "title": TITLES.get(status, "it could not be done"),
        "status": status,
        "detail": detail,
        "next_step": next_step,
        "request_id": request_id,
        "errors": [{"field": field, "message": message} for field, message in errors] or None,
    }
    return {name: value for name, value in members.items() if value is not None}


def answer(request: Request, problem: Problem) -> JSONResponse:
    """A problem as an answer."""
    request.scope["problem"] = problem.detail
    body = body_of(
        problem.status_code,
        problem.detail,
        problem.next_step,
        request_id=request.scope.get("request_id"),
        errors=problem.errors,
    )
    return JSONResponse(body, problem.status_code, dict(problem.headers or {}), media_type=MEDIA_TYPE)


def without_input(message: str) -> str:
    """A message of ours without what it quotes: that is what somebody sent."""
    return _QUOTED.sub("what was given", message)


def of_user_error(error: UserError) -> Problem:
    """Of an error that a person is meant to read; of one that names nothing known, 404."""
    detail = without_input(error.message)
    if isinstance(error, BadField):
        whole = error.field if error.field.startswith("query.") else f"body.{error.field}"
        where = _PLACE.sub(r".\1", whole)[:LONGEST_FIELD]
        return Problem(422, "a field cannot be taken", error.next_step, errors=[(where, error.fault)])
    if isinstance(error, Failure):
        return Problem(409, detail, error.next_step)
    missing = re.match(r"(no \w+ is called|there is no )", error.message)
    return Problem(404 if missing else 422, detail, error.next_step)


def of_sign_in(error: UserError) -> Problem:
    """Of who did not get in, or not yet."""
    if isinstance(error, TooEarly):
        wait = {"Retry-After": str(max(1, round(error.wait_s)))}
        return Problem(429, error.message, error.next_step, headers=wait)
    if isinstance(error, Busy):
        return Problem(503, error.message, error.next_step, headers={"Retry-After": "3"})
    return Problem(401, error.message, error.next_step, headers={"WWW-Authenticate": "APIKey"})


def of_database(error: Exception) -> Problem:
    """Of a database that is gone, or that was too slow."""
    if getattr(getattr(error, "orig", error), "sqlstate", None) == _CANCELLED:
        return Problem(504, "the database took too long over it", "ask for less at once: a site, a month")
    log.warning("the database does not answer: %s", type(error).__name__)
    return Problem(503, "the database does not answer now", "ask again", headers=_SOON)


def of_statement(error: sa.exc.SQLAlchemyError) -> Problem:
    """Of a statement that PostgreSQL refuses: a row of another site than the caller's, or a fault of ours."""
    if getattr(getattr(error, "orig", None), "sqlstate", None) == _NOT_ALLOWED:
        return Problem(403, "it is of a site that is not yours", "ask an admin for it")
    log.error("a statement failed", exc_info=error)
    return Problem(500, "something failed that nobody foresaw", "name the request id")


def of_validation(error: RequestValidationError) -> Problem:
    """Of fields that do not fit: each with its place and what is wrong."""
    errors = [
        (".".join(str(word) for word in one["loc"])[:LONGEST_FIELD], _fault(one))
        for one in error.errors()[:50]
    ]
    return Problem(422, f"{len(errors)} field(s) cannot be taken", "correct them", errors=errors)


def _fault(error: Mapping[str, Any]) -> str:
    """What is wrong with a field; where it is one of a few words, these: they are ours."""
    if error["type"] in ("literal_error", "enum"):
        return f"write one of {error['ctx']['expected'].replace(chr(39), '')}"
    return without_input(str(error["msg"]))


def of_http(error: HTTPException) -> Problem:
    """Of what the router says: an unknown address, a wrong method, a body that is no JSON."""
    return Problem(error.status_code, TITLES.get(error.status_code, "it could not be done"),
                   headers=dict(error.headers or {}))  # fmt: skip


def wants_page(request: Request) -> bool:
    """Whether a browser asks for a page: it names HTML, and the address is none of the API's."""
    return not request.url.path.startswith(PREFIX) and "text/html" in request.headers.get("accept", "")


def handle_problems(app: FastAPI, page_of: Callable[[Request, Problem], Response] | None = None) -> None:
    """Let every error of a route leave as a problem; where a browser asks for a page, as `page_of` says."""

    def on(kind: type[Exception], of: Any) -> None:
        async def handler(request: Request, error: Exception) -> Response:
            problem = of(error)
            page = page_of(request, problem) if page_of is not None and wants_page(request) else None
            return page or answer(request, problem)

        app.add_exception_handler(kind, handler)

    on(Problem, lambda problem: problem)
    on(UserError, of_user_error)
    for refused in (NotSignedIn, TooEarly, Busy):
        on(refused, of_sign_in)
    on(NotFresh, lambda error: Problem(403, error.message, error.next_step))
    on(BadInput, lambda error: Problem(422, without_input(str(error))))
    on(RequestValidationError, of_validation)
    on(HTTPException, of_http)
    on(sa.exc.ProgrammingError, of_statement)
    on(TrackingUnavailable, lambda _: Problem(503, "MLflow does not answer", "ask again", headers=_SOON))
    on(ArtifactMismatch, lambda _: Problem(409, "a model's file is not what was registered", "train anew"))
    for odd in (sa.exc.DataError, DataRefused):
        on(odd, lambda _: Problem(422, "a value is none that the database can hold"))
    for gone in (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError, DatabaseGone):
        on(gone, of_database)

    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        # Starlette raises it again after this answer; the log has it with the request's id.
        return answer(request, Problem(500, "something failed that nobody foresaw", "name the request id"))

    app.add_exception_handler(Exception, unforeseen)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of the problems that a route may answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"description": TITLES[status], "content": content} for status in sorted(statuses)}


# What any route may answer that asks who is there, and the database.
ALWAYS = (400, 401, 403, 404, 406, 422, 429, 503, 504)
CHANGES = (*ALWAYS, 409, 412, 413, 415, 428)
