"""The hourly features as one would ask DuckDB for them, from the same Parquet files of the lake.

All columns of the feature store but two: discharge_cycles_count and surge_events_count are state machines
over samples. They and the windows of 24 and 168 h are what DuckDB is spared and our own pass does as well.
"""

from collections.abc import Mapping, Sequence

import duckdb
import polars as pl

# Sums around a constant near the mean keep the variance exact; they cost DuckDB less than stddev_samp.
HOURLY_FEATURES = """
WITH sample AS (
    SELECT epoch_us(ts) AS us, jar.n AS jar, jar.string, jar.low, jar.high,
           voltage_v::FLOAT AS v, temperature_c::FLOAT AS t, resistance_mohm::FLOAT AS r
    FROM read_parquet($jar_raw) JOIN jar USING (battery_id)
), instant AS MATERIALIZED (
    SELECT string, us, CASE WHEN count(v) > 1 THEN avg(v) END AS mean_v,
           any_value(low) AS low, any_value(high) AS high
    FROM sample GROUP BY string, us
), mode AS MATERIALIZED (
    SELECT string.n AS string, epoch_us(ts) AS us, mode = 'float' AS on_float
    FROM read_parquet($string_raw) JOIN string USING (string_id) WHERE mode IS NOT NULL
), room AS MATERIALIZED (
    SELECT epoch_us(ts) // 60000000 AS minute, avg(temperature_c::DOUBLE) AS room_c
    FROM read_parquet($env) GROUP BY minute
), room_hour AS MATERIALIZED (
    SELECT epoch_us(ts) // 3600000000 AS hour, avg(temperature_c::DOUBLE) AS room_c
    FROM read_parquet($env) GROUP BY hour
), around AS MATERIALIZED (
    SELECT instant.string, instant.us, mean_v, coalesce(room.room_c, room_hour.room_c) AS room_c,
           coalesce(CASE WHEN instant.us - mode.us <= 3 * $step_us THEN on_float END,
                    mean_v > 0.97 * low AND mean_v < 1.03 * high) AS on_float
    FROM instant
    ASOF LEFT JOIN mode ON mode.string = instant.string AND mode.us <= instant.us
    LEFT JOIN room ON room.minute = instant.us // 60000000
    LEFT JOIN room_hour ON room_hour.hour = instant.us // 3600000000
), hourly AS (
    SELECT jar, sample.string, sample.us // 3600000000 AS hour,
           count(v) AS samples, sum(v - 13.6) AS s, sum((v - 13.6) * (v - 13.6)) AS q,
           min(v) AS v_min, max(v) AS v_max, avg(abs(v - mean_v)) AS v_balance_mean,
           avg(t) AS t_mean, max(t) AS t_max, avg(t - room_c) AS t_delta_ambient_mean,
           count(*) FILTER (on_float AND v < low) AS below, count(*) FILTER (on_float AND v > high) AS above,
           arg_max(r, sample.us) FILTER (r IS NOT NULL) AS r
    FROM sample JOIN around ON around.string = sample.string AND around.us = sample.us
    GROUP BY jar, sample.string, sample.us // 3600000000
), step AS (
    SELECT string.n AS string, epoch_us(ts) AS us, abs(current_a::DOUBLE) AS i,
           ripple_voltage_rms_v::DOUBLE AS ripple,
           lag(epoch_us(ts)) OVER w AS last_us, lag(abs(current_a::DOUBLE)) OVER w AS last_i
    FROM read_parquet($string_raw) JOIN string USING (string_id)
    WINDOW w AS (PARTITION BY string.n ORDER BY ts)
), string_hourly AS (
    SELECT string, us // 3600000000 AS hour, avg(ripple) AS ripple_rms_mean,
           coalesce(sum((i + last_i) / 2 * (us - last_us)) FILTER (us - last_us <= 3 * $step_us), 0)
               / 3.6e9 AS ah_throughput
    FROM step GROUP BY string, hour
), thd AS (
    SELECT string.n AS string, epoch_us(ts) // 3600000000 AS hour, avg(thd_pct::DOUBLE) AS thd_mean
    FROM read_parquet($string_calc) JOIN string USING (string_id) GROUP BY string.n, hour
)
SELECT make_timestamp((hourly.hour + 1) * 3600000000) AS feature_ts, battery_id,
       13.6 + s / samples AS v_mean,
       CASE WHEN samples > 1 THEN sqrt(greatest(q - s * s / samples, 0) / (samples - 1)) END AS v_std,
       v_min, v_max, v_balance_mean, t_mean, t_max, t_delta_ambient_mean,
       last_value(r IGNORE NULLS) OVER so_far AS r_internal_latest,
       100 * last_value(r IGNORE NULLS) OVER so_far / initial_mohm AS r_internal_baseline_pct, ah_throughput,
       below * $step_us / 6e7 AS time_below_float_min, above * $step_us / 6e7 AS time_above_float_min,
       ripple_rms_mean, thd_mean
FROM hourly JOIN jar ON jar.n = hourly.jar
LEFT JOIN string_hourly ON string_hourly.string = hourly.string AND string_hourly.hour = hourly.hour
LEFT JOIN thd ON thd.string = hourly.string AND thd.hour = hourly.hour
WINDOW so_far AS (PARTITION BY hourly.jar ORDER BY hourly.hour)
"""


def connected(jars: pl.DataFrame, threads: int) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that knows the site's jars and strings, numbered so that keys are small."""
    connection = duckdb.connect(config={"threads": threads})
    numbered = jars.select(
        "battery_id",
        n=pl.int_range(pl.len(), dtype=pl.UInt16),
        string=pl.col("string_id").rank("dense").cast(pl.UInt8),
        low=pl.col("float_voltage_min_v").cast(pl.Float32),
        high=pl.col("float_voltage_max_v").cast(pl.Float32),
        initial_mohm="initial_resistance_mohm",
    )
    strings = jars.select("string_id", n=pl.col("string_id").rank("dense").cast(pl.UInt8)).unique()
    for name, frame in {"jar": numbered, "string": strings}.items():
        connection.register("incoming", frame.to_arrow())
        connection.execute(f"CREATE TABLE {name} AS FROM incoming")
        connection.unregister("incoming")
    return connection


def hourly_features(
    connection: duckdb.DuckDBPyConnection, files: Mapping[str, Sequence[str]], step_s: int
) -> pl.DataFrame:
    """Hourly features of the files' rows: feature_ts, battery_id and the columns of the feature store."""
    paths = {name: list(found) for name, found in files.items()}
    return connection.sql(HOURLY_FEATURES, params={**paths, "step_us": step_s * 1_000_000}).pl()
