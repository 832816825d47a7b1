"""Run one command in a process group of its own, and never let that group outlive whoever asked for it.

`python -m battery_assets.hosting.leash PARENT_PID COMMAND...` passes SIGINT and SIGTERM on to the whole
group, takes SIGQUIT as "kill it now", ends the group when the parent or the command dies, and exits as the
command did.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
POLL_S = 0.1
# An orphaned group is asked, asked again, and killed after these seconds.
STAGES = ((0.0, signal.SIGINT), (10.0, signal.SIGTERM), (15.0, signal.SIGKILL))
PASSED_ON = {signal.SIGINT: signal.SIGINT, signal.SIGTERM: signal.SIGTERM, signal.SIGQUIT: signal.SIGKILL}


def main(arguments: list[str]) -> int:
    """Exit code of the command, 128 + n if signal n ended it."""
    parent, command = int(arguments[0]), arguments[1:]
    requests: list[int] = []
    for number in PASSED_ON:
        signal.signal(number, lambda sent, _frame: requests.append(sent))
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    child = subprocess.Popen(command, start_new_session=True, preexec_fn=_leashed)
    child.returncode = _watched(child.pid, parent, requests)
    return child.returncode


def _watched(group: int, parent: int, requests: list[int]) -> int:
    """Pass signals on until the group is empty; exit code of its leader."""
    code: int | None = None
    alone_since: float | None = None
    stages = list(STAGES)
    while True:
        ended = _reaped(group)
        code = code if ended is None else ended
        if not _signal_group(group, 0):
            return code or 0
        while requests:
            _signal_group(group, PASSED_ON[signal.Signals(requests.pop(0))])
        if alone_since is None and (os.getppid() != parent or code is not None):
            alone_since = time.monotonic()
        while alone_since is not None and stages and time.monotonic() - alone_since >= stages[0][0]:
            _signal_group(group, stages.pop(0)[1])
        time.sleep(POLL_S)


def _leashed() -> None:
    """In the child, before the command: die with the leash, and take signals as a foreground program does."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    # A shell's `&` leaves SIGINT ignored, and Dagster would copy that onto SIGTERM.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _signal_group(group: int, number: int) -> bool:
    """False where the group is empty."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def _reaped(child: int) -> int | None:
    """Collect every process that has ended; the exit code of the command if it is among them."""
    code = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
    return 128 - code if code is not None and code < 0 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
