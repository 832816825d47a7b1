"""Labels of cells under test: state of health, life, remaining cycles, and how certain the end is.

A label is a definition with a version: several live side by side, and a new one never changes an old one.
End of life is a criterion, 80 % of the nominal capacity unless told otherwise; a cell that has not reached it
is censored, and its remaining cycles are not known (not zero).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

OBSERVED, RIGHT_CENSORED, STARTED_BELOW = "observed", "right_censored", "started_below"
CAPACITY, RESISTANCE = "capacity", "resistance"
END_OF_LIFE = "end_of_life_pct"  # the term of a cell or a lab, and the column of battery_cell
# 2: a life ends by confirmed crossings; cycles whose discharge is not whole have no health.
# 3: a crossing from which the cell recovers ends no life; fewer cycles than confirm one begin none below.
VERSION = "3"
# So many more cycles above the criterion than under it since a crossing: the cell was cold, not worn.
RECOVERED = 10
# A crossing that the record's end cuts short counts where it goes on from the cycle before it.
NEXT_DROP, NEXT_DROPS = 0.05, 5.0


@dataclass(frozen=True)
class EndOfLife:
    """When a cell counts as worn out: capacity at or under a share of nominal, resistance at or over a
    multiple of its first. `confirmed` cycles in a row must show it, so that one cold day ends nothing.
    """

    capacity_share: float = 0.80
    resistance_ratio: float = 2.0
    confirmed: int = 3

    def __post_init__(self) -> None:
        if not (0 < self.capacity_share < 1 and self.resistance_ratio > 1 and self.confirmed >= 1):
            raise ValueError(f"{self}: a share lies in 0..1, a ratio above 1, at least one cycle confirms")

    @classmethod
    def at(cls, percent: float | None) -> "EndOfLife":
        """The criterion of a cell that is worn out at so many percent of nominal; None: 80 %."""
        return cls() if percent is None else cls(capacity_share=float(percent) / 100.0)


def percent_of_nominal(stated: object) -> float | None:
    """Percent of nominal at which a cell is worn out, None for None; a number below 1 is a share.

    Raises ValueError for what is neither.
    """
    if stated is None:
        return None
    percent = 0.0
    if isinstance(stated, int | float) and not isinstance(stated, bool):
        percent = float(stated) * 100.0 if 0 < stated < 1 else float(stated)
    if not 1 < percent < 100:
        raise ValueError(f"{END_OF_LIFE}: {stated!r} is no percentage of the nominal capacity, such as 80")
    return round(percent, 3)


@dataclass(frozen=True)
class Life:
    """The cycle at which a cell's life ended, or the last one seen, and which of the two it is."""

    cycles: int
    censoring: str


def life_of(cycle: np.ndarray, soh: np.ndarray, end: float, confirmed: int = 1) -> Life:
    """Life of a cell: first cycle whose health is at or under `end`, `confirmed` times in a row and for good.

    cycle (n,) numbers, rising; soh (n,) a share, NaN unknown (passed over). For good: never again were
    RECOVERED more cycles above it than under it since, so that a cold week or a few fast cycles end nothing.
    Where the record ends before so many cycles, as tests do that stop at their end of life, those it has must
    all show it, and the first of them must go on from the cycle before. A cell whose first known value is
    already there STARTED_BELOW; one that never gets there is RIGHT_CENSORED at its last cycle. Raises
    ValueError without any known value.
    """
    measured = np.isfinite(soh)
    if not measured.any():
        raise ValueError("no cycle has a known state of health: there is no life to tell")
    cycle, soh = np.asarray(cycle)[measured], np.asarray(soh)[measured]
    first = _first_confirmed(soh, soh <= end, confirmed)
    if first is None:
        return Life(int(cycle[-1]), RIGHT_CENSORED)
    return Life(int(cycle[first]), STARTED_BELOW if first == 0 else OBSERVED)


