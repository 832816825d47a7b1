"""Where checked rows wait until all files were read: in memory, or on disk by day."""

import shutil
import tempfile
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from battery_assets.ingest.files.duplicates import FILE
from battery_assets.ingest.files.rows import LINE

_DAY = "_day"


class MemoryPool:
    """Holds the rows of small tables."""

    def __init__(self, schema: dict):
        self._empty = pl.DataFrame(schema={**schema, LINE: pl.Int64, FILE: pl.UInt32})
        self._parts: list[tuple[int, pl.DataFrame]] = []

    def add(self, number: int, rows: pl.DataFrame) -> None:
        self._parts.append((number, rows))

    def discard(self, number: int) -> None:
        """Forget what a refused file gave."""
        self._parts = [(other, rows) for other, rows in self._parts if other != number]

    def rows(self) -> pl.DataFrame:
        return pl.concat([self._empty, *(rows for _, rows in self._parts)])


class DaySpool:
    """Telemetry spread over one folder per UTC day; units are written as small numbers."""

    def __init__(self, instant: str, unit: str, folder: Path | None):
        self._instant, self._unit = instant, unit
        self._root = Path(tempfile.mkdtemp(prefix="battery-assets-spool-", dir=folder))
        self._units: list[str] = []
        self._known: set[str] = set()
        self._written = 0

    def add(self, number: int, rows: pl.DataFrame) -> None:
        if not rows.height:
            return
        coded = rows.with_columns(self._coded(rows[self._unit]), pl.col(self._instant).dt.date().alias(_DAY))
        for (day,), part in coded.partition_by(_DAY, as_dict=True, include_key=False).items():
            folder = self._root / day.isoformat()
            folder.mkdir(exist_ok=True)
            self._written += 1
            part.write_ipc(folder / f"{number:06d}-{self._written:08d}.arrow", compression="lz4")

    def _coded(self, units: pl.Series) -> pl.Series:
        fresh = [unit for unit in units.unique(maintain_order=True) if unit not in self._known]
        self._units += fresh
        self._known.update(fresh)
        return units.cast(pl.Enum(self._units)).to_physical().cast(pl.UInt32).alias(self._unit)

    def discard(self, number: int) -> None:
        """Forget what a refused file gave."""
        for part in self._root.glob(f"*/{number:06d}-*.arrow"):
            part.unlink()

    def files_of_days(self) -> dict[date, set[int]]:
        """The numbers of the files that have rows of each day."""
        files: dict[date, set[int]] = {}
        for part in self._root.glob("*/*.arrow"):
            files.setdefault(date.fromisoformat(part.parent.name), set()).add(int(part.name[:6]))
        return files

    def days(self, only: Collection[date] | None = None) -> Iterator[tuple[date, pl.DataFrame]]:
        """Rows of each day, or of some, in the order of the days; the unit is an Enum in text order."""
        ids = sorted(self._units)
        rank = np.empty(len(ids), np.uint32)
        rank[[self._units.index(unit) for unit in ids]] = np.arange(len(ids), dtype=np.uint32)
        for folder in sorted(self._root.iterdir()):
            parts = sorted(folder.glob("*.arrow"))
            if parts and (only is None or date.fromisoformat(folder.name) in only):
                rows = pl.concat(pl.read_ipc(part) for part in parts)
                codes = pl.Series(self._unit, rank[rows[self._unit].to_numpy()])
                yield date.fromisoformat(folder.name), rows.with_columns(codes.cat.to(pl.Enum(ids)))
            shutil.rmtree(folder)

    def close(self) -> None:
        """Remove the spool."""
        shutil.rmtree(self._root, ignore_errors=True)
