"""What is known of jars, and the courses that each of them may have taken to be here."""

from dataclasses import dataclass

import numpy as np

from battery_assets.features.health import prior
from battery_assets.features.health.prior import Possible
from battery_assets.features.health.string_test import StringTest
from battery_assets.physics import ageing


@dataclass(frozen=True)
class Evidence:
    """What is known of J jars; NaN where it is not. Years are before now, thermal years are at 25 °C.

    accepted, accepted_sd (J,): acceptance capacity, 1 is rated, and how far such tests are off. age_years,
    factor (J,): age, thermal years per year. ratio, ratio_years, readings (J, B): resistance against the
    baseline, median of a month or level of an earlier one, when, of how many readings. monitor (J, B): a
    monitor took them. test: of the jars' strings. string (J,): number of its string. complete (J,): no jar
    came into the string since the test. fitted, fitted_sd, fitted_years (J,): from a discharge. float_v (J,):
    V of six cells above the string's median jar, on float.
    """

    accepted: np.ndarray
    accepted_sd: np.ndarray
    age_years: np.ndarray
    factor: np.ndarray
    ratio: np.ndarray
    ratio_years: np.ndarray
    readings: np.ndarray
    monitor: np.ndarray
    test: StringTest
    string: np.ndarray
    complete: np.ndarray
    fitted: np.ndarray
    fitted_sd: np.ndarray
    fitted_years: np.ndarray
    float_v: np.ndarray


class Course:
    """The capacity (J, K) of every possible course some years ago (J,); what is unknown counts as now."""

    def __init__(self, kinds: Possible, evidence: Evidence) -> None:
        self.kinds, self.known = kinds, evidence
        self.initial = prior.initial_capacity(kinds, evidence.accepted, evidence.accepted_sd)

    def at(self, years_ago: np.ndarray) -> np.ndarray:
        years = np.maximum(self.known.age_years - np.nan_to_num(years_ago), 0.0)
        return prior.capacity((years * self.known.factor)[:, None], self.kinds, self.initial)

    def wear(self, soh: np.ndarray) -> np.ndarray:
        """Share of the way to the end."""
        return ageing.wear(soh, self.initial)

    def ratio(self, worn: np.ndarray) -> np.ndarray:
        """Resistance over that of the new jar (J, K, M) at a wear (J, K)."""
        leads, which = np.unique(self.kinds.lead, return_inverse=True)
        powers = np.stack([worn ** float(lead) for lead in leads], axis=-1)
        return 1.0 + powers[:, :, which] * self.kinds.rise.astype(worn.dtype)
