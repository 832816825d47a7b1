"""The table that models are trained on: eight causal features of a cycle, its loss, its life left."""

import polars as pl

from battery_assets.features.lab.causal import causal_line, causal_mean
from battery_assets.features.lab.cycle_features import WINDOW, smoothed
from battery_assets.features.lab.labels import OBSERVED, EndOfLife, life_of

# feature_3 ... feature_8, each the mean of the ten cycles that end with the row's own.
AVERAGED = (
    "temperature_mean_c",
    "internal_resistance_mohm",
    "charge_time_s",
    "dqdv_max_ah_per_v",
    "dqdv_min_ah_per_v",
    "dqdv_variance",
)


def cycle_data(features: pl.DataFrame, nominal_ah: float, end: EndOfLife) -> pl.DataFrame:
    """cycle_num, feature_1 ... feature_8, pcl, rul of one cell's whole life, in order of its cycles.

    features: columns of `cycle_features`, cycle_index rising over the cell's sessions. feature_1 and 2 are
    slope (Ah per cycle) and present value (Ah) of the line through the last ten discharge capacities, each
    averaged over ten cycles like the others; 3 mean temperature (C), 4 resistance (mohm), 5 charge time (s),
    6 to 8 dQ/dV maximum, minimum (Ah/V) and variance. pcl = 1 - Q/Q_nominal. rul = life - cycle, NULL where
    the end of life was not seen. Cycles without a discharge are left out. A feature that the test never
    measured (no temperature sensor) is NULL.
    """
    rows = features.filter(pl.col("discharge_capacity_ah").is_not_null()).sort("cycle_index")
    charge = rows["discharge_capacity_ah"].to_numpy()
    slope, now = causal_line(charge, WINDOW)
    averaged = [
        causal_mean(slope, WINDOW),
        causal_mean(now, WINDOW),
        *(smoothed(rows[name]) for name in AVERAGED),
    ]
    cycle = rows["cycle_index"].to_numpy()
    life = life_of(cycle, charge / nominal_ah, end.capacity_share, end.confirmed) if rows.height else None
    left = None if life is None or life.censoring != OBSERVED else life.cycles - rows["cycle_index"]
    return pl.DataFrame(
        {
            "cycle_num": rows["cycle_index"],
            **{f"feature_{k}": pl.Series(v).fill_nan(None) for k, v in enumerate(averaged, start=1)},
            "pcl": 1.0 - rows["discharge_capacity_ah"] / nominal_ah,
        }
    ).with_columns(rul=pl.lit(None, pl.Int64) if left is None else left.clip(lower_bound=0))
