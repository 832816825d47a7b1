"""A table's log, opened: at a bucket with a limit, as the kernel of Delta at times waits for ever there.

Seen with deltalake 1.6.6: no connection is open, every thread is parked, and no limit of the store ends it.
Another program reports the same of the same kernel (ClickHouse/ClickHouse#117280).
"""

import threading
from queue import Empty, SimpleQueue

from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from battery_assets.platform.lake.reads import LakeError

PATIENCE_S, TRIES = 120.0, 3


def opened(url: str) -> DeltaTable:
    """The newest version of a table. Raises TableNotFoundError, and LakeError for a log that is damaged."""
    try:
        return _answered(url)
    except (TableNotFoundError, CommitFailedError):
        raise
    except DeltaError as error:
        raise unreadable(url, error) from error


def unreadable(url: str, error: DeltaError) -> LakeError:
    """What to do where an entry of the log is lost, cut or damaged in any way."""
    lines = str(error).splitlines() or [type(error).__name__]
    return LakeError(
        f"the log of the lake at {url} cannot be read: {lines[0][:300]}. Put its folder _delta_log back from "
        "a copy; without one move it away, and materialize the partitions of this table again."
    )


def _answered(url: str) -> DeltaTable:
    """The table, in the time that a store may take."""
    if "://" not in url:
        return DeltaTable(url)
    for _ in range(TRIES):
        answers: SimpleQueue[DeltaTable | BaseException] = SimpleQueue()
        # A thread that waits for ever is left behind: nothing ends it, and it ends with the process.
        threading.Thread(target=_open, args=(url, answers), daemon=True).start()
        try:
            answer = answers.get(timeout=PATIENCE_S)
        except Empty:
            continue
        if isinstance(answer, BaseException):
            raise answer
        return answer
    raise LakeError(
        f"{url} was not opened within {PATIENCE_S:.0f} s, {TRIES} times; next step: see that the store "
        "answers, then run the partition again"
    )


def _open(url: str, answers: "SimpleQueue[DeltaTable | BaseException]") -> None:
    try:
        answers.put(DeltaTable(url))
    except BaseException as failure:
        answers.put(failure)
