"""A landing folder that is a bucket: mirrored to this machine before it is read, filled by upload."""

import json
import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from battery_assets.platform.locks import exclusive
from battery_assets.platform.object_stores import remote

LONGEST_S = 3600.0  # to wait for another process that brings a large export for the first time


def mirror(url: str, cache: Path, site: str) -> Path:
    """Bring a site's objects under `url`/`site` to `cache`/`site`; objects that are gone go. Returns `cache`.

    An object is brought again when it is not the one that the copy was made of, as the store tells them
    apart (`e_tag`, `version`), or when size or time differ from the copy's: a store's clock ticks in seconds,
    within which an object may be overwritten by one of the same size. What the copies were made of is kept
    beside their folder. One process at a time brings a site's objects: another would take its half-written
    files, and what came after it had listed the bucket, for objects that are gone.
    """
    folder = (cache / site).resolve()
    with exclusive(folder.with_name(f"{folder.name}.lock"), LONGEST_S):
        _follow(f"{url.rstrip('/')}/{site}", folder)
    return cache


def _follow(url: str, folder: Path) -> None:
    store, root = remote(url)
    book = folder.with_name(f"{folder.name}.made_of.json")
    before, now = _made_of(book), {}
    wanted: set[Path] = set()
    for batch in store.list(f"{root}/"):
        for item in batch:
            target = (folder / item["path"].removeprefix(f"{root}/")).resolve()
            if not target.is_relative_to(folder):
                raise ValueError(f"object {item['path']} would leave {folder}: rename it")
            wanted.add(target)
            name = str(target.relative_to(folder))
            now[name] = [item["e_tag"], item["version"]]
            if before.get(name) != now[name] or not _same(target, item):
                _bring(store, item, target)
    for path in folder.rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()
    if now != before:
        _replaced(book, [json.dumps(now).encode()])


def upload(url: str, site: str, files: Iterable[tuple[Path, str]]) -> None:
    """Put files into the bucket under `url`/`site`, each under its name and whole or not at all."""
    store, root = remote(f"{url.rstrip('/')}/{site}")
    for path, name in files:
        store.put(f"{root}/{name}", path)


def take_back(url: str, site: str, names: Iterable[str]) -> None:
    """Delete files of a site from the bucket under `url`."""
    store, root = remote(f"{url.rstrip('/')}/{site}")
    for name in names:
        store.delete(f"{root}/{name}")


def move(url: str, site: str, folder: str) -> str | None:
    """Move all of a site's objects into another folder. Returns its address; None where there are none."""
    store, root = remote(f"{url.rstrip('/')}/{site}")
    target = f"{url.rstrip('/')}/{folder}"
    _, aside = remote(target)
    paths = [item["path"] for batch in store.list(f"{root}/") for item in batch]
    for path in paths:
        store.rename(path, f"{aside}/{path.removeprefix(f'{root}/')}")
    return target if paths else None


def _made_of(book: Path) -> dict[str, list[str | None]]:
    """What the store called the object that each copy was made of; nothing where that is not known."""
    try:
        return json.loads(book.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}


def _same(target: Path, item: dict[str, Any]) -> bool:
    if not target.exists():
        return False
    stat = target.stat()
    return stat.st_size == item["size"] and stat.st_mtime == item["last_modified"].timestamp()


def _bring(store: Any, item: dict[str, Any], target: Path) -> None:
    _replaced(target, store.get(item["path"]).stream(), item["last_modified"].timestamp())


def _replaced(target: Path, blocks: Iterable[bytes], modified: float | None = None) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    with open(staged, "wb") as out:
        for block in blocks:
            out.write(block)
    if modified is not None:
        os.utime(staged, (modified, modified))
    os.replace(staged, target)
