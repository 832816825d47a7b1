"""The clock by which jars age: equivalent years at 25 C, as room, float current and ripple warm them."""

from functools import lru_cache

import numpy as np

from battery_assets.synthetic.calendar import DAY_S
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.rectifier_faults import faults
from battery_assets.synthetic.signals.weather import SELF_HEAT_K, SPAN_DAYS, first_day, room_daily_c
from battery_assets.synthetic.site import SyntheticSite


@lru_cache(maxsize=16)
def ripple_rise_k(site: SyntheticSite) -> np.ndarray:
    """How much (K) open diodes warm the jars of each system, daily means (systems, SPAN_DAYS)."""
    days = np.arange(SPAN_DAYS) + first_day(site)
    jar, rise = site.product, np.zeros((len(layout(site).systems), SPAN_DAYS))
    for system, system_faults in enumerate(faults(site)):
        for fault in system_faults:
            if fault.kind != "open_diode":
                continue
            watts = (fault.level * jar.rated_ah) ** 2 * jar.ohmic_mohm / 1000
            begin, end = fault.begin_s / DAY_S, fault.end_s / DAY_S
            shared = np.clip(np.minimum(days + 1, end) - np.maximum(days, begin), 0.0, 1.0)
            rise[system] += watts / jar.cooling_w_k * shared
    return rise


@lru_cache(maxsize=16)
def ageing_clock(site: SyntheticSite) -> np.ndarray:
    """Equivalent years at 25 C, (systems, SPAN_DAYS + 1), lived by each day by a jar at room temperature."""
    warm = room_daily_c(site) + SELF_HEAT_K + ripple_rise_k(site)
    yearly = site.world.years(warm) / 365.25
    return np.concatenate([np.zeros((len(yearly), 1)), np.cumsum(yearly, axis=1)], axis=1)
