"""A landing folder that is a bucket: mirrored to this machine before it is read, filled by upload."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from battery_assets.platform.lake import remote


def mirrored(url: str, cache: Path, site: str) -> Path:
    """Bring a site's objects under `url`/`site` to `cache`/`site`; objects that are gone go. Returns `cache`.

    An object is brought again when its size or time differs from the copy's.
    """
    store, root = remote(f"{url.rstrip('/')}/{site}")
    folder = (cache / site).resolve()
    wanted: set[Path] = set()
    for batch in store.list(f"{root}/"):
        for item in batch:
            target = (folder / item["path"].removeprefix(f"{root}/")).resolve()
            if not target.is_relative_to(folder):
                raise ValueError(f"object {item['path']} would leave {folder}: rename it")
            wanted.add(target)
            if not _same(target, item):
                _bring(store, item, target)
    for path in folder.rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()
    return cache


def uploaded(url: str, site: str, files: Iterable[tuple[Path, str]]) -> None:
    """Put files into the bucket under `url`/`site`, each under its name and whole or not at all."""
    store, root = remote(f"{url.rstrip('/')}/{site}")
    for path, name in files:
        store.put(f"{root}/{name}", path)


def _same(target: Path, item: dict[str, Any]) -> bool:
    if not target.exists():
        return False
    stat = target.stat()
    return stat.st_size == item["size"] and stat.st_mtime == item["last_modified"].timestamp()


def _bring(store: Any, item: dict[str, Any], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_name(f".{target.name}.part")
    with open(staged, "wb") as out:
        for block in store.get(item["path"]).stream():
            out.write(block)
    modified = item["last_modified"].timestamp()
    os.utime(staged, (modified, modified))
    os.replace(staged, target)
