"""The files that the log of a table names, read again only where the log has become another."""

import os

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.lake.opening import opened, unreadable

_MOST_TABLES = 64
_Look = tuple[tuple[str, int, int], ...]
_READ: dict[str, tuple[_Look, pl.DataFrame]] = {}


def named_in(url: str, part: Part, *, local: bool) -> dict[str, int]:
    """Size of each file that the newest version names of a partition, a site, a month, or all, by path.

    Raises TableNotFoundError where nothing was ever written.
    """
    if not local:
        return _of_part(_actions(opened(url)), part)
    # Looked at before it is read: what is added meanwhile is seen by the next reader.
    look = _look(f"{url}/_delta_log")
    kept = _READ.get(url)
    if kept is None or kept[0] != look or not look:
        kept = look, _actions(opened(url))
        if url not in _READ and len(_READ) >= _MOST_TABLES:
            _READ.pop(next(iter(_READ)), None)
        _READ[url] = kept
    return _of_part(kept[1], part)


def named_by(delta: DeltaTable, part: Part) -> dict[str, int]:
    """As `named_in`, of a version that is open."""
    return _of_part(_actions(delta), part)


def _of_part(actions: pl.DataFrame, part: Part) -> dict[str, int]:
    for name, value in (("site", part.site), ("month", part.month)):
        if value is not None and actions.height:
            actions = actions.filter(pl.col(f"partition.{name}") == value)
    return dict(actions.select("path", "size_bytes").iter_rows()) if actions.height else {}


def _actions(delta: DeltaTable) -> pl.DataFrame:
    try:
        return pl.DataFrame(delta.get_add_actions(flatten=True))
    except DeltaError as error:
        raise unreadable(delta.table_uri, error) from error


def _look(folder: str) -> _Look:
    """Name, size and time of each entry of a log: none of them is ever written twice."""
    try:
        with os.scandir(folder) as entries:
            stamps = [(entry.name, entry.stat()) for entry in entries]
    except FileNotFoundError:
        return ()
    return tuple(sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in stamps))
