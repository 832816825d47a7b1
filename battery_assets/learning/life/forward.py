"""Remaining life without a trained model: the twin's ageing posterior, read forward to 80 % capacity.

The median and the 95 % interval of the days to wear-out stand in each twin state. Between and beyond them
the life is a two-piece log-normal, so each jar has a time of its own, measured in standard deviations:

    z(t) = (ln(t + 30 d) - middle) / (middle - lower) * 1.96      below the median, and alike above it

P(worn out within t) = Phi(z(t)). What a trained model learns is where z is shifted (`model`). Beside wear
there are sudden ends, at the rate of sound jars (SOURCES 3.2).
"""

import json
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from battery_assets.learning.life.prediction import (
    COLUMNS,
    HORIZONS_DAYS,
    INTERVAL,
    WEAR_OUT,
    prediction_frame,
)
from battery_assets.learning.life.straight_line import twin_predictions
from battery_assets.learning.life.survival import USUAL_SUDDEN_PER_DAY, Calibration, error_quantile

REACH = 1.96  # standard deviations from the median to the ends of the interval
# Weeks pass from the crossing of 80 % until anyone knows of it: shorter lives are not told apart.
SHIFT_DAYS = 30.0
KNOTS = ("clock_lower", "clock_middle", "clock_upper")  # columns of a clock beside held-out predictions
NARROWEST = 0.08  # of ln days from the median to a quantile
NODES = 64  # of the mean over a life
AS_TOLD = Calibration("Normal", 0.0, 1.0, 1.0, USUAL_SUDDEN_PER_DAY)


@dataclass(frozen=True)
class JarTime:
    """ln(days + SHIFT_DAYS) of each row's three quantiles, (N, 3), rising."""

    knots: np.ndarray

    def standard(self, days: np.ndarray | float) -> np.ndarray:
        """z of `days` (N,) or of one number of days, for each row."""
        x = np.log(np.asarray(days, dtype=float) + SHIFT_DAYS) - self.knots[:, 1]
        below, above = self.sides()
        return REACH * x / np.where(x < 0, below, above)

    def days(self, z: np.ndarray) -> np.ndarray:
        """The days (N,) at which each row's clock stands at z; at least 0."""
        below, above = self.sides()
        x = self.knots[:, 1] + np.asarray(z) / REACH * np.where(np.asarray(z) < 0, below, above)
        return np.maximum(np.exp(np.minimum(x, 20.0)) - SHIFT_DAYS, 0.0)

    def sides(self) -> tuple[np.ndarray, np.ndarray]:
        """Of each row ln days from the lower quantile to the median, and from there to the upper."""
        return self.knots[:, 1] - self.knots[:, 0], self.knots[:, 2] - self.knots[:, 1]

    def only(self, rows: np.ndarray) -> "JarTime":
        """The clocks where the boolean `rows` is true."""
        return JarTime(self.knots[rows])


def jar_time(snaps: pl.DataFrame) -> JarTime:
    """The clock of each row of `examples.snapshots`.

    Where a twin state tells no wear-out (it was stored by an earlier version, or the jar has no health), the
    straight line through health stands in.
    """
    columns = snaps.select(pl.col(name).cast(pl.Float64) for name in WEAR_OUT).to_numpy()
    unknown = ~np.isfinite(columns).all(axis=1)
    if unknown.any():
        line = twin_predictions(snaps.filter(pl.Series(unknown)))
        columns = columns.copy()
        columns[unknown] = line.select("rul_lower_ci_days", "rul_days", "rul_upper_ci_days").to_numpy()
    knots = np.log(columns + SHIFT_DAYS)
    knots[:, 1] = np.maximum(knots[:, 1], knots[:, 0] + NARROWEST)
    knots[:, 2] = np.maximum(knots[:, 2], knots[:, 1] + NARROWEST)
    return JarTime(knots)


