"""Outages: mostly seconds until the generator carries the load; now and then minutes, or all that there is."""

from functools import cache

import numpy as np

from battery_assets.synthetic.calendar import month_index
from battery_assets.synthetic.discharges import run
from battery_assets.synthetic.schedule import month_events
from battery_assets.synthetic.site import PLACES, SyntheticSite


@cache
def outages() -> list[tuple[SyntheticSite, object]]:
    """The outages of the first string of 36 sites over ten years."""
    found = []
    for number, place in enumerate([*PLACES] * 4):
        site = SyntheticSite.from_config(f"o{number}", {"place": place, "seed": number, "strings": 3})
        months = range(month_index("2024-01"), month_index("2034-01"))
        found += [(site, e) for m in months for e in month_events(site, m)
                  if e.kind == "outage" and e.string == 0]  # fmt: skip
    return found


def test_outages_come_a_few_times_a_year_and_mostly_last_until_the_generator_starts():
    lasts = np.array([event.duration_s for _, event in outages()])
    assert 1.0 < lasts.size / 360 < 5.0
    assert 0.90 < np.mean(lasts <= 30) < 0.98
    assert 0.02 < np.mean((lasts > 60) & (lasts <= 300)) < 0.07
    assert 0.002 < np.mean(lasts > 300) < 0.025


def test_where_the_generator_fails_the_battery_carries_minutes_down_to_its_end():
    deep = [(site, event) for site, event in outages() if event.duration_s > 600][:6]
    assert len(deep) >= 2
    ended = [run(site, event).load for site, event in deep]
    assert any(load.reason == "string" for load in ended)
    minutes = np.array([load.time_s[-1] / 60 for load in ended])
    assert minutes.min() > 5
    assert max(load.removed_ah for load in ended) > 40


def test_generators_differ_in_how_well_they_are_kept():
    minutes = {}
    for site, event in outages():
        minutes.setdefault(site.site, []).append(event.duration_s > 60)
    shares = np.array([np.mean(late) for late in minutes.values() if len(late) >= 15])
    assert shares.min() == 0.0
    assert shares.max() > 0.10
