"""A commit is on disk before the books say so: Delta writes a log entry and waits for no disk.

After a power cut the newest entry could be empty or gone, and a reader would see the version before it.
"""

import os
import time
from pathlib import Path

# The kernel itself brings to disk within a minute what anybody wrote before.
SETTLED_S = 600.0
KINDS = (".json", ".parquet", "_last_checkpoint")


def sync_log(table: Path, folders: list[Path]) -> None:
    """Bring to disk every young file of a table's log, whoever wrote it, its folder, and the given folders.

    An entry counts only where all before it are there too.
    """
    log = table / "_delta_log"
    young = time.time() - SETTLED_S
    with os.scandir(log) as entries:
        for entry in entries:
            # A temporary file of another writer may go at any moment: it is no entry.
            if entry.name.endswith(KINDS) and entry.stat().st_mtime > young:
                sync(entry.path)
    for folder in (log, table, table.parent, *folders):
        sync(folder)


def sync(path: str | Path) -> None:
    """Bring a file, or the names in a folder, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
