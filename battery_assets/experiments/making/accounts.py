"""What became of every row of imported files: kept part by part, balanced and entered at the end."""

from typing import Any

import polars as pl
import sqlalchemy as sa

from battery_assets.experiments.making import books
from battery_assets.ingest.captures.reading import Capture
from battery_assets.ingest.files.accounts import BooksDoNotBalance
from battery_assets.ingest.files.problems import QUARANTINE_SCHEMA
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.signals import import_files, import_quarantine

KINDS = ("bursts", "quarantine", "read")
READ = {"path": pl.String, "rows_read": pl.Int64, "reason": pl.String}


def stage(warehouse: Warehouse, name: str, captures: list[Capture]) -> dict[str, str]:
    """Keep what files gave. Returns the addresses of bursts, quarantine and counts."""
    import hashlib

    there = [one.bursts for one in captures if one.bursts.height]
    bursts = pl.concat(there, how="diagonal_relaxed") if there else pl.DataFrame()
    if bursts.height:
        content = [
            hashlib.sha256(volts.to_numpy().tobytes() + amps.to_numpy().tobytes()).hexdigest()
            for volts, amps in zip(bursts["waveform_v"], bursts["waveform_a"], strict=True)
        ]
        bursts = bursts.with_columns(content=pl.Series(content))
    read = [
        {"path": one.path, "rows_read": one.rows_read, "reason": one.reason}
        for one in captures
        if one.rows_read or one.reason
    ]
    faults = [pl.DataFrame(schema=QUARANTINE_SCHEMA), *(one.quarantine for one in captures)]
    frames = {
        "bursts": bursts, "quarantine": pl.concat(faults),
        "read": pl.DataFrame(read, schema=READ),
    }  # fmt: skip
    return {
        what: warehouse.lake.keep(f"{name}-{what}", frame) for what, frame in frames.items() if frame.width
    }


def staged(
    warehouse: Warehouse, kept: list[dict[str, Any]]
) -> tuple[pl.DataFrame, pl.DataFrame, list[dict[str, Any]]]:
    """Bursts without their samples, quarantine and counts of all parts, a part at a time.

    A burst has `samples`, and `part` and `row` where its samples stand.
    """
    frames: dict[str, list[pl.DataFrame]] = {what: [] for what in KINDS}
    for place, one in enumerate(kept):
        for what in frames:
            if what not in one:
                continue
            frame = warehouse.capture(one[what])
            if what == "bursts":
                frame = frame.with_row_index("row").with_columns(
                    part=pl.lit(place), samples=pl.col("waveform_v").list.len()
                ).drop("waveform_v", "waveform_a")  # fmt: skip
            frames[what].append(frame)
    bursts = pl.concat(frames["bursts"], how="diagonal_relaxed") if frames["bursts"] else pl.DataFrame()
    return bursts, pl.concat(frames["quarantine"]), pl.concat(frames["read"]).to_dicts()


def unstage(warehouse: Warehouse, name: str) -> None:
    """Delete what was kept of files as they were read: a second copy of what an operator recorded."""
    parts = (books.dataset(warehouse, name).meta_data or {}).get("staged") or []
    books.change(warehouse, name, meta_data={"staged": []})
    for part in parts:
        for what in KINDS:
            if what in part:
                warehouse.lake.remove(part[what])


def put(
    warehouse: Warehouse, name: str, files: list[dict[str, Any]], read: list[dict[str, Any]],
    bursts: pl.DataFrame, quarantine: pl.DataFrame,
) -> dict[str, int]:  # fmt: skip
    """Enter the accounts of a dataset in place of earlier ones. Returns rows by fate.

    Raises BooksDoNotBalance where a row of a file has no fate, or two.
    """
    loaded = _by_file(bursts.filter(pl.col("why").is_null()))
    again = _by_file(bursts.filter(pl.col("why") == "duplicate"))
    refused = _by_file(quarantine)
    counts = {one["path"]: one for one in read}
    nothing = {"rows_read": 0, "reason": None}
    number = int(books.dataset(warehouse, name).id)
    rows = []
    for file in files:
        path = file["path"]
        row = {
            **file, "dataset_id": number, **counts.get(path, nothing),
            "rows_loaded": loaded.get(path, 0), "rows_quarantined": refused.get(path, 0),
            "rows_exact_duplicate": again.get(path, 0),
        }  # fmt: skip
        if row["rows_read"] != row["rows_loaded"] + row["rows_quarantined"] + row["rows_exact_duplicate"]:
            raise BooksDoNotBalance(f"{path}: {row}")
        rows.append(row)
    with warehouse.transaction() as connection:
        connection.execute(sa.delete(import_files).where(import_files.c.dataset_id == number))
        entered = connection.execute(
            sa.insert(import_files).returning(import_files.c.path, import_files.c.id), rows
        )
        numbers = {path: one for path, one in entered}
        bad = [
            {**one, "file_id": numbers[one.pop("file")]}
            for one in quarantine.select(set(QUARANTINE_SCHEMA) - {"raw"}).to_dicts()
        ]
        if bad:
            connection.execute(sa.insert(import_quarantine), bad)
    fates = ("rows_read", "rows_loaded", "rows_quarantined", "rows_exact_duplicate")
    return {fate: sum(row[fate] for row in rows) for fate in fates}


def of_dataset(warehouse: Warehouse, name: str) -> list[dict[str, Any]]:
    """The accounts of a dataset's files, by path; none for a dataset that was not imported."""
    query = (
        sa.select(import_files)
        .where(import_files.c.dataset_id == books.dataset(warehouse, name).id)
        .order_by(import_files.c.path)
    )
    with warehouse.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _by_file(rows: pl.DataFrame) -> dict[str, int]:
    return dict(rows.group_by("file").agg(pl.col("rows").sum()).iter_rows()) if rows.height else {}
