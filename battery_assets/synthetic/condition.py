"""What a jar is like at a moment: health, resistance, float current, cells still working."""

from dataclasses import dataclass

import numpy as np

from battery_assets.physics import ageing, float_charge
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import SHORT, STRAP, lives
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.synthetic.weather import ageing_clock, first_day

STRAP_OPENS_DAYS = 3.0  # a weld fails within days (Cellwatch)


@dataclass(frozen=True)
class Condition:
    """Per jar: SOH (1 = rated), resistance relative to new and in mohm at 25 C, shift of ln i, cells, K
    warmer.
    """

    soh: np.ndarray
    resistance_ratio: np.ndarray
    resistance_mohm: np.ndarray
    float_shift: np.ndarray
    cells: np.ndarray
    warmer_k: np.ndarray


def condition(site: SyntheticSite, rows: np.ndarray, when: float) -> Condition:
    """True condition of jars (rows of `lives`) at a day number with its fraction."""
    jars = lives(site).take(rows)
    system = layout(site).system_of_string[jars.position // site.jars_per_string]
    tau = (_clock(site, system, when) - _clock(site, system, jars.installed)) * ageing.ageing_factor(
        25 + jars.warmer_k
    )
    soh = ageing.state_of_health(tau, jars.rate, jars.initial)
    worn = ageing.wear(soh, jars.initial)
    by = {name: np.array([getattr(m, name) for m in ageing.MECHANISMS])[jars.mechanism] for name in
          ("lead_exponent", "rise", "float_current", "warmer_k")}  # fmt: skip
    rise = np.array([p.rise_at_end for p in ageing.PROFILES])[jars.profile]
    ratio = ageing.resistance_ratio(worn, rise, by["lead_exponent"], by["rise"])
    failed = np.where(jars.sudden > 0, when - jars.sudden_day, -1.0)
    opened = np.clip(failed / STRAP_OPENS_DAYS, 0.0, 1.0) * (jars.sudden == STRAP)
    shorted = (jars.sudden == SHORT) & (failed >= 0)
    ratio = ratio * (1 + (jars.strap_factor - 1) * opened) * np.where(shorted, 0.87, 1.0)
    settled = float_charge.spread(np.maximum(when - jars.installed, 0) / 365.25)
    shift = jars.spread * settled + np.log(ageing.float_current_ratio(worn, by["float_current"]))
    return Condition(
        soh * np.where(shorted, 5 / 6, 1.0), ratio, ratio * jars.base_mohm, shift,
        np.where(shorted, 5.0, 6.0), jars.warmer_k + by["warmer_k"] * worn,
    )  # fmt: skip


def _clock(site: SyntheticSite, system: np.ndarray, when: np.ndarray | float) -> np.ndarray:
    track = ageing_clock(site)
    at = np.broadcast_to(np.asarray(when, dtype=float) - first_day(site), system.shape)
    day = np.clip(at.astype(int), 0, track.shape[1] - 2)
    return track[system, day] + (at - day) * (track[system, day + 1] - track[system, day])
