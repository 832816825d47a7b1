"""What was refused of files, as Dagster shows it: file, line, column, value, why, rows concerned."""

from pathlib import Path

import polars as pl
import sqlalchemy as sa

from battery_assets.ingest.exports.tables import Reading
from battery_assets.ingest.files.problems import FILE_REASONS, PRIVATE, ROW_REASONS

MOST_SHOWN = 20


def without_values(quarantine: pl.DataFrame) -> pl.DataFrame:
    """Who reads the quarantine may not read contact details: file and line lead to them."""
    return quarantine.with_columns(pl.lit(None, pl.String).alias(name) for name in ("value", "raw"))


def refused_shown(table: sa.Table, reading: Reading) -> list[dict[str, str | int]]:
    """Records for a table of the page: refused files first, then the first bad row of each reason."""
    files, quarantine = reading.files, reading.quarantine
    if table.schema == PRIVATE:
        quarantine = without_values(quarantine)
    whole = [
        {"file": Path(row["path"]).name, "why": row["reason"], "rows": row["rows_read"]}
        for row in files.filter(status="refused").iter_rows(named=True)
    ]
    refused = files.filter(status="refused")["path"].to_list()
    rows = quarantine.filter(~pl.col("file").is_in(refused))
    by_reason = (
        rows.with_columns(of=pl.col("rows").sum().over("file", "column", "reason"))
        .unique(["file", "column", "reason"], keep="first", maintain_order=True)
        .head(MOST_SHOWN)
    )
    single = [
        {
            "file": Path(row["file"]).name,
            "line": row["line"],
            "column": row["column"],
            "value": row["value"],
            "why": f"{row['reason']}: {meaning_of(row['reason'])}",
            "rows": row["of"],
        }
        for row in by_reason.iter_rows(named=True)
    ]
    names = ("file", "line", "column", "value", "why", "rows")
    # Dagster asks for the same columns in every record, and for none that is empty.
    return [{name: "-" if (of := one.get(name)) is None else of for name in names} for one in whole + single]


def meaning_of(reason: str) -> str:
    """What a reason means, in words."""
    return ROW_REASONS.get(reason) or FILE_REASONS.get(reason, "")
