"""Days read out of the lake's files, each file held against its checksum first."""

import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl
import polars.selectors as cs
import pyarrow as pa

from battery_assets.platform.lake.checksums import is_whole
from battery_assets.platform.lake.codes import codes_of
from battery_assets.platform.lake.decoded import SMALL_FILE_BYTES, SMALL_FILES
from battery_assets.platform.object_stores import fetch
from battery_assets.platform.warehouse.decimals import uncounted

Days = Iterable[tuple[date, pl.DataFrame]]
Kinds = Mapping[str, pl.DataType | type[pl.DataType]]


class LakeError(RuntimeError):
    """The lake does not hold what was promised; the message says what to do."""


@dataclass(frozen=True)
class Stored:
    """A file of the lake: its address, the checksum of its content, and what its partition is called."""

    url: str
    sha256: str
    partition: str

    def checked(self) -> str | bytes:
        """The path of a local file that is whole, or the content of one that another machine stores.

        Raises LakeError for a file that is not what was written.
        """
        if "://" in self.url:
            content = fetch(self.url)
            if hashlib.sha256(content).hexdigest() != self.sha256:
                raise damaged_file(self.partition, self.url, "its checksum is not the one recorded")
            return content
        if not Path(self.url).exists():
            raise LakeError(f"{self.url} cannot be read: it is gone. Materialize its partition again.")
        if not is_whole(self.url, self.sha256):
            raise damaged_file(self.partition, self.url, "its checksum is not the one recorded")
        return self.url


def damaged_file(partition: str, path: str, why: str) -> LakeError:
    """What to say of a file that is not what was written."""
    return LakeError(
        f"{partition}: file {path} is missing or damaged: {why}. Materialize this partition again."
    )


def read_days(files: Mapping[date, Sequence[Stored]], columns: Kinds) -> Iterator[tuple[date, pl.DataFrame]]:
    """Columns of the files of each day, the next day being read while the caller works on this one."""
    with ThreadPoolExecutor(1) as ahead:
        waiting = [ahead.submit(read_day, those, columns) for those in list(files.values())[:1]]
        for position, day in enumerate(files):
            rows = waiting.pop().result()
            following = list(files.values())[position + 1 : position + 2]
            waiting += [ahead.submit(read_day, those, columns) for those in following]
            yield day, rows


def columns_of(file: pl.LazyFrame, columns: Kinds) -> pl.LazyFrame:
    """Columns of a file by name and type; one that the file was written before is NULL."""
    has = file.collect_schema()
    return file.select(pl.col(n) if n in has else pl.lit(None, kind).alias(n) for n, kind in columns.items())


def read_day(files: Sequence[Stored], columns: Kinds) -> pl.DataFrame:
    """Columns of a day's files: decimals as Float32, units dictionary-coded where one file has them all.

    Raises LakeError for a file that is damaged or cannot be read.
    """
    frames = [_read(file, columns) for file in files]
    if len(frames) > 1:
        frames = [frame.with_columns((cs.enum() | cs.categorical()).cast(pl.String)) for frame in frames]
    return pl.concat(frames)


def _read(file: Stored, columns: Kinds) -> pl.DataFrame:
    source = file.checked()
    if (os.path.getsize(source) if isinstance(source, str) else len(source)) > SMALL_FILE_BYTES:
        return _decode(file, source, columns)
    return SMALL_FILES.columns(file.sha256, columns, partial(_decode, file, source))


def _decode(file: Stored, source: str | bytes, columns: Kinds) -> pl.DataFrame:
    path = source if isinstance(source, str) else io.BytesIO(source)
    try:
        texts = [name for name, kind in columns.items() if kind == pl.String]
        codes = codes_of(source if isinstance(source, str) else pa.py_buffer(source), texts)
        coded = {series.name for series in codes}
        others = {name: kind for name, kind in columns.items() if name not in coded}
        if not others:
            return pl.DataFrame(codes).select(list(columns))
        rows = columns_of(pl.scan_parquet(path, glob=False), others).collect()
    except (pl.exceptions.ComputeError, pa.ArrowException, OSError) as error:
        raise LakeError(f"{file.url} cannot be read: {error}. Materialize its partition again.") from error
    rows = rows.with_columns(codes).select(list(columns))
    return rows.with_columns(uncounted(values) for values in rows.select(cs.decimal()))
