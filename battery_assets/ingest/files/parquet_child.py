"""Run by `limited` in a process of its own: a foreign Parquet file rewritten as plain Arrow pieces.

A damaged page header can abort a reader (no exception, just SIGABRT), so the file is decoded here, under
limits of memory and time, and the parent only ever reads what this process wrote. Page checksums are verified
where the file has them. Arguments: one JSON object with path, folder, columns, documents (columns that
may be nested), batch_rows, cpu_seconds, memory_bytes, max_unpacked_bytes. Results in `folder`: schema.json,
then *.arrow in the order of their names, and refused.json where the file is refused.
"""

import json
import sys
from pathlib import Path

LARGEST_RATIO = 200
RATIO_COUNTS_FROM = 64 << 20
_PIECE_BYTES = 256 << 20
_FIXED_WIDTH = 8
# A polars text view; shorter texts need nothing more.
_TEXT_WIDTH = 16


def main(request: dict) -> int:
    """Decode one file; returns the process's exit status, 0 also for a file that is refused in good order."""
    import pyarrow as pa

    folder = Path(request["folder"])
    try:
        reason = _decode(request, folder)
    except NotImplementedError as error:
        reason = ("UNSUPPORTED", str(error))
    except MemoryError:
        reason = ("TOO_LARGE", f"decoding needs more than {request['memory_bytes']:,} bytes of memory")
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        kind = "UNSUPPORTED" if "ncrypt" in str(error) or "codec" in str(error).lower() else "CORRUPT"
        reason = (kind, str(error).splitlines()[0][:500] if str(error) else type(error).__name__)
    if reason:
        (folder / "refused.json").write_text(json.dumps({"reason": reason[0], "detail": reason[1]}))
    return 0


def _decode(request: dict, folder: Path) -> tuple[str, str] | None:
    import pyarrow.parquet as pq

    path = Path(request["path"])
    file = pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False)
    schema = file.schema_arrow
    too_large = _too_large(file.metadata, schema, path.stat().st_size, request["max_unpacked_bytes"])
    if too_large:
        return too_large
    (folder / "schema.json").write_text(json.dumps({"names": schema.names, "rows": file.metadata.num_rows}))
    wanted = [name for name in schema.names if name in request["columns"]]
    if len(set(schema.names)) != len(schema.names) or not wanted:
        return None
    for name in wanted:
        if name not in request["documents"] and not _is_scalar(schema.field(name).type):
            return ("SCHEMA_DIFF", f"{name} is {schema.field(name).type}, expected a plain column")
    texts = [name for name in wanted if _is_text(schema.field(name).type)]
    # A value that repeats lies in the file once: as a dictionary it can be measured before it is written out.
    file = pq.ParquetFile(path, read_dictionary=texts, page_checksum_verification=True, pre_buffer=False)
    return _write_pieces(file, wanted, texts, folder, request)


def _write_pieces(
    file, wanted: list[str], texts: list[str], folder: Path, request: dict
) -> tuple[str, str] | None:
    import pyarrow as pa

    rows, text_bytes, size = 0, 0, Path(request["path"]).stat().st_size
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    for number, batch in enumerate(file.iter_batches(batch_size=request["batch_rows"], columns=wanted)):
        batch.validate(full=True)
        batch_bytes = sum(map(_unpacked_bytes, batch.columns))
        text_bytes += batch_bytes
        if text_bytes > _most_text(size, request["max_unpacked_bytes"]):
            sentence = f"its texts unpack to {text_bytes:,} bytes and more, from a file of {size:,} bytes"
            return ("TOO_LARGE", f"{sentence}: above {LARGEST_RATIO} to 1")
        # Whoever reads the pieces holds one at a time.
        height = max(1, batch.num_rows * _PIECE_BYTES // max(_PIECE_BYTES, batch_bytes))
        for start in range(0, batch.num_rows, height):
            piece = _plain(batch.slice(start, height), texts)
            name = f"{number:06d}-{start:09d}"
            with pa.ipc.new_file(str(folder / f"{name}.unfinished"), piece.schema, options=options) as writer:
                writer.write_batch(piece)
            (folder / f"{name}.unfinished").rename(folder / f"{name}.arrow")
        rows += batch.num_rows
    if rows != file.metadata.num_rows:
        return ("CORRUPT", f"the footer promises {file.metadata.num_rows:,} rows, the pages hold {rows:,}")
    return None


def _too_large(metadata, schema, size: int, limit: int) -> tuple[str, str] | None:
    """Rows times width, from the footer alone, before a page is decoded."""
    width = sum(_TEXT_WIDTH if str(field.type).endswith("string") else _FIXED_WIDTH for field in schema)
    unpacked = metadata.num_rows * width
    described = f"the footer promises {metadata.num_rows:,} rows of {width} bytes in a file of {size:,} bytes"
    if unpacked > limit:
        return ("TOO_LARGE", f"{described}: more than {limit:,} bytes")
    if unpacked > RATIO_COUNTS_FROM and unpacked > LARGEST_RATIO * size:
        return ("TOO_LARGE", f"{described}: above {LARGEST_RATIO} to 1")
    return None


def _most_text(size: int, limit: int) -> int:
    """Bytes that the texts of a file may unpack to."""
    return min(limit, max(RATIO_COUNTS_FROM, LARGEST_RATIO * size))


def _is_text(kind) -> bool:
    """Is it text, written out or as a dictionary?"""
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(inner) or pa.types.is_large_string(inner)


def _unpacked_bytes(values) -> int:
    """Bytes of what has no fixed width, texts and lists, once each row has its own."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_dictionary(kind):
        if not (_is_text(kind) or pa.types.is_binary(kind.value_type)):
            return 0
        lengths = pc.binary_length(values.dictionary).cast(pa.int64())
        return pc.sum(lengths.take(values.indices)).as_py() or 0
    if pa.types.is_struct(kind):
        return sum(map(_unpacked_bytes, values.flatten()))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return values.nbytes - values.values.nbytes + _unpacked_bytes(values.flatten())
    return 0 if pa.types.is_primitive(kind) else values.nbytes


def _plain(batch, texts: list[str]):
    """The batch with its texts written out, and its instants in UTC: their zone is a name for people."""
    import pyarrow as pa

    columns = [
        column.dictionary_decode()
        if name in texts
        else column.view(pa.int64()).view(pa.timestamp(column.type.unit, "UTC"))
        if pa.types.is_timestamp(column.type) and column.type.tz
        else column
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _is_scalar(kind) -> bool:
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return not (pa.types.is_nested(inner) or pa.types.is_dictionary(inner))


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
