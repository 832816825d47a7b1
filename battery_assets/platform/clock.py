"""What time it is, asked in one place: tests and benchmarks stand on another day."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_stopped_at: datetime | None = None


def now() -> datetime:
    """The present instant, UTC."""
    return _stopped_at or datetime.now(UTC)


@contextmanager
def stop_at(at: datetime) -> Iterator[None]:
    """It is that instant while the block runs, in this process."""
    global _stopped_at
    before, _stopped_at = _stopped_at, at
    try:
        yield
    finally:
        _stopped_at = before
