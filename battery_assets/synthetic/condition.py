"""What a jar is like at a moment: health, resistance, float current, cells still working."""

from dataclasses import dataclass

import numpy as np

from battery_assets.physics import ageing, float_charge
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import PARTIAL, SHORT, STRAP, lives
from battery_assets.synthetic.signals.wear_clock import ageing_clock
from battery_assets.synthetic.signals.weather import first_day
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.synthetic.worlds import SULFATION

CELL_FLOAT_V = 2.27
FRESH_SHIFT = -0.12  # of ln i: a new jar recombines little and floats 0.1 V high for some months


@dataclass(frozen=True)
class Condition:
    """Per jar: SOH (1 = rated), resistance relative to new and in mohm at 25 C, shift of ln i, cells, K
    warmer, and whether its strap no longer holds a load.

    `cells` is all, one less with a shorted cell, in between with a partial short; `sulfation` is 0 (none) to
    about 1; `cooling` is the share of its cooling that a dried-out jar has left.
    """

    soh: np.ndarray
    resistance_ratio: np.ndarray
    resistance_mohm: np.ndarray
    float_shift: np.ndarray
    cells: np.ndarray
    warmer_k: np.ndarray
    sulfation: np.ndarray
    cooling: np.ndarray


def condition(
    site: SyntheticSite, rows: np.ndarray, when: float, *, by_wear_alone: bool = False
) -> Condition:
    """True condition of jars (rows of `lives`) at a day number with its fraction, even after they left.

    by_wear_alone: as if none ever failed at once.
    """
    jars, world = lives(site).take(rows), site.world
    system = layout(site).system_of_string[jars.position // site.jars_per_string]
    tau = (_clock(site, system, when) - _clock(site, system, jars.installed)) * world.years(
        25 + jars.warmer_k
    )
    soh = world.health(tau, jars.rate, jars.initial)
    worn = ageing.wear(soh, jars.initial)
    by = {name: np.array([getattr(m, name) for m in ageing.MECHANISMS])[jars.mechanism] for name in
          ("float_current", "heat_barrier")}  # fmt: skip
    ratio = world.resistance(worn, jars.profile, jars.mechanism, jars.own_ohmic)
    failed = np.where((jars.sudden > 0) & (not by_wear_alone), when - jars.sudden_day, -1.0)
    # A weld cracks within days (Cellwatch), a few per cent at first and then all at once.
    cracked = np.clip(failed / (jars.opens_day - jars.sudden_day), 0.0, 1.0) * (jars.sudden == STRAP)
    lost_v = np.where(
        jars.sudden == SHORT, CELL_FLOAT_V, np.where(jars.sudden == PARTIAL, jars.partial_v, 0.0)
    )
    lost = lost_v * (failed >= 0) / CELL_FLOAT_V
    ratio = ratio * jars.strap_factor**cracked * (1 - 0.13 * lost)
    years = np.maximum(when - jars.installed, 0) / 365.25
    fresh = FRESH_SHIFT * np.exp(-years / float_charge.SETTLING_YEARS)
    own, cells = jars.spread * float_charge.spread(years, site.product) + fresh, site.product.cells
    return Condition(
        soh * (cells - lost) / cells, ratio, ratio * jars.base_mohm,
        own + np.log(ageing.float_current_ratio(worn, by["float_current"])), cells - lost,
        jars.warmer_k, worn * (jars.mechanism == SULFATION), 1 / (1 + by["heat_barrier"] * worn),
    )  # fmt: skip


def _clock(site: SyntheticSite, system: np.ndarray, when: np.ndarray | float) -> np.ndarray:
    track = ageing_clock(site)
    at = np.broadcast_to(np.asarray(when, dtype=float) - first_day(site), system.shape)
    day = np.clip(at.astype(int), 0, track.shape[1] - 2)
    return track[system, day] + (at - day) * (track[system, day + 1] - track[system, day])
