"""Pages for people, kept as files of the lake beside its tables: a folder for each month."""

from collections.abc import Mapping
from pathlib import Path

from battery_assets.platform.lake.store import Lake
from battery_assets.platform.object_stores import fetch, listed, remote

FOLDER = "reports"


def keep(lake: Lake, month: str, files: Mapping[str, str]) -> dict[str, str]:
    """Write the files of a month, each whole or not at all; others of it go. Returns addresses."""
    written = {name: lake.put(f"{FOLDER}/{month}/{name}", text.encode()) for name, text in files.items()}
    for path in _there(lake):
        if path.startswith(f"{month}/") and path.removeprefix(f"{month}/") not in files:
            _delete(lake, path)
    return written


def address(lake: Lake, month: str, name: str) -> str:
    """Where a file of a month lies, or would."""
    return f"{lake.url.rstrip('/')}/{FOLDER}/{month}/{name}"


def link(month: str, name: str) -> str:
    """Where a file of a month is shown, on the server that shows Dagster's pages."""
    return f"/{FOLDER}/{month}/{name}"


def read(lake: Lake, month: str, name: str) -> bytes | None:
    """What a file of a month holds; None where there is none."""
    target = address(lake, month, name)
    if lake.local:
        path = Path(target)
        return path.read_bytes() if path.is_file() and not path.is_symlink() else None
    try:
        return fetch(target)
    except FileNotFoundError:
        return None


def exists(lake: Lake, month: str, name: str) -> bool:
    """Is the file there?"""
    return f"{month}/{name}" in _there(lake)


def forget(lake: Lake, name: str) -> list[str]:
    """Delete every file of the months that have a file of the name. Returns these months."""
    there = _there(lake)
    months = sorted({path.split("/")[0] for path in there if path.endswith(f"/{name}")})
    for path in there:
        if path.split("/")[0] in months:
            _delete(lake, path)
    return months


def _there(lake: Lake) -> list[str]:
    """Paths of all pages within their folder, as month/name."""
    root = f"{lake.url.rstrip('/')}/{FOLDER}"
    if lake.local:
        return [path.relative_to(root).as_posix() for path in Path(root).glob("*/*") if path.is_file()]
    return list(listed(root))


def _delete(lake: Lake, path: str) -> None:
    target = f"{lake.url.rstrip('/')}/{FOLDER}/{path}"
    if lake.local:
        Path(target).unlink(missing_ok=True)
        return
    store, within = remote(target)
    store.delete(within)
