"""Columns of small files as this process decoded them: the steps of a run read a day many times.

A file never changes under its name, and the caller has held it against its checksum. To open and decode a
file of a coarse month takes longer than its rows are worth; those of a fine one are too large to keep.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

import polars as pl

SMALL_FILE_BYTES, MOST_BYTES = 1_000_000, 96_000_000
Key = tuple[str, str, str]


class Decoded:
    """The columns that were asked for last, `most_bytes` of them."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._bytes = most_bytes, 0
        self._kept: OrderedDict[Key, pl.Series] = OrderedDict()
        self._lock = threading.Lock()

    def columns(
        self,
        sha256: str,
        wanted: Mapping[str, pl.DataType | type[pl.DataType]],
        decode: Callable[[Mapping[str, pl.DataType | type[pl.DataType]]], pl.DataFrame],
    ) -> pl.DataFrame:
        """The wanted columns of the file with that checksum; `decode` reads those that are not there."""
        keys = {name: (sha256, name, str(kind)) for name, kind in wanted.items()}
        with self._lock:
            there = {name: self._kept[key] for name, key in keys.items() if key in self._kept}
            for name in there:
                self._kept.move_to_end(keys[name])
        absent = {name: kind for name, kind in wanted.items() if name not in there}
        if absent:
            read = decode(absent)
            there |= {name: read[name] for name in absent}
            self._keep({keys[name]: there[name] for name in absent})
        return pl.DataFrame([there[name] for name in wanted])

    def _keep(self, columns: Mapping[Key, pl.Series]) -> None:
        with self._lock:
            for key, column in columns.items():
                if key not in self._kept:
                    self._bytes += int(column.estimated_size())
                self._kept[key] = column
            while self._bytes > self._most and self._kept:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= int(oldest.estimated_size())


SMALL_FILES = Decoded()
