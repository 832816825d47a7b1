"""The worlds that a synthetic site can lie in: laws and shares of its jars, one recipe each.

The estimator has a prior of its own. A site in the matched world is as that prior expects; in each other
world one thing is different, by as much as the field shows or an expert would not wonder at. The truth of a
site is the truth of its world.
"""

from dataclasses import dataclass, replace

import numpy as np

from battery_assets.physics import ageing
from battery_assets.physics.parameters.another_agm_120ah import ANOTHER_AGM
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120, Vrla12V120Ah

SIX = 6
SEEN_AT = 0.60  # of rated: such a jar drags its string down at every load
SULFATION = [m.name for m in ageing.MECHANISMS].index("sulfation")
CORROSION, DRY_OUT = 0, 1
# How much further than corroded jars those of the other mechanisms lie apart, convention: resistance and
# capacity go different ways in them (SOURCES 3.2).
APART = np.array([1.0, 1.3, 1.3])


@dataclass(frozen=True)
class World:
    """A recipe. `shares`: healthy, accelerated, failing among new jars. `rate`: times the profiles' rates.

    `doubling_k`: kelvin that halve a life. `knee`: whether the decline bends, or is a straight line.
    `rise`: times the profiles' rise of resistance. `scatter`: standard deviation of ln R between corroded
    jars of the same wear at 80 % (5-10 %, SOURCES 3.4). `sulfated`: share of all jars that sulfate, at a
    resistance that does not rise; None: as the mechanisms' shares say. `acceptance_sd`: of the acceptance
    test. `stays_years`: how long a jar below 80 % stays in service after it would have been replaced, if it
    does not fall to 60 % before. `product`: what the jars are.
    """

    name: str
    differs: str
    shares: tuple[float, float, float] = (0.85, 0.12, 0.03)
    rate: float = 1.0
    doubling_k: float = ageing.DOUBLING_K
    knee: bool = True
    rise: float = 1.0
    scatter: float = 0.075
    sulfated: float | None = None
    acceptance_sd: float = 0.01
    stays_years: float = 0.0
    product: Vrla12V120Ah = HX12_120
    model: str = "HX12-120"

    def __hash__(self) -> int:
        """Hash by name: a site is looked up in caches at every turn."""
        return hash(self.name)

    @property
    def six_cells(self) -> float:
        """Share of a jar of six cells that a block of this world is."""
        return self.product.cells / SIX

    def years(self, temperature_c) -> np.ndarray:
        """Years of ageing per calendar year at a temperature (C)."""
        return ageing.ageing_factor(temperature_c, self.doubling_k)

    def health(self, tau_years, rate, initial) -> np.ndarray:
        """Capacity as a share of rated after `tau_years` equivalent years at 25 C; at least 0.05."""
        if self.knee:
            return ageing.state_of_health(tau_years, rate, initial)
        tau = np.maximum(np.asarray(tau_years, dtype=float), 0.0)
        gained = 1 + ageing.FORMATION_GAIN * (1 - np.exp(-tau / ageing.FORMATION_YEARS))
        return np.maximum(initial * gained - rate * tau, 0.05)

    def years_to_end(self, rate, initial) -> np.ndarray:
        """Equivalent years at 25 C until the state of health is 80 % (formation taken as complete)."""
        if self.knee:
            return ageing.years_to_end(rate, initial)
        return np.maximum(initial * (1 + ageing.FORMATION_GAIN) - ageing.END_OF_LIFE, 0.0) / rate

    def stays(self, rate, initial) -> np.ndarray:
        """Years for which a jar at its end stays: until 60 %, where anyone sees it, `stays_years` at most."""
        life = self.years_to_end(rate, initial)
        part = np.linspace(0.0, 1.0, 51)
        weak = self.health((life[:, None] * (1 + part)), rate[:, None], initial[:, None]) < SEEN_AT
        until = np.where(weak.any(axis=1), part[weak.argmax(axis=1)], 1.0) * life
        return np.minimum(until, self.stays_years)

    def profile(self, uniform: np.ndarray) -> np.ndarray:
        """Profile (its place in PROFILES) of new jars, from uniform numbers."""
        return np.searchsorted(np.cumsum(self.shares)[:-1], uniform, side="right")

    def mechanism(self, uniform: np.ndarray, profile: np.ndarray) -> np.ndarray:
        """What wears jars out (its place in MECHANISMS), from uniform numbers; healthy jars corrode."""
        shares = np.array([m.share for m in ageing.MECHANISMS])
        if self.sulfated is None:
            drawn = np.searchsorted(np.cumsum(shares)[:-1], uniform, side="right")
            return np.where(profile == 0, CORROSION, drawn)
        rest = (uniform - self.sulfated) / (1 - self.sulfated)
        corroded = rest < shares[CORROSION] / (shares[CORROSION] + shares[DRY_OUT])
        others = np.where((profile == 0) | corroded, CORROSION, DRY_OUT)
        return np.where(uniform < self.sulfated, SULFATION, others)

    def resistance(self, worn, profile, mechanism, own) -> np.ndarray:
        """Resistance relative to new; `own` is where a jar stands among jars of its wear, in deviations."""
        at_end = np.array([p.rise_at_end for p in ageing.PROFILES])[profile] * self.rise
        lead = np.array([m.lead_exponent for m in ageing.MECHANISMS])[mechanism]
        rise = np.array([m.rise for m in ageing.MECHANISMS])[mechanism]
        if self.sulfated is not None:
            rise = np.where(mechanism == SULFATION, 0.0, rise)
        apart = np.exp(self.scatter * APART[mechanism] * own * np.minimum(worn, 1.0))
        return ageing.resistance_ratio(worn, at_end, lead, rise) * apart


def _blocks(cells: int) -> Vrla12V120Ah:
    """The same cells in another number; what belongs to a whole jar shrinks with it."""
    share = cells / SIX
    of_jar = ("ohmic_mohm", "fast_mohm", "ocv_v_per_k", "heat_capacity_j_k", "cooling_w_k")
    return replace(HX12_120, cells=cells, **{name: getattr(HX12_120, name) * share for name in of_jar})


MATCHED = World("matched", "nothing: jars are as the estimator's prior expects")
WORLDS = {
    world.name: world
    for world in (
        MATCHED,
        World("mix_60_30_10", "60 % healthy, 30 % accelerated, 10 % failing", shares=(0.60, 0.30, 0.10)),
        World("rates_x1.5", "every jar ages 1.5 times as fast", rate=1.5),
        World("life_halves_per_8k", "life halves per 8 K instead of 10", doubling_k=8.0),
        World("no_knee", "health falls in a straight line", knee=False),
        World("half_the_rise", "resistance rises half as much", rise=0.5),
        World("scatter_20", "resistance of equally worn jars differs by 20 %", scatter=0.20),
        World("half_sulfation", "half of all jars sulfate, at constant resistance", sulfated=0.5),
        World("acceptance_5", "the acceptance test is known to 5 % instead of 1", acceptance_sd=0.05),
        World("weak_jars_stay", "jars below 80 % stay for five more years", stays_years=5.0),
        World(
            "another_maker",
            "another maker's rest voltage, float law and data sheet",
            product=ANOTHER_AGM,
            model="AN12-120",
        ),
        World("blocks_6v", "blocks of three cells", product=_blocks(3), model="HX6-120"),
        World("blocks_2v", "blocks of one cell", product=_blocks(1), model="HX2-120"),
    )
}
