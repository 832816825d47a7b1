"""What the generator knows and no raw table tells: for people, tests, benchmarks; never for models."""

from datetime import datetime

import numpy as np
import polars as pl

from battery_assets.physics.ageing import MECHANISMS, PROFILES
from battery_assets.synthetic.calendar import DAY_S, day_date, instant, month_days, month_index, start_day
from battery_assets.synthetic.condition import condition
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.lives import NEVER, SUDDEN_NAMES, SWITCH_S, in_service, lives
from battery_assets.synthetic.site import HORIZON_YEARS, SyntheticSite

QUARTER_DAYS = 91


def truth(site: SyntheticSite, month: str, now: datetime | None = None) -> pl.DataFrame:
    """True state at the end of a month, or at its replacement, of every jar that served in the month; at
    today's midnight where it has not ended `now`.

    Columns battery_id, known_at, profile, mechanism, soh_pct, resistance_ratio, failure_date (80 % capacity
    or sudden failure, may lie ahead; null beyond the horizon).
    """
    site.first_day(month)
    begin, end = month_days(month_index(month))
    until = end if now is None else min(end, now.timestamp() / DAY_S)
    switch, jars = SWITCH_S / DAY_S, lives(site)
    rows = np.flatnonzero((jars.installed + switch < until) & (jars.replaced >= begin))
    swapped = jars.replaced[rows] + switch
    today = np.maximum(np.floor(until), jars.installed[rows] + switch)
    installed = np.where(swapped < until, swapped, today)
    soh, ratio = np.empty(rows.size), np.empty(rows.size)
    for when in np.unique(installed):
        own = installed == when
        state = condition(site, rows[own], float(when))
        soh[own], ratio[own] = state.soh, state.resistance_ratio
    failed = jars.end_day[rows]
    causes = zip(jars.sudden[rows], jars.mechanism[rows], strict=True)
    return pl.DataFrame({
        "battery_id": [battery_ids(site)[n] for n in rows],
        "known_at": [instant(when * DAY_S) for when in installed],
        "profile": [PROFILES[n].name for n in jars.profile[rows]],
        "mechanism": [SUDDEN_NAMES[s] or MECHANISMS[m].name for s, m in causes],
        "soh_pct": 100 * soh, "resistance_ratio": ratio,
        "failure_date": [day_date(int(d)) if d < NEVER else None for d in failed],
    }, schema_overrides={"failure_date": pl.Date, "known_at": pl.Datetime("us", "UTC")})  # fmt: skip


def health_over_life(site: SyntheticSite) -> pl.DataFrame:
    """True state of health of the jars in service, each quarter of the site's life: day, profile, soh_pct."""
    jars, first = lives(site), start_day(site)
    frames = []
    for day in range(first, first + int(HORIZON_YEARS * 365.25) - 1, QUARTER_DAYS):
        rows = in_service(site, day, after_switch=True)
        frames.append(pl.DataFrame({
            "day": [day_date(day)] * rows.size,
            "profile": [PROFILES[n].name for n in jars.profile[rows]],
            "soh_pct": 100 * condition(site, rows, float(day)).soh,
        }))  # fmt: skip
    return pl.concat(frames)
