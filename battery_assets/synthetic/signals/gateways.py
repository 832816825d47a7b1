"""What lies between sensor and data base: gateways that lose samples, send them again, keep time badly.

Rates are convention (SOURCES 8): 0.1-0.2 % single losses, bursts of 1 min to 6 h, 0.05 % sent twice, clocks
that drift by 0-5 s a day until NTP sets them right.
"""

from functools import lru_cache

import numpy as np

from battery_assets.physics.random_streams import stream
from battery_assets.synthetic.calendar import DAY_S, month_days, month_of_day
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.site import SyntheticSite

MISSING_JAR_ROWS, MISSING_STRING_ROWS = 0.002, 0.001
SENT_AGAIN = 0.0005
BURSTS_PER_YEAR = 4.0
DRIFT_S_PER_DAY = (0.3, 5.0)
WORST_OFFSET_S = 2.0
TICK_S = 0.1  # gateways stamp to the tenth of a second


def _bursts(site: SyntheticSite, day: int, second: np.ndarray) -> np.ndarray:
    """Samples (systems, n) that a gateway lost: 1 min to 6 h, a few times a year."""
    lost = np.zeros((len(layout(site).systems), second.size), dtype=bool)
    for month in {month_of_day(day - 1), month_of_day(day)}:
        first, following = month_days(month)
        for number, row in enumerate(lost):
            rng = stream(site.seed, site.site, "gateway", number, month)
            for _ in range(rng.poisson(BURSTS_PER_YEAR / 12)):
                start = rng.uniform(first, following) * DAY_S
                row |= (second >= start) & (
                    second < start + min(max(600 * rng.lognormal(0, 1.2), 60), 6 * 3600)
                )
    return lost


def times_sent(
    site: SyntheticSite, kind: str, day: int, system_of_unit: np.ndarray, second: np.ndarray, rate: float
) -> np.ndarray:
    """How often each sample (units, n) arrived: 1, 0 where it was lost, 2 where it was sent again."""
    sent = (~_bursts(site, day, second)[system_of_unit]).astype(np.uint8)
    flat = sent.reshape(-1)
    rng = stream(site.seed, site.site, "lost", kind, day)
    flat[rng.integers(0, flat.size, rng.binomial(flat.size, rate))] = 0
    flat[rng.integers(0, flat.size, rng.binomial(flat.size, SENT_AGAIN))] *= 2
    np.minimum(flat, 2, out=flat)
    return sent


@lru_cache(maxsize=64)
def _clocks(site: SyntheticSite, kind: str, gateways: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Drift (s/day), offset (s) at which NTP steps the clock back, and phase (days) of each gateway."""
    rng = stream(site.seed, site.site, "clocks", kind)
    worst = min(WORST_OFFSET_S, site.interval_s) - TICK_S
    drift = rng.uniform(*DRIFT_S_PER_DAY, gateways)
    step = rng.uniform(0.3, 1.0, gateways) * worst
    return drift, step, rng.uniform(0, 100, gateways)


def clock_ticks(site: SyntheticSite, kind: str, gateways: int, day: int, samples: int) -> np.ndarray:
    """How far (tenths of a second) each gateway's clock (gateways, n) is ahead: a saw of drift and NTP steps.

    Below two seconds and below the sampling interval, so that a sample keeps its order and its UTC day.
    """
    drift, step, phase = (values[:, None] for values in _clocks(site, kind, gateways))
    at = day + np.arange(samples) / samples
    ahead = ((at + phase) * drift) % step
    return (ahead / TICK_S).astype(np.uint8)
