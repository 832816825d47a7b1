"""What the test of a whole string says of each of its jars.

A test is stopped before a jar reverses (IEEE 1188), or where the string's sum is at its end. Either way every
jar gave what was drawn, down to 1.60 V per cell: that bounds all of them from below. Where the string's end
voltage is none of those that tests are planned for, one jar has ended it: the weakest gave just that.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from battery_assets.features.samples.rated_capacity import END_V_PER_CELL, REFERENCE_AH, rated_ah_at

JAR_END_V, USUAL_END_V = 1.60, 1.80  # V per cell: of the weakest jar; of a test that does not say
PLANNED_V, PLANNED_WITHIN_V = (1.60, 1.65, 1.67, 1.70, 1.75, 1.80, 1.85, 1.90), 0.0025
CREDIBLE_V = 1.5, 2.0  # no lead-acid cell is taken to other ends
CURRENTS_A = np.geomspace(6.2, 400.0, 40)
# What a worn jar lacks of a rate's capacity, over what it lacks of C10, down to 1.60 V per cell and to the
# rate's own end; by the hours of the test [CALC: the jar model, resistance up by 40 % at 80 %].
TEST_HOURS = (0.25, 1.0, 3.0, 5.0, 10.0)
LACKS_MORE, LACKS_ALONE = (1.27, 1.03, 1.07, 1.06, 1.0), (1.7, 1.12, 1.10, 1.08, 1.0)
# Of the rating; a jar's own spread about its health at a rate, the sheet and the clock (SOURCES 6).
JAR_SD, ALONE_SD = 0.03, 0.025
UNWATCHED = 0.02  # chance that a jar fell further while nobody looked
# How likely the sum ended a test, in densities of a jar's end: at a planned voltage, and at any other; where
# the mean of the jars ends, as well as that is known.
BY_SUM, BY_SUM_ELSEWHERE, MEAN_SD = 3.0, 0.3, 0.06
LEAST = 1e-100  # far below the odds of any test: one that nobody expected still speaks


@dataclass(frozen=True)
class StringTest:
    """Tests of J jars, NaN where there is none. share (J,): Ah to the end, 1 is the rating down to the
    voltage at which the string ended; drawn (J,): the same down to 1.60 V per cell (of a jar alone as share);
    planned (J,): the string ended where tests are planned to; years (J,) ago, hours (J,) of a new string."""

    share: np.ndarray
    drawn: np.ndarray
    planned: np.ndarray
    years: np.ndarray
    hours: np.ndarray


def drawn_to_jar_end(share: np.ndarray, hours: np.ndarray, end_v_cell: np.ndarray) -> np.ndarray:
    """What a test drew, 1 is the rating of its current down to 1.60 V per cell.

    share: of the rating at its own end voltage (V per cell), hours: of a new string there. NaN or incredible
    voltages count as 1.80, unknown hours as 10.
    """
    end = np.where((end_v_cell >= CREDIBLE_V[0]) & (end_v_cell <= CREDIBLE_V[1]), end_v_cell, USUAL_END_V)
    row = np.interp(end, END_V_PER_CELL, np.arange(END_V_PER_CELL.size, dtype=float))
    low = np.minimum(row.astype(np.int64), END_V_PER_CELL.size - 2)
    upper = (row - low)[:, None]
    sheet = _sheet_ah()
    ah = (1.0 - upper) * sheet[low] + upper * sheet[low + 1]
    lasts = np.log(ah / CURRENTS_A)  # falls with the current
    goal = np.log(np.nan_to_num(hours, nan=10.0))[:, None]
    place = np.clip((lasts > goal).sum(1), 1, CURRENTS_A.size - 1)
    rows = np.arange(len(place))
    before, after = lasts[rows, place - 1], lasts[rows, place]
    part = np.clip((before - goal[:, 0]) / (before - after), 0.0, 1.0)
    more = ah / sheet[np.searchsorted(END_V_PER_CELL, JAR_END_V)]
    return share * ((1.0 - part) * more[rows, place - 1] + part * more[rows, place])


@lru_cache(maxsize=1)
def _sheet_ah() -> np.ndarray:
    return np.array([[rated_ah_at(a, REFERENCE_AH, v) for a in CURRENTS_A] for v in END_V_PER_CELL])


def is_planned(end_v_cell: np.ndarray) -> np.ndarray:
    """Whether a string ended where tests are planned to end; an unknown voltage is taken for planned."""
    off = np.abs(np.asarray(PLANNED_V)[:, None] - np.nan_to_num(end_v_cell, nan=USUAL_END_V)).min(0)
    return (off < PLANNED_WITHIN_V) | ~np.isfinite(end_v_cell)


def by_string_test(
    then: np.ndarray, weight: np.ndarray, test: StringTest, string: np.ndarray, complete: np.ndarray
) -> np.ndarray:
    """ln likelihood (J, P) of the string's test.

    then (J, P): capacity at the time; weight (J, P): of each possible jar by all other evidence. That it was
    jar j that ended the test has the odds of j ending there and all others later; then it is j's capacity,
    otherwise j has more. Where a jar came in since, the weakest has most likely gone.
    """
    discharged = np.isfinite(test.drawn)
    alone = (np.bincount(string)[string] == 1)[:, None]
    hours = np.log(np.nan_to_num(test.hours, nan=10.0))[:, None]
    more = np.where(alone, *(np.interp(hours, np.log(TEST_HOURS), by) for by in (LACKS_ALONE, LACKS_MORE)))
    sd = np.where(alone, ALONE_SD, JAR_SD)
    at_rate = 1.0 - more * (1.0 - then)
    off = (np.nan_to_num(test.drawn, nan=1.0)[:, None] - at_rate) / sd
    ends = np.exp(-0.5 * off**2) / (np.sqrt(2 * np.pi) * sd)
    later = UNWATCHED + (1.0 - UNWATCHED) * ndtr(-off)
    odds = np.where(discharged, (weight * ends).sum(1) / (weight * later).sum(1) + LEAST, 0.0)
    total = np.bincount(string, odds)[string]
    # One that has gone may have ended anywhere in half a rating, and likelier than those that stayed.
    total = total + np.where(complete, 0.0, np.maximum(9.0 * total, 1.0 / 0.5))
    mean = np.bincount(string, (weight * at_rate).sum(1))[string] / np.bincount(string)[string]
    at_mean = np.exp(-0.5 * ((np.nan_to_num(test.share, nan=1.0) - mean) / MEAN_SD) ** 2)
    by_sum = at_mean * np.where(test.planned, BY_SUM, BY_SUM_ELSEWHERE) * ~alone[:, 0]
    # Exactly: P(test | j's capacity) is j's end, and otherwise j later and the end of another or of the sum.
    likely = ends + later * (total - odds + by_sum)[:, None]
    return np.where(discharged[:, None], np.log(likely + LEAST), 0.0)
