"""Processes that end with whoever started them, however he ends."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int | None = None) -> None:
    """Let the kernel kill this process when its parent dies; to be called by the process itself, at once.

    `parent` is its process id where it may be 1, as in a container.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == 1 if parent is None else os.getppid() != parent:
        # It died before we asked.
        os.kill(os.getpid(), signal.SIGKILL)
