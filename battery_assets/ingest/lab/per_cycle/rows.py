"""Rows of per-cycle tables: read, judged one by one, and accounted for file by file.

Every row of a file is loaded, in quarantine with its reason, or an exact duplicate of one that is loaded.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from battery_assets.ingest.files.accounts import FILES_SCHEMA
from battery_assets.ingest.files.problems import QUARANTINE_SCHEMA, VALUE_LENGTH, FileRefused
from battery_assets.ingest.lab.per_cycle.layout import FEATURES, Layout
from battery_assets.tables.lab.features import cycle_data

KEY = ("cell", "cycle_num")
VALUES = (*FEATURES, "pcl", "rul")
SIDES = ("train", "val", "test")
ROWS_SCHEMA: dict[str, type[pl.DataType]] = {
    "cell": pl.String,
    "cycle_num": pl.Int64,
    **{name: pl.Float64 for name in (*FEATURES, "pcl")},
    "rul": pl.Int64,
    "side": pl.String,
    "file_number": pl.Int32,
}
COUNTED = {"loaded": "rows_loaded", "quarantined": "rows_quarantined", "duplicate": "rows_exact_duplicate"}


@dataclass(frozen=True)
class Tables:
    """What the files of a lab say together.

    rows: cell, cycle_num, feature_1 ... feature_8, pcl, rul, side, file_number, by cell and cycle.
    files: an account of each, as FILES_SCHEMA; quarantine: as QUARANTINE_SCHEMA; findings: in words.
    """

    rows: pl.DataFrame
    files: pl.DataFrame
    quarantine: pl.DataFrame
    findings: tuple[str, ...]


def read_tables(paths: Sequence[Path], layout: Layout, nominal_ah: float) -> Tables:
    """Read the files of one layout together. Raises FileRefused for the first that is no such table.

    pcl = 1 - Q/Q_nominal, where the layout has capacities.
    """
    if not nominal_ah > 0:
        raise ValueError(f"a nominal capacity of {nominal_ah} Ah tells no health")
    frames = [
        _judged(_taken(_read(path, layout), path, layout, nominal_ah), number)
        for number, path in enumerate(paths)
    ]
    rows = _without_copies(pl.concat(frames))
    loaded = rows.filter(pl.col("fate") == "loaded").sort(*KEY)
    _refuse_two_sides(loaded)
    bad = rows.filter(pl.col("fate") == "quarantined").sort("file_number", "line")
    names = [str(path) for path in paths]
    counts = {
        (row["file_number"], row["fate"]): row["len"]
        for row in rows.group_by("file_number", "fate").len().to_dicts()
    }
    files = [_account(path, number, counts) for number, path in enumerate(paths)]
    return Tables(
        rows=loaded.select(pl.col(name).cast(kind) for name, kind in ROWS_SCHEMA.items()),
        files=pl.DataFrame(files, schema=FILES_SCHEMA),
        quarantine=_quarantine(bad, names),
        findings=_findings(layout),
    )


def sha256_of(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path, layout: Layout) -> pl.DataFrame:
    """The columns that the layout takes, as they stand in the file."""
    try:
        if path.suffix.lower() == ".parquet":
            frame = pl.read_parquet(path)
        elif path.suffixes[-2:] == [".csv", ".gz"] or path.suffix.lower() == ".csv":
            frame = pl.read_csv(path, infer_schema=False)
        else:
            raise FileRefused("UNKNOWN_FORMAT", f"{path.name}: neither .csv, .csv.gz nor .parquet")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FileRefused("CORRUPT", f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error
    missing = [name for name in layout.columns if name not in frame.columns]
    if missing:
        raise FileRefused(
            "MISSING_COLUMN", f"{path.name} has no column {missing[0]!r}, which layout {layout.name} names"
        )
    if frame.is_empty():
        raise FileRefused("NO_ROWS", f"{path.name} has no row")
    return frame.select(layout.columns)


def _taken(frame: pl.DataFrame, path: Path, layout: Layout, nominal_ah: float) -> pl.DataFrame:
    """The rows under our names, with `raw` and with `wrong_<name>` where a value is no number."""
    wanted = {
        **{name: layout.features.get(name) for name in FEATURES},
        "cycle_num": layout.cycle, "health": layout.capacity_ah or layout.pcl, "rul": layout.rul,
    }  # fmt: skip
    numbers, strange = {}, {}
    for name, column in wanted.items():
        value = pl.lit(None, pl.Float64) if column is None else pl.col(column)
        numbers[name] = value.cast(pl.Float64, strict=False)
        strange[f"wrong_{name}"] = value.is_not_null() & numbers[name].is_null()
    code = pl.lit(path.name.split(".csv")[0].removesuffix(".parquet")) if layout.cell is None else layout.cell
    text = pl.concat_str([pl.col(name).cast(pl.String) for name in layout.columns], separator=",",
                         ignore_nulls=True)  # fmt: skip
    side = pl.lit(None, pl.String) if layout.side is None else pl.col(layout.side).cast(pl.String)
    rows = frame.select(
        line=pl.int_range(1, pl.len() + 1, dtype=pl.Int64) + (0 if path.suffix == ".parquet" else 1),
        raw=text, cell=(pl.col(code) if isinstance(code, str) else code).cast(pl.String), side=side,
        **numbers, **strange,
    )  # fmt: skip
    if layout.cycle is None:
        rows = rows.with_columns(cycle_num=pl.int_range(1, pl.len() + 1).over("cell").cast(pl.Float64))
    else:
        rows = rows.with_columns(cycle_num=pl.col("cycle_num") + (1 - layout.first_cycle))
    pcl = pl.col("health") if layout.pcl else 1.0 - pl.col("health") / nominal_ah
    return rows.with_columns(pcl=pcl)


def _judged(rows: pl.DataFrame, number: int) -> pl.DataFrame:
    """The rows with the first thing that is wrong with each: reason, column and value; NULL where sound."""
    strange = [name.removeprefix("wrong_") for name in rows.columns if name.startswith("wrong_")]
    cycle, code = pl.col("cycle_num"), pl.col("cell")
    whole = cycle.is_finite() & (cycle == cycle.round())
    faults: list[tuple[str, str, pl.Expr]] = [
        *(("NOT_A_NUMBER", name, pl.col(f"wrong_{name}")) for name in strange),
        ("NULL_KEY", "cell", code.is_null() | (code.str.strip_chars() == "") | (code.str.len_chars() > 80)),
        ("NULL_KEY", "cycle_num", cycle.is_null()),
        ("NOT_A_NUMBER", "cycle_num", ~whole),
        *(("NON_FINITE", name, ~pl.col(name).is_finite()) for name in VALUES),
        *(("OUT_OF_RANGE", name, _outside(name)) for name in ("cycle_num", *VALUES)),
        ("NULL_REQUIRED", "pcl", pl.col("pcl").is_null()),
        ("NOT_A_NUMBER", "rul", pl.col("rul") != pl.col("rul").round()),
        ("NOT_IN_ENUM", "side", ~pl.col("side").is_in(SIDES)),
    ]
    reason, column, value = (pl.lit(None, pl.String) for _ in range(3))
    for why, name, wrong in reversed(faults):
        is_wrong = wrong.fill_null(False)
        reason = pl.when(is_wrong).then(pl.lit(why)).otherwise(reason)
        column = pl.when(is_wrong).then(pl.lit(name)).otherwise(column)
        value = pl.when(is_wrong).then(pl.col(name).cast(pl.String)).otherwise(value)
    return rows.with_columns(
        reason=reason, column=column, value=value.str.slice(0, VALUE_LENGTH), file_number=pl.lit(number)
    ).select("file_number", "line", "raw", "reason", "column", "value", "cell", "cycle_num", "side", *VALUES)


def _outside(name: str) -> pl.Expr:
    info = cycle_data.c[name].info
    return (pl.col(name) < info["low"]) | (pl.col(name) > info["high"])


def _without_copies(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with their fate. Equal rows of a key are one; of rows that differ none is believed."""
    sound = pl.col("reason").is_null()
    content = pl.struct("side", *VALUES)
    rows = rows.with_columns(
        pl.when(sound & (content.n_unique().over(*KEY, "reason") > 1))
        .then(pl.lit("CONFLICTING_DUPLICATE"))
        .otherwise("reason")
        .alias("reason")
    ).sort("file_number", "line")
    again = pl.int_range(pl.len()).over(*KEY, "reason") > 0
    return rows.with_columns(
        fate=pl.when(pl.col("reason").is_not_null())
        .then(pl.lit("quarantined"))
        .when(again)
        .then(pl.lit("duplicate"))
        .otherwise(pl.lit("loaded")),
        cycle_num=pl.col("cycle_num").cast(pl.Int64, strict=False),
        rul=pl.col("rul").cast(pl.Int64, strict=False),
    )


