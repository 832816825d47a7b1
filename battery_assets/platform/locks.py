"""File locks between processes: the kernel drops them when their holder dies, however it dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from battery_assets.errors import UserError


def try_lock(path: Path, shared: bool = False) -> int | None:
    """An open file descriptor that holds the lock until it is closed, or None where another holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


@contextmanager
def exclusive(path: Path, patience_s: float = 180.0) -> Iterator[None]:
    """Hold the lock for a block; UserError after `patience_s` seconds of waiting for another process."""
    deadline = time.monotonic() + patience_s
    while (handle := try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise UserError(
                f"another battery-assets process has held {path} for {patience_s:.0f} s",
                "wait for it, or find it with `battery-assets status` and end it",
            )
        time.sleep(0.05)
    try:
        yield
    finally:
        os.close(handle)
