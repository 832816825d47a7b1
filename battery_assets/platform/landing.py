"""Where files of other systems arrive: a folder of this machine, or a bucket that is mirrored into one."""

import os
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

import dagster as dg


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
        from battery_assets.platform.buckets import mirrored

        return mirrored(self.folder, Path(self.cache) / "landing", site)

    def put(self, site: str, files: Iterable[tuple[Path, str]]) -> None:
        """Bring files in under their names, each whole or not at all."""
        if "://" in self.folder:
            from battery_assets.platform.buckets import uploaded

            return uploaded(self.folder, site, files)
        for path, name in files:
            target = Path(self.folder) / site / name
            target.parent.mkdir(parents=True, exist_ok=True)
            staged = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
            shutil.copyfile(path, staged)
            os.replace(staged, target)