def lives_told(
    ids: pl.Series,
    time: JarTime,
    raw: np.ndarray,
    calibration: Calibration,
    trust: np.ndarray | float = 1.0,
) -> pl.DataFrame:
    """The columns of `prediction.COLUMNS` of lives whose clocks are shifted by `raw` standard deviations.

    The upper end of the interval is that of wear: a life that may be longer than one can say is told
    so, though it may end suddenly before (decision 143).
    """
    lower = quantile_days(time, raw, calibration, INTERVAL[0])
    upper = quantile_days(time, raw, replace(calibration, sudden_per_day=0.0), INTERVAL[1])
    middle = np.clip(typical_days(time, raw, calibration), lower, upper)
    within = [failed_by(time, raw, calibration, days) for days in HORIZONS_DAYS]
    return prediction_frame(ids, (lower, middle, upper), within, trust)


def typical_days(time: JarTime, raw: np.ndarray, calibration: Calibration) -> np.ndarray:
    """The geometric mean of each row's life by wear (N,), days.

    A jar that is most likely sound and perhaps a fast one has a median that says nothing of "perhaps": by the
    mean of ln days the two are told apart (decision 78).
    """
    nodes = [error_quantile((k + 0.5) / NODES, calibration.distribution) for k in range(NODES)]
    z = calibration.location(raw)[:, None] + calibration.scale * np.array(nodes)
    below, above = (side[:, None] / REACH for side in time.sides())
    ln_days = time.knots[:, 1, None] + z * np.where(z < 0, below, above)
    return np.maximum(np.exp(np.minimum(ln_days.mean(axis=1), 20.0)) - SHIFT_DAYS, 0.0)


def failed_by(time: JarTime, raw: np.ndarray, calibration: Calibration, days: float) -> np.ndarray:
    """P(end within `days`) of each row, by wear or suddenly."""
    return calibration.probability(raw, time.standard(days), days)


def quantile_days(time: JarTime, raw: np.ndarray, calibration: Calibration, share: float) -> np.ndarray:
    """Days by which the share of such jars has ended, by bisection of ln t."""
    low, high = np.full(len(raw), np.log(1e-3)), np.full(len(raw), np.log(1e6))
    for _ in range(60):
        middle = 0.5 * (low + high)
        at = np.exp(middle)
        reached = calibration.probability(raw, time.standard(at), at) >= share
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return np.exp(high)


def forward_predictions(snaps: pl.DataFrame) -> pl.DataFrame:
    """The columns of `model.predict`, by the ageing posterior alone, for rows of `examples.snapshots`."""
    if snaps.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.Float64) | {"battery_id": pl.String})
    return lives_told(snaps["battery_id"], jar_time(snaps), np.zeros(snaps.height), AS_TOLD)


def forward_explanations(snaps: pl.DataFrame) -> pl.Series:
    """JSON text per row: what the twin tells of the jar's wear, and a sentence of it."""
    texts = []
    for row in snaps.select("soh_pct", "age_days", "r_internal_baseline_pct_168h", *WEAR_OUT).to_dicts():
        has_wear_out = row["wear_out_days"] is not None
        words = {
            "method": "ageing posterior read forward to 80 %"
            if has_wear_out
            else "straight line through soh_pct",
            **{name: _rounded(value) for name, value in row.items()},
            "words": _words(row)
            if has_wear_out
            else "The twin tells no wear-out: health is drawn on in a line.",
        }
        texts.append(json.dumps(words))
    return pl.Series("explanation_json", texts, dtype=pl.String)


def _words(row: dict) -> str:
    read = row["r_internal_baseline_pct_168h"]
    resistance = "no resistance reading" if read is None else f"resistance at {read:.0f} % of new"
    age = "unknown age" if row["age_days"] is None else f"{row['age_days'] / 365.25:.1f} years of age"
    lower, median, upper = (row[name] for name in WEAR_OUT)
    half = "is worn out by now" if median < 1.0 else f"is worn out in {median:.0f} days"
    begins = "now" if lower < 1.0 else f"{lower:.0f}"
    most = "as good as all are" if upper < 1.0 else f"19 of 20 between {begins} and {upper:.0f} days"
    return f"With {age} and {resistance}, every second jar like this one {half}, {most}."


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{float(value):.4g}")
