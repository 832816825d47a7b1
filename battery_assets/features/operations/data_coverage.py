"""Which samples of a month are missing: the share of them, and the longest gap, of every jar and string."""

import polars as pl

from battery_assets.features.operations.alert_rules import HOUR

_TIME = pl.Datetime("us", "UTC")


def coverage(evidence: pl.DataFrame, jars: pl.DataFrame) -> list[pl.DataFrame]:
    """Missing share and longest gap of every unit, between the first and the last sample of the data.

    evidence: sorted by unit_kind, unit_id and hour.
    """
    frames = []
    sent = ["unit_id", "hour", "first_ts", "last_ts", "gap_s", "v_rows", "period_s"]
    for kind, unit in (("jar", "battery_id"), ("string", "string_id")):
        units = _in_service(evidence, jars if kind == "jar" else jars.select(unit), unit)
        rows = evidence.filter(pl.col("unit_kind") == kind).select(sent)
        rows = rows.join(units, on="unit_id", validate="m:1", maintain_order="left")
        rows = rows.filter(pl.col("last_ts").is_between("begin", "end"))
        frames += [
            frame.with_columns(unit_kind=pl.lit(kind)) for frame in (_missing(rows, units), _gap(rows))
        ]
    return frames


def _in_service(evidence: pl.DataFrame, units: pl.DataFrame, unit: str) -> pl.DataFrame:
    """unit_id, begin, end of what is expected to send: from the day after installation until replacement."""
    begin, end = pl.lit(evidence["first_ts"].min(), _TIME), pl.lit(evidence["last_ts"].max(), _TIME)
    dates = {name: pl.col(name).cast(pl.Datetime("us")).dt.replace_time_zone("UTC") for name in units.columns
             if name in ("installed_date", "replaced_date")}  # fmt: skip
    if "installed_date" in dates:
        begin = pl.max_horizontal(begin, dates["installed_date"].dt.offset_by("1d"))
    if "replaced_date" in dates:
        end = pl.min_horizontal(end, dates["replaced_date"])
    spans = units.select(unit_id=unit, begin=begin, end=end).unique(maintain_order=True)
    return spans.filter(pl.col("begin") <= pl.col("end"))


def _missing(rows: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    period = rows["period_s"].median() or 3600.0
    expected = ((pl.col("end") - pl.col("begin")).dt.total_milliseconds() / 1000.0 / period).floor() + 1.0
    got = rows.group_by("unit_id").agg(got=pl.col("v_rows").sum())
    absent = pl.col("expected") - pl.col("got")
    return (
        units.join(got, on="unit_id", how="left")
        .with_columns(got=pl.col("got").fill_null(0), expected=expected)
        .select(
            "unit_id",
            code=pl.lit("missing_share"),
            value=(absent / pl.col("expected") * 100.0).clip(lower_bound=0.0),
            worst=absent,
            from_ts="begin",
            to_ts="end",
            rows=absent.clip(lower_bound=0.0).cast(pl.Int64),
        )
    )


def _gap(rows: pl.DataFrame) -> pl.DataFrame:
    inside = rows.select("unit_id", "period_s", length="gap_s", from_ts="hour", to_ts=pl.col("hour") + HOUR)
    before = pl.col("last_ts").shift(1).over("unit_id").fill_null(pl.col("begin"))
    seams = rows.select("unit_id", "period_s", from_ts=before, to_ts="first_ts")
    tails = rows.group_by("unit_id").agg(
        pl.col("period_s").first(), from_ts=pl.col("last_ts").max(), to_ts=pl.col("end").first()
    )
    seams = pl.concat([seams, tails]).with_columns(
        length=(pl.col("to_ts") - pl.col("from_ts")).dt.total_milliseconds() / 1000.0
    )
    gaps = pl.concat([inside, seams.select(inside.columns)]).filter(pl.col("length").is_not_null())
    longest = gaps.sort("unit_id", "length", "from_ts").unique("unit_id", keep="last", maintain_order=True)
    return longest.select(
        "unit_id",
        code=pl.lit("longest_gap"),
        value=pl.col("length") / 3600.0,
        worst="length",
        from_ts="from_ts",
        to_ts="to_ts",
        rows=(pl.col("length") / pl.col("period_s")).fill_null(0.0).cast(pl.Int64),
    )
