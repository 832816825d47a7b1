"""Days to 80 % of the jars of a string, drawn together.

Of one jar nobody can tell whether its capacity will bend or fall in a line; which of the two it is belongs to
the make, so the jars of a string share it. Each draw has one form for all jars, as often as what all of them
showed speaks for it. Within the form each jar has an end of its own.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtri

from battery_assets.features.health.wear_out import ENDS_AT, LONGEST_DAYS

Z_95 = 1.96  # deviations from the middle to the ends of the 95 % interval of a life
# How far a jar's life goes with its health: both come from one rate, and the day of 80 % from the knee too.
LIFE_WITH_HEALTH = 0.7
# Of a string of whose jars nothing is told: a jar of 10 years somewhere in its life.
UNKNOWN_LIFE_DAYS = (365.0, 1826.0, 3652.0)
# Jars of a string err together (one instrument, one temperature): so much counts of what each says.
# Found on sites of trial in three worlds (decision 144).
COUNTS = 0.3


@dataclass(frozen=True)
class Ends:
    """Days to 80 % (D, J) of D draws of J jars, and whether capacity falls in a line (D,)."""

    days: np.ndarray
    straight: np.ndarray

    def of(self, rows: np.ndarray | slice) -> "Ends":
        """Some of the draws."""
        return Ends(self.days[rows], self.straight[rows])


@dataclass(frozen=True)
class Lives:
    """Lower end, median, upper end of days to 80 % (3, J) of a string's jars, and their age in days (J,).

    by_course (J, 1 + 2 Q): `wear_out.ends_by_course`, which goes before where it is known. NaN is not known:
    such a jar lives as the string's median.
    """

    days: np.ndarray
    age_days: np.ndarray
    by_course: np.ndarray | None = None

    def drawn(self, luck: np.ndarray, rng: np.random.Generator) -> Ends:
        """Ends of draws (D, J) whose health stands at `luck`."""
        own = LIFE_WITH_HEALTH * luck
        own = own + np.sqrt(1.0 - LIFE_WITH_HEALTH**2) * rng.standard_normal(luck.shape)
        if self.by_course is None or not np.isfinite(self.by_course).all(axis=1).any():
            return Ends(self._by_interval(own), np.zeros(len(luck), dtype=bool))
        stated = np.isfinite(self.by_course).all(axis=1)
        rows = np.where(stated[:, None], self.by_course, np.median(self.by_course[stated], axis=0))
        share = expit(COUNTS * rows[stated, 0].sum())
        straight = (rng.permutation(len(luck)) + 0.5) / len(luck) < share
        bends, in_a_line = np.split(np.log1p(rows[:, 1:]), 2, axis=1)
        z = ndtri(np.array(ENDS_AT))
        days = np.empty(luck.shape)
        for jar in range(luck.shape[1]):
            for form, ends in ((~straight, bends[jar]), (straight, in_a_line[jar])):
                days[form, jar] = np.expm1(np.interp(own[form, jar], z, ends))
        return Ends(days, straight)

    def _by_interval(self, own: np.ndarray) -> np.ndarray:
        """Days (D, J) that stand at `own` deviations of each jar's interval."""
        middles = np.isfinite(self.days).any(axis=1)
        usual = np.array([np.nanmedian(row) if has else UNKNOWN_LIFE_DAYS[k]
                          for k, (row, has) in enumerate(zip(self.days, middles, strict=True))])  # fmt: skip
        days = np.where(np.isfinite(self.days), self.days, usual[:, None])
        low, middle, high = np.log1p(days)
        sd = np.where(own < 0, middle - low, high - middle) / Z_95
        return np.expm1(np.clip(middle + own * sd, 0.0, np.log1p(4.0 * LONGEST_DAYS)))
