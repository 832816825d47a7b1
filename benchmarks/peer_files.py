"""One made test as PyProBE and cellpy know a cycler's file; counters begin anew in each step."""

import polars as pl


def maccor_csv(points: pl.DataFrame) -> bytes:
    """Maccor's CSV as PyProBE reads it: two lines above the headings, signed currents."""
    table = _counted(points).select(
        pl.int_range(1, pl.len() + 1).alias("Rec"),
        pl.col("Cycle Count / 1").alias("Cycle C"),
        pl.col("Step Index / 1").alias("Step"),
        pl.col("Test Time / s").alias("Test Time (sec)"),
        pl.col("step_time").alias("Step Time (sec)"),
        pl.col("ah").alias("Capacity"),
        pl.col("wh").alias("Energy"),
        pl.col("Current / A").alias("Current"),
        pl.col("Voltage / V").alias("Voltage"),
        _date("%d-%b-%y %I:%M:%S %p").alias("DPT Time"),
        pl.col("Ambient Temperature / degC").alias("Temp 1"),
    )
    return b"Today's Date ,28-Nov-23\nDate of Test:,14-Nov-23 10:13:20 PM\n" + table.write_csv().encode()


def neware_csv(points: pl.DataFrame) -> bytes:
    """Neware's record layer as cellpy reads it."""
    current = pl.col("Current / A")
    in_, out = (current > 0).cast(pl.Float64), (current < 0).cast(pl.Float64)
    kind = pl.when(current > 0).then(pl.lit("CC Chg")).when(current < 0).then(pl.lit("CC DChg"))
    table = _counted(points).select(
        pl.int_range(1, pl.len() + 1).alias("DataPoint"),
        pl.col("Cycle Count / 1").alias("Cycle Index"),
        pl.col("Step Index / 1").alias("Step Index"),
        kind.otherwise(pl.lit("Rest")).alias("Step Type"),
        _hours("step_time").alias("Time"),
        _hours("Test Time / s").alias("Cumulative Time"),
        current.alias("Current(A)"),
        pl.col("Voltage / V").alias("Voltage(V)"),
        pl.col("ah").alias("Capacity(Ah)"),
        (pl.col("ah") * in_).alias("Chg. Cap.(Ah)"),
        (pl.col("ah") * out).alias("DChg. Cap.(Ah)"),
        pl.col("wh").alias("Energy(Wh)"),
        (pl.col("wh") * in_).alias("Chg. Energy(Wh)"),
        (pl.col("wh") * out).alias("DChg. Energy(Wh)"),
        _date("%Y-%m-%d %H:%M:%S").alias("Date"),
        (current * pl.col("Voltage / V")).round(5).alias("Power(W)"),
        pl.lit(0.0).alias("dQ/dV(mAh/V)"),
        pl.lit(0.0).alias("Contact resistance(mO)"),
    )
    return table.write_csv().encode()


def _counted(points: pl.DataFrame) -> pl.DataFrame:
    """The points with what a cycler counts since the step's first row: seconds, Ah, Wh, as magnitudes."""
    begins = (pl.col("Step Index / 1").diff() != 0).fill_null(False)
    frame = points.with_columns(begins.cum_sum().alias("step"))
    since = pl.col("Test Time / s") - pl.col("Test Time / s").first().over("step")
    moved = pl.when(since > 0).then(pl.col("Current / A").abs()).otherwise(0.0) / 3600
    return frame.with_columns(
        since.alias("step_time"),
        moved.cum_sum().over("step").round(7).alias("ah"),
        (moved * pl.col("Voltage / V")).cum_sum().over("step").round(7).alias("wh"),
    )


def _date(pattern: str) -> pl.Expr:
    return pl.from_epoch(pl.col("Unix Time / s").cast(pl.Int64)).dt.strftime(pattern)


def _hours(name: str) -> pl.Expr:
    """Seconds as hours, minutes and seconds; hours run on above 24."""
    seconds = pl.col(name).cast(pl.Int64)
    parts = [seconds // 3600, seconds // 60 % 60, seconds % 60]
    return pl.format("{}:{}:{}", *(part.cast(pl.String).str.zfill(2) for part in parts))
