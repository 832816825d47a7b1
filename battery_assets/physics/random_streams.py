"""Counter-based random streams: the same key gives the same numbers in any order, on any day, alone."""

import hashlib
from functools import lru_cache

import numpy as np


def stream(seed: int, *key: object) -> np.random.Generator:
    """A Philox generator of its own for a key, e.g. `stream(7, "site", "jar noise", day)`.

    Keys that differ in any part give independent streams; nothing is shared or advanced between calls.
    """
    text = "|".join([str(seed), *(str(part) for part in key)])
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=np.frombuffer(digest, dtype=np.uint64)))


@lru_cache(maxsize=4096)
def _day_nodes(seed: int, key: tuple, day: int, units: int, nodes: int) -> np.ndarray:
    values = stream(seed, *key, day).standard_normal((units, nodes)).astype(np.float32)
    values.setflags(write=False)
    return values


def wander(seed: int, key: tuple, day: int, units: int, nodes: int, points: int, *, closed: bool = False):
    """Slow unit-variance noise over one day, continuous with the day before and after.

    Independent normal nodes at `nodes` equal steps of the day, joined linearly; the last step leads to the
    first node of the next day. Returns (units, points) at `points` equal steps from the start of the day; the
    last point of a `closed` span is the first moment of the next day.
    """
    own = _day_nodes(seed, key, day, units, nodes)
    following = _day_nodes(seed, key, day + 1, units, nodes)[:, :1]
    knots = np.concatenate([own, following], axis=1)
    where = np.arange(points) * (nodes / (points - 1 if closed else points))
    left = np.minimum(where.astype(int), nodes - 1)
    share = (where - left).astype(np.float32)
    mixed = knots[:, left] * (1 - share) + knots[:, left + 1] * share
    return mixed / np.sqrt((1 - share) ** 2 + share**2)
