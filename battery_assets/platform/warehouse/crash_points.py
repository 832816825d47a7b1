"""Named places where the fault tests kill the process. Without CRASH_AT they do nothing."""

import os
import signal

NAMES = ("claimed", "first_file", "files_written", "rows_copied", "lake_committed", "committed")


def crash_point(name: str) -> None:
    """Kill this process here, if the test asked for it."""
    if os.environ.get("CRASH_AT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
