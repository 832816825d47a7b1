"""The files that the log of a table names, read again only where the log has become another."""

import os

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.lake.log_entries import Unread, read_log
from battery_assets.platform.lake.opening import opened, unreadable

_MOST_PARTS = 256
_Look = tuple[tuple[str, int, int], ...]
_READ: dict[tuple[str, str | None, str | None], tuple[_Look, dict[str, int]]] = {}


def named_in(url: str, part: Part, *, local: bool) -> dict[str, int]:
    """Size of each file that the newest version names of a partition, a site, a month, or all, by path.

    Raises TableNotFoundError where nothing was ever written.
    """
    if not local:
        return _named(url, part)
    # Looked at before it is read: what is added meanwhile is seen by the next reader.
    key, look = (url, part.site, part.month), _look(f"{url}/_delta_log")
    kept = _READ.get(key)
    if kept is None or kept[0] != look or not look:
        kept = look, _named(url, part)
        if key not in _READ and len(_READ) >= _MOST_PARTS:
            _READ.pop(next(iter(_READ)), None)
        _READ[key] = kept
    return dict(kept[1])


def _named(url: str, part: Part) -> dict[str, int]:
    try:
        return read_log(url, part).files
    except Unread:
        return _of_part(_actions(opened(url)), part)


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
