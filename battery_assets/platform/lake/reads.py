"""Days read out of the lake's files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import polars as pl
import polars.selectors as cs

from battery_assets.platform.warehouse.decimals import uncounted

Days = Iterable[tuple[date, pl.DataFrame]]
Kinds = Mapping[str, pl.DataType | type[pl.DataType]]


class LakeError(RuntimeError):
    """The lake does not hold what was promised; the message says what to do."""


def read_days(paths: Mapping[date, Sequence[str]], columns: Kinds) -> Iterator[tuple[date, pl.DataFrame]]:
    """Columns of the files of each day, the next day being read while the caller works on this one."""
    with ThreadPoolExecutor(1) as ahead:
        waiting = [ahead.submit(read_day, those, columns) for those in list(paths.values())[:1]]
        for position, day in enumerate(paths):
            rows = waiting.pop().result()
            following = list(paths.values())[position + 1 : position + 2]
            waiting += [ahead.submit(read_day, those, columns) for those in following]
            yield day, rows


def columns_of(file: pl.LazyFrame, columns: Kinds) -> pl.LazyFrame:
    """Columns of a file by name and type; one that the file was written before is NULL."""
    has = file.collect_schema()
    return file.select(pl.col(n) if n in has else pl.lit(None, kind).alias(n) for n, kind in columns.items())


def read_day(paths: Sequence[str], columns: Kinds) -> pl.DataFrame:
    """Columns of a day's files: decimals as Float32, units dictionary-coded where one file has them all.

    Raises LakeError for a file that cannot be read.
    """
    try:
        frames = [columns_of(pl.scan_parquet(path, glob=False), columns).collect() for path in paths]
    except (pl.exceptions.ComputeError, OSError) as error:
        raise LakeError(f"{paths[0]} cannot be read: {error}. Materialize its partition again.") from error
    if len(frames) > 1:
        frames = [frame.with_columns((cs.enum() | cs.categorical()).cast(pl.String)) for frame in frames]
    rows = pl.concat(frames)
    return rows.with_columns(uncounted(values) for values in rows.select(cs.decimal()))
