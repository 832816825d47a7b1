"""Requests that change something: one transaction, at most once for each Idempotency-Key, one version.

The key's row, what the request did, and its answer are kept together or not at all. Who repeats a request
gets the same answer; two at once wait for each other.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Header, Request, Response
from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import insert

from battery_assets.actions.people.caller import Caller
from battery_assets.api.problems import Problem
from battery_assets.platform import clock
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.platform.warehouse.serving import within
from battery_assets.tables.service.keys import idempotency_key as kept

KEPT_FOR = timedelta(hours=24)
HEADERS = ("etag", "location", "content-type", "retry-after")
_LOCKED = "55P03"
_KEY = "header.Idempotency-Key"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$",
        description="The same key and body get the same answer for 24 h, and do nothing twice.",
    ),
]  # fmt: skip
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=400,
        description="ETag of the version that is changed; * for any version.",
    ),
]


@dataclass(frozen=True)
class Change:
    """One request that changes something: whose, and the body that was sent."""

    request: Request
    caller: Caller
    key: str | None
    body: BaseModel | None = None

    @property
    def warehouse(self) -> Warehouse:
        """Where it is kept."""
        platform_warehouse: Warehouse = self.request.app.state.platform.warehouse
        return platform_warehouse

    @property
    def request_id(self) -> str:
        """The request's own identifier."""
        return str(self.request.scope.get("request_id", ""))

    def once(self, do: Callable[[sa.Connection], Response]) -> Response:
        """Do it in one transaction. Problem 403, and 409 or 422 for a key that was used before."""
        if self.caller.ceiling is not None:
            raise Problem(403, "who sees what was known at an instant changes nothing", "use another key")
        url = self.warehouse.database_url
        with self.warehouse.transaction() as connection, within(url, connection):
            if self.key is None:
                return do(connection)
            mark = {"caller": self.caller.number, "route": self._route(), "key": self.key}
            before = self._taken(connection, mark)
            if before is not None:
                return before
            answer = do(connection)
            connection.execute(sa.update(kept).where(_same(mark)).values(**_stored(answer)))
            return answer

    def _route(self) -> str:
        """Method and address; of a long address its checksum, as the column ends."""
        words = f"{self.request.method} {self.request.url.path}"
        return words if len(words) <= 200 else hashlib.sha256(words.encode()).hexdigest()

    def _checksum(self) -> str:
        sent = None if self.body is None else self.body.model_dump(mode="json", exclude_unset=True)
        match = self.request.headers.get("if-match")
        return hashlib.sha256(json.dumps([sent, match], sort_keys=True).encode()).hexdigest()

    def _taken(self, connection: sa.Connection, mark: dict[str, str]) -> Response | None:
        """The answer that was given before; None where the key is now this request's."""
        same, now = _same(mark), clock.now()
        connection.execute(sa.delete(kept).where(same, kept.c.expires_at < now))
        row = {**mark, "request_hash": self._checksum(), "expires_at": now + KEPT_FOR}
        try:
            fresh = insert(kept).values(**row).on_conflict_do_nothing().returning(kept.c.key)
            mine = connection.execute(fresh).one_or_none()
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCKED:
                raise
            raise Problem(409, "the first request of this key is under way", "ask again") from error
        if mine is not None:
            return None
        there = connection.execute(sa.select(kept).where(same)).one()
        if there.request_hash != row["request_hash"]:
            said = "this key was used for another body, or for another version"
            raise Problem(422, said, "take a new key", errors=[(_KEY, said)])
        headers = {**(there.headers or {}), "idempotency-replayed": "true"}
        return Response(there.body, there.status_code, headers)


def _same(mark: dict[str, str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(kept.c[name] == value for name, value in mark.items()))


def _stored(answer: Response) -> dict[str, Any]:
    headers = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
    return {"status_code": answer.status_code, "headers": headers, "body": bytes(answer.body)}
