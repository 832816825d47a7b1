"""The log of a table is kept short: folded into one file, and its entries of long ago deleted."""

import json
from pathlib import Path

import sqlalchemy as sa

from battery_assets.platform.lake.log_on_disk import sync_log
from battery_assets.platform.lake.store import Lake


def fold_log(lake: Lake, table: sa.Table) -> bool:
    """Fold the log into one file, and delete entries that are older than Delta keeps them (30 days).

    False where nothing was added since the last time. Who opens the table next reads one file, not up to a
    hundred.
    """
    delta = lake.delta(table)
    if delta is None or delta.version() == last_fold(lake, table):
        return False
    delta.create_checkpoint()
    if lake.local:
        # The entries that it stands for may go from now on.
        sync_log(Path(lake.table_url(table)), [])
    delta.cleanup_metadata()
    return True


def last_fold(lake: Lake, table: sa.Table) -> int | None:
    """The version that the log of a table was last folded at; None where it never was."""
    try:
        mark = lake.content(f"{lake.table_url(table)}/_delta_log/_last_checkpoint")
    except FileNotFoundError:
        return None
    return int(json.loads(mark)["version"])