def _first_confirmed(soh: np.ndarray, worn: np.ndarray, confirmed: int) -> int | None:
    """Place of the first of `confirmed` worn cycles in a row, the record's end counting for those to come."""
    run = np.convolve(worn.astype(int), np.ones(confirmed, int))[: worn.size]
    ended = np.flatnonzero(run >= confirmed) - confirmed + 1
    above_by = np.concatenate([[0], np.cumsum(np.where(worn, -1, 1))])
    at_most = np.maximum.accumulate(above_by[::-1])[::-1]
    ended = ended[at_most[ended] - above_by[ended] < RECOVERED]
    if ended.size:
        return int(ended[0])
    above = np.flatnonzero(~worn)
    if not above.size:
        return None
    first = int(above[-1]) + 1
    if first == worn.size:
        return None
    allowed = max(NEXT_DROP, NEXT_DROPS * float(np.median(np.abs(np.diff(soh)))))
    return first if soh[first - 1] - soh[first] <= allowed else None


def soh_labels(features: pl.DataFrame, nominal_ah: float, end: EndOfLife) -> pl.DataFrame:
    """Labels of every cycle of a cell under both definitions, one row for each.

    Columns cycle_index, definition, version, soh_pct, pcl, life_cycles, rul_cycles, censoring, end_of_life.

    features: cycle_index, discharge_capacity_ah, internal_resistance_mohm. capacity: Q over nominal.
    resistance: 100 % at the median of the first five readings, 0 % at `resistance_ratio` times it, straight
    between. pcl = 1 - Q/Q_nominal (capacity only). rul_cycles = life - cycle, 0 from the end on, NULL where
    the end was not observed.
    """
    cycle = features["cycle_index"].to_numpy()
    charge = features["discharge_capacity_ah"].cast(pl.Float64).fill_null(np.nan).to_numpy() / nominal_ah
    ohms = features["internal_resistance_mohm"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    first_ohms = ohms[np.isfinite(ohms)][:5]
    worn = (
        (ohms / np.median(first_ohms) - 1) / (end.resistance_ratio - 1)
        if first_ohms.size
        else np.full(ohms.size, np.nan)
    )
    frames = [
        _labelled(cycle, charge, CAPACITY, end.capacity_share, end.confirmed, 1.0 - charge),
        _labelled(cycle, 1.0 - worn, RESISTANCE, 0.0, end.confirmed, np.full(cycle.size, np.nan)),
    ]
    return pl.concat(frames)


def _labelled(
    cycle: np.ndarray, soh: np.ndarray, definition: str, end: float, confirmed: int, pcl: np.ndarray
) -> pl.DataFrame:
    if not np.isfinite(soh).any():
        return _frame(np.zeros(0, int), soh[:0], pcl[:0], definition, end, Life(0, RIGHT_CENSORED))
    measured = np.isfinite(soh)
    life = life_of(cycle, soh, end, confirmed)
    return _frame(cycle[measured], soh[measured], pcl[measured], definition, end, life)


def _frame(
    cycle: np.ndarray, soh: np.ndarray, pcl: np.ndarray, definition: str, end: float, life: Life
) -> pl.DataFrame:
    observed = life.censoring == OBSERVED
    remaining = pl.Series(np.maximum(life.cycles - cycle, 0), dtype=pl.Int64)
    return pl.DataFrame(
        {
            "cycle_index": pl.Series(cycle, dtype=pl.Int64),
            "soh_pct": 100.0 * soh,
            "pcl": pl.Series(pcl, dtype=pl.Float64).fill_nan(None),
        }
    ).with_columns(
        pl.lit(definition).alias("definition"),
        pl.lit(VERSION).alias("version"),
        pl.lit(life.cycles if observed else None, pl.Int64).alias("life_cycles"),
        (remaining if observed else pl.lit(None, pl.Int64)).alias("rul_cycles"),
        pl.lit(life.censoring).alias("censoring"),
        pl.lit(end).alias("end_of_life"),
    )
