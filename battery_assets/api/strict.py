"""Bodies as they have to be: strict JSON, strict types, no field that nobody asked for."""

import json
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from battery_assets.actions.people.caller import Caller
from battery_assets.api.callers import May
from battery_assets.api.problems import PREFIX, Problem

DEEPEST = 32
_CALLER: ContextVar[Caller] = ContextVar("caller")


class Strict(BaseModel):
    """A body: unknown fields, NaN, and a text where a number belongs are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, str_strip_whitespace=True)


def _instant(value: Any) -> Any:
    """The instant that a text is, in UTC. ValueError for another type, and for years that no battery saw."""
    instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    if instant is None or instant.tzinfo is None:
        raise ValueError("write it as in 2026-03-01T14:00:00+07:00")
    if not 1900 < instant.year < 3000:
        raise ValueError("years from 1901 to 2999 are taken")
    return instant.astimezone(UTC)


Instant = Annotated[datetime, BeforeValidator(_instant)]
Words = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"\S", description="In words.")]
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"\S")]
Month = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", description="Month, as in 2026-03.")]
Site = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,30}$", description="Site or lab.")]


def routed(*tags: str) -> APIRouter:
    """A router of strict routes below the API's prefix."""
    return APIRouter(prefix=PREFIX, route_class=StrictRoute, tags=list(tags))


class StrictRoute(APIRoute):
    """A route whose body is read by `strictly`, once it is known that who asks may.

    FastAPI solves a dependency for 15 us, and after the body was read. `May` is asked here instead: whoever
    has no key is refused before anything that they sent is looked at.
    """

    guard: May | None = None

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with a request that reads JSON strictly."""
        self._take_guard()
        handle, guard = super().get_route_handler(), self.guard

        async def handler(request: Request) -> Response:
            strict = _StrictRequest(request.scope, request.receive)
            if guard is not None:
                _CALLER.set(await guard(strict))
            return await handle(strict)

        return handler

    def _take_guard(self) -> None:
        rest = [one for one in self.dependant.dependencies if not isinstance(one.call, May)]
        for one in self.dependant.dependencies:
            if isinstance(one.call, May):
                assert self.guard is None, f"{self.path} is guarded once"
                self.guard = one.call
                if one.name is not None:
                    self.dependant.call = _with_caller(self.endpoint, one.name)
        self.dependant.dependencies = rest


def _with_caller(endpoint: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The endpoint, given who asks. FastAPI sees by what is wrapped whether it is a coroutine."""

    @wraps(endpoint)
    def called(**values: Any) -> Any:
        return endpoint(**values, **{name: _CALLER.get()})

    return called


class _StrictRequest(Request):
    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            content = await super().body()
            kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
            if content and not (kind == "application/json" or kind.startswith("application/x-www-form")):
                raise Problem(415, "the body has to be JSON", "send Content-Type: application/json")
        return self._body

    async def json(self) -> Any:
        if not hasattr(self, "_strict"):
            self._strict = strictly(await self.body())
        return self._strict


def strictly(content: bytes) -> Any:
    """The value of a JSON text. Problem 422 for NaN, numbers beyond floats, repeated names, depth.

    A text without escapes, exponents or much nesting cannot hold what the slow looks are for.
    """
    shape = content.translate(_SHAPE)
    try:
        decoder = _CAREFUL if b"0e" in shape or _LONG in shape else _PLAIN
        value = decoder.decode(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        said = str(error) if isinstance(error, _Refused) else "it is no JSON as RFC 8259 describes it"
        raise Problem(422, "the body cannot be read", errors=[("body", said)]) from None
    plain = b"\\u" not in content and content.count(b"[") + content.count(b"{") <= DEEPEST
    if not plain and (why := _unfit(value)):
        raise Problem(422, "the body cannot be read", errors=[("body", why)])
    return value


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
    by_name = dict(pairs)
    if len(by_name) != len(pairs):
        raise _Refused("a name occurs twice in one object")
    return by_name


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


# Only an exponent, or 300 digits, makes a number that no float holds: each digit as 0, each E as e.
_SHAPE, _LONG = bytes.maketrans(b"123456789E", b"000000000e"), b"0" * 300
_HOOKS: dict[str, Any] = {"parse_constant": _no_number, "object_pairs_hook": _once_each}
_PLAIN = json.JSONDecoder(**_HOOKS)
_CAREFUL = json.JSONDecoder(parse_float=_finite, **_HOOKS)
