"""When a message is tried again, and when a receiver that never answers is given up.

Ten tries over three days, as Standard Webhooks advises; each wait is spread, so that receivers that came back
are not met by all at once.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

# Waits after the first to the ninth failure: 75 h 35 min in all.
WAITS = tuple(timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400))
TRIES = len(WAITS) + 1
SPREAD = 0.2
# After so long with nothing but failures a webhook is disabled; its owner hears of it a day before.
GIVEN_UP_AFTER, WARNED_BEFORE = timedelta(days=5), timedelta(hours=24)
# Failures of one afternoon are no week of silence: they have to lie so far apart.
APART = timedelta(hours=12)


def next_wait(failures: int, asked: timedelta | None, draw: random.Random) -> timedelta | None:
    """How long to wait after so many failures of a message; None when it is given up.

    `asked` is the receiver's Retry-After: it can only lengthen a wait.
    """
    if failures > len(WAITS):
        return None
    wait = WAITS[failures - 1] * draw.uniform(1 - SPREAD, 1 + SPREAD)
    return max(wait, asked) if asked is not None else wait


@dataclass(frozen=True)
class Record:
    """The failures of a webhook since it last succeeded, and when its owner was warned of them."""

    first: datetime
    newest: datetime
    warned: datetime | None = None


def standing(record: Record | None) -> str:
    """`well`, `failing` (its owner is to be warned: a day is left) or `disabled`."""
    if record is None or record.newest - record.first < APART:
        return "well"
    if record.newest - record.first < GIVEN_UP_AFTER - WARNED_BEFORE:
        return "well"
    # A webhook that is used once a week has its day too.
    if record.warned is None or record.newest - record.warned < WARNED_BEFORE:
        return "failing"
    return "disabled" if record.newest - record.first >= GIVEN_UP_AFTER else "failing"
