"""The hourly features as one would write them with pandas, from the same Parquet files of the lake.

Group keys are numbers, decimals become floats in Arrow and not as Python objects, and every aggregate is one
of pandas' own: this is as quick as plain pandas gets. What DuckDB is spared, pandas is spared too.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000


def hourly_features(files: Mapping[str, Sequence[str]], jars: pl.DataFrame, step_s: int) -> pl.DataFrame:
    """Hourly features of the files' rows: feature_ts, battery_id and the columns of the feature store."""
    step_us = step_s * 1_000_000
    known = jars.to_pandas().assign(string=jars["string_id"].rank("dense").cast(pl.Int64).to_numpy())
    known = known.set_index("battery_id").sort_index()
    sample = _read(files["jar_raw"], "battery_id", ["voltage_v", "temperature_c", "resistance_mohm"])
    codes, ids = sample["battery_id"].cat.codes.to_numpy(), sample["battery_id"].cat.categories
    of_code = known.reindex(ids)
    sample["jar"], sample["string"] = codes, of_code["string"].to_numpy()[codes]
    sample["instant"] = sample["string"].to_numpy().astype(np.int64) << 56 | sample["us"]
    around = _surroundings(sample, files, known, step_us).reindex(sample["instant"])
    v, mean_v = sample["voltage_v"], around["mean_v"].to_numpy()
    on_float = around["on_float"].to_numpy()
    sample["imbalance"] = (v - mean_v).abs()
    sample["above_room"] = sample["temperature_c"] - around["room_c"].to_numpy()
    sample["below"] = on_float & (v < of_code["float_voltage_min_v"].to_numpy()[codes])
    sample["above"] = on_float & (v > of_code["float_voltage_max_v"].to_numpy()[codes])
    sample["hour"] = sample["us"] // HOUR_US
    hourly = sample.groupby(["jar", "hour"]).agg(
        v_mean=("voltage_v", "mean"), v_std=("voltage_v", "std"), v_min=("voltage_v", "min"),
        v_max=("voltage_v", "max"), v_balance_mean=("imbalance", "mean"), t_mean=("temperature_c", "mean"),
        t_max=("temperature_c", "max"), t_delta_ambient_mean=("above_room", "mean"),
        r_internal_latest=("resistance_mohm", "last"), time_below_float_min=("below", "sum"),
        time_above_float_min=("above", "sum"), string=("string", "first"),
    ).reset_index()  # fmt: skip
    hourly["r_internal_latest"] = hourly.groupby("jar")["r_internal_latest"].ffill()
    initial = of_code["initial_resistance_mohm"].to_numpy()[hourly["jar"]]
    hourly["r_internal_baseline_pct"] = 100 * hourly["r_internal_latest"] / initial
    hourly[["time_below_float_min", "time_above_float_min"]] *= step_us / MINUTE_US
    hourly = hourly.merge(_of_strings(files, known, step_us), on=["string", "hour"], how="left")
    hourly["battery_id"] = ids.to_numpy()[hourly["jar"]]
    hourly["feature_ts"] = (hourly["hour"] + 1) * HOUR_US
    rows = pl.from_pandas(hourly.drop(columns=["jar", "hour", "string"]))
    return rows.with_columns(pl.col("feature_ts").cast(pl.Datetime("us")))


def _read(
    paths: Sequence[str], unit: str, numbers: Sequence[str], others: Sequence[str] = ()
) -> pd.DataFrame:
    """Columns of files, `us` for their instants; units are categorical, decimals floats."""
    names = ["ts", unit, *numbers, *others]
    rows = pa.concat_tables(
        pq.read_table(path, columns=names, read_dictionary=[unit], partitioning=None) for path in paths
    ).unify_dictionaries()
    for name in numbers:
        rows = rows.set_column(rows.column_names.index(name), name, rows[name].cast(pa.float64()))
    frame = rows.drop_columns(["ts"]).to_pandas()
    frame["us"] = rows["ts"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    return frame


def _string_number(frame: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    of_string = known.drop_duplicates("string_id").set_index("string_id")["string"]
    return frame["string_id"].map(of_string).astype("int64")


def _surroundings(
    sample: pd.DataFrame, files: Mapping[str, Sequence[str]], known: pd.DataFrame, step_us: int
) -> pd.DataFrame:
    """What all jars of a string share at an instant: mean voltage, room temperature, whether it floats."""
    volts = sample.groupby("instant").agg(
        mean_v=("voltage_v", "mean"),
        jars=("voltage_v", "count"),
        us=("us", "first"),
        string=("string", "first"),
    )
    volts.loc[volts["jars"] < 2, "mean_v"] = np.nan
    mode = _read(files["string_raw"], "string_id", [], ["mode"]).dropna(subset="mode")
    mode["string"], mode["is_float"] = _string_number(mode, known), (mode["mode"] == "float").astype(float)
    around = pd.merge_asof(
        volts.reset_index().sort_values("us"),
        mode[["us", "string", "is_float"]].sort_values("us"),
        on="us", by="string", tolerance=3 * step_us,
    )  # fmt: skip
    band = known.groupby("string")[["float_voltage_min_v", "float_voltage_max_v"]].first()
    low, high = (
        band[f"float_voltage_{end}_v"].reindex(around["string"]).to_numpy() for end in ("min", "max")
    )
    seems = (around["mean_v"] > 0.97 * low) & (around["mean_v"] < 1.03 * high)
    around["on_float"] = around["is_float"].fillna(seems.astype(float)) > 0
    room = _read(files["env"], "sensor_id", ["temperature_c"])
    by_minute = room.groupby(room["us"] // MINUTE_US)["temperature_c"].mean()
    by_hour = room.groupby(room["us"] // HOUR_US)["temperature_c"].mean()
    room_c = (around["us"] // MINUTE_US).map(by_minute)
    around["room_c"] = room_c.fillna((around["us"] // HOUR_US).map(by_hour))
    return around.set_index("instant")[["mean_v", "room_c", "on_float"]]


def _of_strings(files: Mapping[str, Sequence[str]], known: pd.DataFrame, step_us: int) -> pd.DataFrame:
    """Hourly throughput (Ah), ripple (V) and distortion (%) of the strings."""
    step = _read(files["string_raw"], "string_id", ["current_a", "ripple_voltage_rms_v"])
    step["string"], step["i"] = _string_number(step, known), step["current_a"].abs()
    step = step.sort_values(["string", "us"])
    last = step.groupby("string")[["us", "i"]].shift()
    pause = step["us"] - last["us"]
    step["ah"] = ((step["i"] + last["i"]) / 2 * pause / HOUR_US).where(pause <= 3 * step_us, 0.0)
    step["hour"] = step["us"] // HOUR_US
    sums = step.groupby(["string", "hour"]).agg(
        ah_throughput=("ah", "sum"), ripple_rms_mean=("ripple_voltage_rms_v", "mean")
    )
    thd = _read(files["string_calc"], "string_id", ["thd_pct"])
    thd["string"], thd["hour"] = _string_number(thd, known), thd["us"] // HOUR_US
    distortion = thd.groupby(["string", "hour"])["thd_pct"].mean().rename("thd_mean")
    return sums.join(distortion, how="left").reset_index()
