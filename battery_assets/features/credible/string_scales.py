"""Scales of a string's own samples that no string has: volts of another unit, amperes that no jar takes."""

import polars as pl

from battery_assets.features.credible.scales import JAR_SHARE, as_scales, best_unit, scale_row, thin

FLOAT_HOURS = 10.0
MILLI_C = 1 / 8  # of C10: in ten hours of "float" more than a jar holds
MOST_CHARGES = 4.0  # C10 that flow one way in a day of any mode: no jar holds them, nor gives them off as gas


def string_scales(rows: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """SCALES of a day of telemetry_string_raw, sorted by (unit, ts).

    jars: string_id, nominal_v, capacity_ah, cells, position_in_string, batteries_count, string_nominal_v.
    """
    middle = (
        thin(rows, "string_id", "voltage_v", "current_a", "mode")
        .group_by(pl.col("string_id").cast(pl.String))
        .agg(
            v=pl.col("voltage_v").filter(pl.col("voltage_v") != 0).median().cast(pl.Float64),
            a=pl.col("current_a").median().cast(pl.Float64),
            least_a=pl.col("current_a").abs().quantile(0.1).cast(pl.Float64),
            most_a=pl.col("current_a").quantile(0.9).cast(pl.Float64),
            low_a=pl.col("current_a").quantile(0.1).cast(pl.Float64),
            floats=(pl.col("mode").cast(pl.String) == "float").mean(),
            hours=(pl.col("ts").max() - pl.col("ts").min()).dt.total_seconds() / 3600.0,
            rows=pl.len(),
        )
        .join(string_sizes(jars), on="string_id")
    )
    return as_scales(scale for of in middle.to_dicts() for scale in (*_string_volts(of), *_milliamps(of)))


def string_sizes(jars: pl.DataFrame) -> pl.DataFrame:
    """string_id, places, nominal_v of a jar, cells of a jar, capacity_ah, and volts: all that it may be."""
    return jars.group_by(pl.col("string_id").cast(pl.String)).agg(
        places=pl.col("position_in_string").n_unique(),
        count=pl.col("batteries_count").first(),
        nominal_v=pl.col("nominal_v").median(),
        cells=pl.col("cells").median().cast(pl.Int64),
        capacity_ah=pl.col("capacity_ah").cast(pl.Float64).min(),
        string_v=pl.col("string_nominal_v").first().cast(pl.Float64),
    )


def _string_volts(of: dict) -> list[tuple]:
    if of["v"] is None or not of["places"]:
        return []
    expected = {of["places"] * of["nominal_v"], (of["count"] or 0) * of["nominal_v"], of["string_v"] or 0.0}
    shares = [of["v"] / volts for volts in expected if volts > 0]
    if any(JAR_SHARE[0] <= share <= JAR_SHARE[1] for share in shares):
        return []
    column, n = "telemetry_string_raw.voltage_v", of["places"]
    candidates: dict[float, tuple[str, str]] = {
        n: ("the mean of its jars", f"units={column}:x{n}"),
        n * of["cells"]: ("volts per cell", f"units={column}:x{n * of['cells']}"),
        10: ("a shifted decimal", f"units={column}:x10"),
        100: ("hundredths", f"units={column}:x100"),
        1000: ("kV", f"units={column}:kV"),
        2: ("half of the string", f"units={column}:x2"),
        0.1: ("a shifted decimal", f"units={column}:/10"),
        0.01: ("a hundredfold", f"units={column}:/100"),
    }
    candidates |= {
        1 / k: (f"the voltage of the whole system, {k} strings added up", f"units={column}:/{k}")
        for k in range(2, 10)
    }
    best = best_unit(of["v"] / (n * of["nominal_v"]), candidates)
    if best is None:
        best = ("no unit that is known here", f"units={column}:none")
    return [scale_row("string", of["string_id"], "voltage_v of the string", *best, of["v"], "V", of["rows"])]


def _milliamps(of: dict) -> list[tuple]:
    if of["a"] is None or not of["capacity_ah"] or of["hours"] < FLOAT_HOURS:
        return []
    floats = of["least_a"] > MILLI_C * of["capacity_ah"] and (of["floats"] or 0.0) >= 0.9
    if not floats and max(of["low_a"], -of["most_a"]) * of["hours"] <= MOST_CHARGES * of["capacity_ah"]:
        return []
    term = "mA", "units=telemetry_string_raw.current_a:mA", of["a"], "A", of["rows"]
    return [scale_row("string", of["string_id"], "current_a", *term)]
