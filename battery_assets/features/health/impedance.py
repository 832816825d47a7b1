"""Ohmic readings brought to 25 °C and set against the jar's baseline."""

import polars as pl

from battery_assets.features.samples.runs import numbers
from battery_assets.features.samples.temperature import resistance_at_25c

LARGEST_PCT = 999.99


def impedance_results(measurements: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """Rows of impedance_measurement_calc: measurement_id, temp_corrected_resistance_mohm, baseline_pct.

    measurements: measurement_id, battery_id, resistance_mohm, temperature_c. jars: battery_id,
    initial_resistance_mohm (at 25 °C). Both results are NULL where the reading or its temperature is missing,
    baseline_pct also where the jar or its baseline is unknown. A percentage too wide for the reference's
    DECIMAL(5,2) stops at 999.99 (a broken weld can read ten times its baseline).
    """
    baseline = jars.select(pl.col("battery_id").cast(pl.String), "initial_resistance_mohm")
    joined = measurements.with_columns(pl.col("battery_id").cast(pl.String)).join(
        baseline.unique("battery_id"), on="battery_id", how="left", maintain_order="left"
    )
    at_25 = resistance_at_25c(
        numbers(joined, "resistance_mohm").astype(float), numbers(joined, "temperature_c").astype(float)
    )
    initial = pl.when(pl.col("initial_resistance_mohm") > 0).then(pl.col("initial_resistance_mohm"))
    return joined.select(
        "measurement_id",
        pl.Series("temp_corrected_resistance_mohm", at_25, nan_to_null=True),
        (pl.Series(at_25, nan_to_null=True) / initial * 100.0)
        .cast(pl.Float64)
        .clip(upper_bound=LARGEST_PCT)
        .alias("baseline_pct"),
    )
