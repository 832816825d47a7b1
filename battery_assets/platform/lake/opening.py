"""A table's log, opened: at a bucket with a limit, as the kernel of Delta at times waits for ever there.

Seen with deltalake 1.6.6: no connection is open, every thread is parked, and no limit of the store ends it.
Another program reports the same of the same kernel (ClickHouse/ClickHouse#117280).
"""

import threading
from queue import Empty, SimpleQueue

from deltalake import DeltaTable

from battery_assets.platform.lake.reads import LakeError

PATIENCE_S, TRIES = 120.0, 3


def opened(url: str) -> DeltaTable:
    """The newest version of a table. Raises what DeltaTable raises; LakeError where it never comes."""
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
