"""Where files of other systems arrive: a folder of this machine, or a bucket that is mirrored into one."""

import contextlib
import os
import shutil
import stat
import uuid
from collections.abc import Iterable
from pathlib import Path

import dagster as dg

# No site's name begins with a dot.
ASIDE = ".removed"


def _copied(path: Path, target: Path) -> None:
    """Copy a file; who may not read it where it comes from may not read the copy, at no moment."""
    mode = stat.S_IMODE(path.stat().st_mode) & 0o777
    with path.open("rb") as source:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as copy:
            shutil.copyfileobj(source, copy)
    target.chmod(mode)


def name_in(root: Path | None, path: Path | str) -> str:
    """A file's path as the books keep it: from the landing folder on, so that a home may be moved.

    Without a root, and outside it, the path as it is.
    """
    return str(path) if root is None else str(path).removeprefix(f"{root}/")


class Landing(dg.ConfigurableResource):
    """Where exports arrive, a folder for each site inside it: a folder of this machine, or a bucket.

    A bucket is mirrored into `cache` before it is read.
    """

    folder: str
    cache: str = ""

    def root(self, site: str) -> Path:
        """The folder of this machine under which the site's files lie now."""
        if "://" not in self.folder:
            return Path(self.folder)
        from battery_assets.platform.buckets import mirror

        return mirror(self.folder, Path(self.cache) / "landing", site)

    def put(self, site: str, files: Iterable[tuple[Path, str]]) -> None:
        """Bring files in under their names, each whole or not at all."""
        if "://" in self.folder:
            from battery_assets.platform.buckets import upload

            return upload(self.folder, site, files)
        for path, name in files:
            target = Path(self.folder) / site / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # Without the file's own name, which may be as long as a name can be.
            staged = target.with_name(f".{uuid.uuid4().hex}.part")
            _copied(path, staged)
            os.replace(staged, target)

    def take_back(self, site: str, names: Iterable[str]) -> None:
        """Take files out again that were brought in."""
        if "://" in self.folder:
            from battery_assets.platform.buckets import take_back

            return take_back(self.folder, site, names)
        for name in names:
            (Path(self.folder) / site / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            (Path(self.folder) / site).rmdir()

    def set_aside(self, site: str) -> str | None:
        """Move all of a site's files to where nobody looks for any. Returns where; None where it has none."""
        stamp = f"{site}-{uuid.uuid4().hex[:8]}"
        if "://" in self.folder:
            from battery_assets.platform.buckets import move

            return move(self.folder, site, f"{ASIDE}/{stamp}")
        folder, target = Path(self.folder) / site, Path(self.folder) / ASIDE / stamp
        if not folder.is_dir():
            return None
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(folder, target)
        return str(target)