def _refuse_two_sides(rows: pl.DataFrame) -> None:
    """FileRefused where a cell is on more than one side of the split: it would be judged on itself."""
    sides = rows.group_by("cell").agg(pl.col("side").drop_nulls().unique().sort())
    torn = sides.filter(pl.col("side").list.len() > 1).sort("cell")
    if torn.height:
        cell, sides_found = torn.row(0)
        raise FileRefused(
            "IDENTITY", f"cell {cell} is on several sides of the split: {', '.join(sides_found)}"
        )


def _account(path: Path, number: int, counts: dict[tuple[int, str], int]) -> dict:
    counted = {column: counts.get((number, fate), 0) for fate, column in COUNTED.items()}
    return {
        "path": str(path), "sha256": sha256_of(path), "bytes": path.stat().st_size,
        "rows_read": sum(counted.values()), **counted, "rows_superseded": 0, "rows_other_month": 0,
        "status": "read", "reason": None,
    }  # fmt: skip


def _quarantine(bad: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    paths = pl.DataFrame({"file_number": list(range(len(names))), "file": names})
    numbered = bad.with_columns(pl.col("file_number").cast(pl.Int64))
    rows = numbered.join(paths, on="file_number", how="left", maintain_order="left").with_columns(
        rows=pl.lit(1)
    )
    return rows.select(pl.col(name).cast(kind) for name, kind in QUARANTINE_SCHEMA.items())


def _findings(layout: Layout) -> tuple[str, ...]:
    columns = (
        f"{name} = {column!r} [{layout.units.get(name, '?')}]" for name, column in layout.features.items()
    )
    return (f"layout {layout.name}: {', '.join(columns)}", f"source: {layout.source or 'not stated'}")
