"""Bodies as they have to be: strict JSON, strict types, no field that nobody asked for."""

import json
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from battery_assets.api.problems import Problem

DEEPEST = 32


class Strict(BaseModel):
    """A body: unknown fields, NaN, and a text where a number belongs are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, str_strip_whitespace=True)


def _instant(value: Any) -> Any:
    """The instant that a text is, in UTC. ValueError for another type, and for years that no battery saw."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else None
    if found is None or found.tzinfo is None:
        raise ValueError("write it as in 2026-03-01T14:00:00+07:00")
    if not 1900 < found.year < 3000:
        raise ValueError("years from 1901 to 2999 are taken")
    return found.astimezone(UTC)


Instant = Annotated[datetime, BeforeValidator(_instant)]
Words = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"\S", description="In words.")]
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"\S")]
Month = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", description="Month, as in 2026-03.")]
Site = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,30}$", description="Site or lab.")]


class StrictRoute(APIRoute):
    """A route whose body is read by `strictly`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with a request that reads JSON strictly."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return handler


class _StrictRequest(Request):
    async def body(self) -> bytes:
        content = await super().body()
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content and not (kind == "application/json" or kind.startswith("application/x-www-form")):
            raise Problem(415, "the body has to be JSON", "send Content-Type: application/json")
        return content

    async def json(self) -> Any:
        if not hasattr(self, "_strict"):
            self._strict = strictly(await self.body())
        return self._strict


def strictly(content: bytes) -> Any:
    """The value of a JSON text. Problem 422 for NaN, numbers beyond floats, repeated names, depth."""
    try:
        found = json.loads(
            content.decode("utf-8"),
            parse_constant=_no_number,
            parse_float=_finite,
            object_pairs_hook=_once_each,
        )
    except (ValueError, RecursionError) as error:
        said = str(error) if isinstance(error, _Refused) else "it is no JSON as RFC 8259 describes it"
        raise Problem(422, "the body cannot be read", errors=[("body", said)]) from None
    why = _unfit(found)
    if why:
        raise Problem(422, "the body cannot be read", errors=[("body", why)])
    return found


class _Refused(ValueError):
    """JSON of a kind that is not taken."""


def _no_number(_word: str) -> Any:
    raise _Refused("NaN and Infinity are no numbers of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _Refused("a number is too large")
    return number


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("a name occurs twice in one object")
    return found


def _unfit(value: Any) -> str | None:
    """Why a value cannot be taken whatever it is for: too deep, or text that no database keeps."""
    level = [value]
    for _ in range(DEEPEST + 1):
        if not level:
            return None
        if any(isinstance(one, str) and not _storable(one) for one in level):
            return "a text holds a character that cannot be kept"
        nested = [one for one in level if isinstance(one, dict | list)]
        level = [part for one in nested for part in ([*one, *one.values()] if isinstance(one, dict) else one)]
    return f"it is nested deeper than {DEEPEST}"


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
