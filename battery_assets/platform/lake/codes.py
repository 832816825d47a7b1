"""Texts of a lake file as codes: a day has few units and many rows.

To every reader they are plain texts, coded by Parquet's own dictionary. Turned back into codes by polars they
would cost ten times what reading them costs.
"""

import json
from collections.abc import Iterable

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

# The file's own word on which of its texts were codes; no other reader looks at it.
CODED = "battery_assets.coded"


def with_texts(schema: pa.Schema, names: Iterable[str]) -> pa.Schema:
    """The schema with plain texts: `polars.scan_delta` refuses an Enum where Delta's log says string."""
    for name in names:
        schema = schema.set(schema.get_field_index(name), pa.field(name, pa.large_string()))
    return schema


def coded_columns(rows: pl.DataFrame) -> dict[str, str]:
    """What a file keeps of its columns of codes, to find them again."""
    return {CODED: json.dumps([name for name, kind in rows.schema.items() if kind == pl.Enum])}


def codes_of(source: str | pa.Buffer, texts: Iterable[str]) -> list[pl.Series]:
    """Those of the columns of texts that were written as codes, each as an Enum of the names in the file."""
    wanted, mapped = set(texts), isinstance(source, str)
    if not wanted:
        return []
    footer = pq.read_metadata(source if mapped else pa.BufferReader(source), memory_map=mapped)
    names = [
        name for name in json.loads((footer.metadata or {}).get(CODED.encode(), b"[]")) if name in wanted
    ]
    if not names:
        return []
    with pq.ParquetFile(source, metadata=footer, memory_map=mapped, read_dictionary=names) as file:
        table = file.read(names, use_threads=False)
    return [_as_enum(name, table[name]) for name in names]


def _as_enum(name: str, column: pa.ChunkedArray) -> pl.Series:
    chunks = column.unify_dictionaries().chunks
    if not chunks:
        return pl.Series(name, [], dtype=pl.Enum([]))
    words = pl.Enum(chunks[0].dictionary.to_pylist())
    if column.null_count:
        codes = pl.concat([pl.Series(pl.from_arrow(chunk.indices)) for chunk in chunks])
        return codes.cast(pl.UInt32).alias(name).cat.to(words)
    numbers = [chunk.indices.to_numpy().view(np.uint32) for chunk in chunks]
    return pl.Series(name, numbers[0] if len(numbers) == 1 else np.concatenate(numbers)).cat.to(words)
