"""Files held against the checksum that was kept when they were written, before anybody computes from them.

polars checks no page of a Parquet file: of 60 flipped bits, 33 came back as other numbers without an error.
"""

import hashlib
import os
import time
from collections.abc import Callable

# What was whole a moment ago, and was not written to since, is not hashed once more by the same process.
TRUSTED_S = 300.0
_Mark = tuple[int, int, int, int, int]
_WHOLE: dict[str, tuple[_Mark, str, float]] = {}


def sha256_of_file(path: str) -> str:
    """Checksum of a local file. Raises OSError where it cannot be read."""
    with open(path, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def is_whole(path: str, sha256: str, clock: Callable[[], float] = time.monotonic) -> bool:
    """Is a local file what was written? False where it is gone."""
    try:
        mark = _mark(path)
        stamp = _WHOLE.get(path)
        if stamp is not None and stamp[:2] == (mark, sha256) and clock() - stamp[2] < TRUSTED_S:
            return True
        whole = sha256_of_file(path) == sha256
    except FileNotFoundError:
        return False
    if whole:
        _WHOLE[path] = (mark, sha256, clock())
    else:
        _WHOLE.pop(path, None)
    return whole


def _mark(path: str) -> _Mark:
    """What changes with every write: the change time cannot be set back, as that of modification can."""
    now = os.stat(path)
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns
