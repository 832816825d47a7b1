"""When a string will no longer carry its load, and which jar to change first: wear read forward.

Each draw of a jar wears on from its health of today to 80 % on the day that its remaining life says, and on
beyond, along the course with its knee (SOURCES 3.3); resistance rises with it. A draw of the string is lost
at the day on which its minutes fall below those required. Sudden failures are not in it: their probability is
told jar by jar elsewhere, and nobody can say which jar they will meet.
"""

from dataclasses import dataclass, replace

import numpy as np

from battery_assets.features.ride_through.draws import JarDraws, JarStates
from battery_assets.features.ride_through.lives import Ends, Lives
from battery_assets.features.ride_through.riding import Load, ride_draws
from battery_assets.physics import ageing
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

HORIZONS_DAYS = np.array([0.0, 91, 182, 365, 548, 730, 1096, 1826, 3652])
LAST_DAY, DRAWS_AHEAD, DRAWS_RENEWED = float(HORIZONS_DAYS[-1]), 40, 20
# Rise of resistance at 80 %: between the profiles' +32 and +50 % (SOURCES 3.4).
RISE_AT_END = 0.45
YEAR_DAYS = 365.25
# A jar of 10 years: share of its way to 80 % and health there, without the formation of its first months.
COURSE = np.linspace(0.05, 2.5, 246)
COURSE_SOH = ageing.state_of_health(COURSE * ageing.years_to_end(0.02), 0.02)
STEEPEST = 3.0


@dataclass(frozen=True)
class Ahead:
    """Of D draws of a string: the day on which the load is lost (inf where not within HORIZONS_DAYS), and the
    jar that was lowest then, or last."""

    lost_days: np.ndarray
    lowest: np.ndarray

    def quantiles(self, *shares: float) -> np.ndarray:
        """Quantiles of the day; inf where they lie beyond."""
        return np.quantile(self.lost_days, shares, method="inverted_cdf")

    def by(self, days: float) -> float:
        """P(lost within so many days)."""
        return (np.count_nonzero(self.lost_days <= days) + 0.5) / (self.lost_days.size + 1.0)


def worn_on(drawn: JarDraws, ends: Ends, age_days: np.ndarray, days: float) -> JarDraws:
    """The draws after so many days more, full again, as if nobody changed a jar.

    age_days (J,): of the jars.
    """
    now, end, best = drawn.soh, ageing.END_OF_LIFE, ageing.MEAN_INITIAL * (1 + ageing.FORMATION_GAIN)
    soh = np.where(ends.straight[:, None], _in_a_line(now, ends.days, age_days, days),
                   _with_a_knee(now, ends.days, age_days, days))  # fmt: skip
    soh = np.clip(np.minimum(soh, now), 0.1, None)
    worn = [np.clip((best - health) / (best - end), 0.0, 3.0) for health in (now, soh)]
    rise = (1.0 + RISE_AT_END * worn[1]) / (1.0 + RISE_AT_END * worn[0])
    return replace(drawn, soc=np.maximum(drawn.soc, 0.98), soh=soh, mohm=drawn.mohm * rise)


def _in_a_line(now: np.ndarray, life_days: np.ndarray, age_days: np.ndarray, days: float) -> np.ndarray:
    """Health (D, J) in some days: it goes on as it fell so far, and through 80 % on its day."""
    best, end = ageing.MEAN_INITIAL * (1 + ageing.FORMATION_GAIN), ageing.END_OF_LIFE
    so_far = np.maximum(best - now, 0.0) / np.maximum(np.nan_to_num(age_days, nan=5 * YEAR_DAYS), YEAR_DAYS)
    goes_on = (life_days > 0.0) & (now > end)
    return now - np.where(goes_on, (now - end) / np.maximum(life_days, 1.0), so_far) * days


def _with_a_knee(now: np.ndarray, life_days: np.ndarray, age_days: np.ndarray, days: float) -> np.ndarray:
    """Health (D, J) in some days along COURSE."""
    by_health = np.interp(-now, -COURSE_SOH, COURSE)
    age = np.where(np.isfinite(age_days), np.maximum(age_days, 1.0), np.nan)
    by_age = age / (age + life_days)
    ended = life_days <= 0.0
    place = np.where(np.isfinite(by_age) & ~ended, np.maximum(by_age, COURSE[0]), by_health)
    place = np.where(ended, np.maximum(by_health, 1.0), np.minimum(place, 0.999))
    left = np.maximum(1.0 - place, 1e-3)
    whole = np.where(ended, np.nan_to_num(age, nan=5 * YEAR_DAYS) / place, life_days / left)
    here, there = (np.interp(at, COURSE, COURSE_SOH) for at in (place, place + days / whole))
    end = ageing.END_OF_LIFE
    # The course is stretched so that it goes through today's health and through 80 % on its day.
    stretch = np.clip((now - end) / np.where(np.abs(here - end) > 0.005, here - end, np.inf), 0.3, STEEPEST)
    return np.where(ended, now + there - here, end + stretch * (there - end))


def look_ahead(
    states: JarStates, lives: Lives, drawn: JarDraws, ends: Ends, load: Load,
    required_min: np.ndarray,
) -> Ahead:  # fmt: skip
    """When each draw no longer carries a load for its required minutes (D,), the calibration's error in them.

    The day lies between two of HORIZONS_DAYS, where the minutes would be just enough.
    """
    count = len(drawn.soh)
    lost, lowest, before = np.full(count, np.inf), np.zeros(count, np.int64), np.full(count, np.inf)
    still = np.arange(count)
    for k, days in enumerate(HORIZONS_DAYS):
        worn = worn_on(_of(drawn, still), ends.of(still), lives.age_days, float(days))
        ran = ride_draws(states, load, worn)
        short = ran.minutes < required_min[still]
        lowest[still] = ran.lowest
        if k == 0:
            lost[still[short]] = 0.0
        else:
            fell = before[still] - ran.minutes
            over = before[still] - required_min[still]
            share = np.clip(over / np.maximum(fell, 1e-9), 0.0, 1.0)
            since = HORIZONS_DAYS[k - 1]
            lost[still[short]] = since + share[short] * (days - since)
        before[still] = ran.minutes
        still = still[~short]
        if not still.size:
            break
    return Ahead(lost, lowest)


def first_draws(drawn: JarDraws, count: int) -> JarDraws:
    """The first of the draws."""
    return _of(drawn, np.arange(min(count, len(drawn.soh))))


def _of(drawn: JarDraws, rows: np.ndarray) -> JarDraws:
    parts = {name: getattr(drawn, name)[rows] for name in ("soc", "soh", "mohm", "temperature_c", "luck")}
    return replace(drawn, made=drawn.made[:, rows], **parts)


def with_new(states: JarStates, drawn: JarDraws, ends: Ends, jar: int) -> tuple[JarDraws, Ends]:
    """The draws, and their ends, with a new jar in one place: a healthy one, of the product's mean."""
    mohm = HX12_120.ohmic_mohm * HX12_120.rated_ah / float(np.median(states.rated_ah))
    values = {"soc": 1.0, "soh": ageing.MEAN_INITIAL, "mohm": mohm}
    changed = {name: getattr(drawn, name).copy() for name in values}
    for name, value in values.items():
        changed[name][:, jar] = value
    made, lives = drawn.made.copy(), ends.days.copy()
    made[:, :, jar] = 0.0
    lives[:, jar] = YEAR_DAYS * float(ageing.years_to_end(0.02))
    return replace(drawn, made=made, **changed), replace(ends, days=lives)
