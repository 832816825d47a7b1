"""Which jars serve at an instant."""

import polars as pl


def still_there(rows: pl.DataFrame, jars: pl.DataFrame, instant: str) -> pl.DataFrame:
    """Rows of jars that had not left by the day before their instant. jars: battery_id, replaced_date."""
    left = jars.filter(pl.col("replaced_date").is_not_null()).select("battery_id", "replaced_date")
    gone = rows.join(left, on="battery_id").filter(pl.col("replaced_date") < pl.col(instant).dt.date())
    return rows.join(gone, on="battery_id", how="anti", maintain_order="left")
