"""For a process that answers many at once: a pool of its own; of a request, its transaction and its sites."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import sqlalchemy as sa

from battery_assets.platform.warehouse.pool import ask_after_rest

# Of each request, as its context is its own: the pool that it uses, and the transaction that it is within.
_POOL: ContextVar[tuple[str, sa.Engine] | None] = ContextVar("pool", default=None)
# Shared by the threads of a request: what one of them learns holds for the others.
_SEEN: ContextVar["_Seen | None"] = ContextVar("seen", default=None)
_WITHIN: ContextVar[tuple[str, sa.Connection] | None] = ContextVar("within", default=None)


def pool(url: str, connections: int, statement_s: float, patience_s: float) -> sa.Engine:
    """Connections that stay open, each statement limited in time; who waits longer for one than `patience_s`
    gets sqlalchemy's TimeoutError."""
    limits = f"-c timezone=UTC -c lock_timeout=5000 -c statement_timeout={round(statement_s * 1000)}"
    made = sa.create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=patience_s,
        # What somebody sent stays out of the log of what went wrong (ASVS 16.2.5).
        hide_parameters=True,
        connect_args={"options": limits, "connect_timeout": 5},
    )
    ask_after_rest(made)
    return made


def use_pool(url: str, made: sa.Engine) -> None:
    """Let this context, such as a request's, use a pool for a database from now on; it sees every site."""
    _POOL.set((url, made))
    _SEEN.set(_Seen())


def pool_of(url: str) -> sa.Engine | None:
    """The pool that this context uses for a database; None where it has none of its own."""
    own = _POOL.get()
    return own[1] if own is not None and own[0] == url else None


def see_only(sites: frozenset[str] | None) -> None:
    """Let this context, such as a request's, see and write rows of these sites alone; None: of all."""
    there = _SEEN.get()
    if there is None:
        _SEEN.set(there := _Seen())
    there.sites = sites


def sites_seen() -> frozenset[str] | None:
    """The sites that this context sees; None: all."""
    there = _SEEN.get()
    return there.sites if there is not None else None


@contextmanager
def seeing_all() -> Iterator[None]:
    """Let the block see every site: for what the platform does itself once it has checked who asks."""
    before = sites_seen()
    see_only(None)
    try:
        yield
    finally:
        see_only(before)


class _Seen:
    """The sites that a request sees."""

    __slots__ = ("sites",)

    def __init__(self) -> None:
        self.sites: frozenset[str] | None = None


@contextmanager
def within(url: str, connection: sa.Connection) -> Iterator[None]:
    """Let every transaction that the block opens be a part of this one: all of it is kept, or none."""
    mark = _WITHIN.set((url, connection))
    try:
        yield
    finally:
        _WITHIN.reset(mark)


def outer(url: str) -> sa.Connection | None:
    """The transaction that this context is within; None where it is in none."""
    own = _WITHIN.get()
    return own[1] if own is not None and own[0] == url else None
