"""Synthetic systems with and without a fault of their rectifier."""

from dataclasses import replace
from functools import cache

from battery_assets.synthetic.calendar import DAY_S, day_date, month_of_day
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.rectifier_faults import (
    faults,
    supply,
)
from battery_assets.synthetic.site import SyntheticSite

SITE = SyntheticSite.from_config("bangrak", {"place": "bangrak", "seed": 1, "interval_s": 60, "strings": 3})


STORMY = replace(SITE, place="surat-thani", seed=8)


@cache
def with_fault(kind: str, pulses: int = 6):
    """A site, system and fault of a kind, early in a site's life, whose first string has so many pulses."""
    for seed in range(60):
        site = replace(SITE, seed=seed)
        for system in layout(site).systems:
            if supply(site, system).bridge.pulses != pulses:
                continue
            for fault in faults(site)[system.number]:
                month = month_of_day(int(fault.begin_s // DAY_S))
                if fault.kind == kind and fault.begin_s > 19_800 * DAY_S and month < 2035 * 12:
                    return site, system, fault
    raise LookupError(kind)


def month_name(when_s: float) -> str:
    return f"{day_date(int(when_s // DAY_S)):%Y-%m}"
