"""What the generator knows and no table tells: for tests and benchmarks only, never for models."""

import numpy as np
import polars as pl

from battery_assets.physics.ageing import MECHANISMS, PROFILES
from battery_assets.synthetic.calendar import day_date, month_days, month_index
from battery_assets.synthetic.condition import condition
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.lives import NEVER, SUDDEN_NAMES, lives
from battery_assets.synthetic.site import SyntheticSite


def truth(site: SyntheticSite, month: str) -> pl.DataFrame:
    """True state at the end of a month, or at its replacement, of every jar that served in the month.

    Columns battery_id, profile, soh_pct, resistance_ratio, failure_date (80 % capacity or sudden failure, may
    lie ahead; null beyond the horizon), mechanism.
    """
    site.first_day(month)
    begin, end = month_days(month_index(month))
    jars = lives(site)
    rows = np.flatnonzero((jars.installed < end) & (jars.replaced >= begin))
    leaving = jars.replaced[rows] < end
    soh, ratio = np.empty(rows.size), np.empty(rows.size)
    for when in np.unique(np.where(leaving, jars.replaced[rows], end)):
        own = np.where(leaving, jars.replaced[rows], end) == when
        state = condition(site, rows[own], float(when))
        soh[own], ratio[own] = state.soh, state.resistance_ratio
    failed = jars.end_day[rows]
    sudden = jars.sudden[rows]
    return pl.DataFrame({
        "battery_id": [battery_ids(site)[n] for n in rows],
        "profile": [PROFILES[n].name for n in jars.profile[rows]],
        "soh_pct": 100 * soh, "resistance_ratio": ratio,
        "failure_date": [day_date(int(d)) if d < NEVER else None for d in failed],
        "mechanism": [SUDDEN_NAMES[s] or MECHANISMS[m].name for s, m in zip(sudden, jars.mechanism[rows],
        strict=True)],
    }, schema_overrides={"failure_date": pl.Date})  # fmt: skip
