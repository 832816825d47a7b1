"""Leaving float and rising above it: coup de fouet, equalize and boost as a recorder shows them."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from battery_assets.synthetic.calendar import DAY_S, month_index
from battery_assets.synthetic.discharges import run
from battery_assets.synthetic.schedule import Event, capacity_test, month_events
from battery_assets.synthetic.signals.electrical_day import electrical_day
from battery_assets.synthetic.site import SyntheticSite

SITE = SyntheticSite.from_config("alpha", {"place": "phuket", "seed": 5, "interval_s": 60, "strings": 6})


@cache
def dips(amps: float) -> np.ndarray:
    """How far (V) each jar's trough lies under the plateau that follows, at a load from full."""
    found = []
    for string in range(SITE.strings):
        test = capacity_test(SITE, string, month_index("2024-06"))
        load = run(SITE, Event("capacity_test", string, test.start_s, 900.0, 2e5, amps=amps)).load
        if load.removed_ah <= 0:
            continue
        trough = load.jar_v[:, (load.time_s > 20) & (load.time_s < 90)].min(axis=1)
        found.append(load.jar_v[:, (load.time_s > 100) & (load.time_s < 600)].max(axis=1) - trough)
    return np.concatenate(found)


@pytest.mark.parametrize("amps", [12.0, 30.5, 60.0, 90.0, 120.0])
def test_a_jar_from_float_dips_by_sixty_to_a_hundred_and_fifty_millivolts(amps):
    net = dips(amps)
    assert 0.07 < np.median(net) < 0.13
    assert np.percentile(net, 5) > 0.045
    assert np.percentile(net, 95) < 0.165


def test_the_dip_is_lowest_within_the_first_minute_and_over_within_ten():
    test = capacity_test(SITE, 0, month_index("2024-06"))
    load = run(SITE, Event("capacity_test", 0, test.start_s, 1800.0, 2e5, amps=12.0)).load
    mean = load.jar_v.mean(axis=0)
    early = (load.time_s > 15) & (load.time_s < 200)
    assert 30 < load.time_s[early][mean[early].argmin()] < 75
    later = (load.time_s > 600) & (load.time_s < 1800)
    assert (np.diff(mean[later]) < 0).all()


@cache
def outage(lasts_s: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Seconds since the mains failed, mean jar (V) at 5 s as its monitor samples it, and the load (A).

    One of the site's UPS strings, on an hour on which nothing else happens to it.
    """
    site = replace(SITE, interval_s=5)
    months = range(month_index("2024-01"), month_index("2034-01"))
    event = next(
        e for m in months for e in month_events(site, m)
        if e.kind == "outage" and e.watts > 0 and abs(e.duration_s - lasts_s) < 0.4 * lasts_s
        and 3600 < e.start_s % DAY_S < 80_000 and run(site, e).load.removed_ah > 0
    )  # fmt: skip
    solved = electrical_day(site, int(event.start_s // DAY_S))
    own = slice(event.string * 24, event.string * 24 + 24)
    since = solved.second - event.start_s
    inside = (since > -60) & (since < event.duration_s)
    volts = solved.jar_v[own][:, inside].mean(axis=0)
    return since[inside], volts, -float(solved.current_a[event.string, inside].min())


def test_an_outage_of_minutes_at_five_seconds_shows_a_dip_and_a_plateau_at_a_ups_load():
    since, volts, amps = outage(200.0)
    assert amps > 60, "more than C/2, where a jar's own voltage falls by as much as the dip comes back"
    trough = (since > 20) & (since < 90)
    back = volts[(since >= 90) & (since < 600)].max() - volts[trough].min()
    assert 0.05 < back < 0.17
    assert 35 < since[trough][volts[trough].argmin()] < 70


def test_a_generator_that_takes_over_within_half_a_minute_leaves_no_time_for_a_trough():
    since, volts, _ = outage(20.0)
    loaded = volts[since > 0]
    assert (np.diff(loaded) < 0.01).all(), "the voltage only falls until the charger returns"


def test_a_load_under_a_tenth_of_the_rating_shows_no_dip():
    assert dips(6.0).max() < 0.01


@cache
def equalized() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Seconds since an equalize charge began, current (A) and voltage a jar (V) of its string, two days."""
    months = range(month_index("2024-01"), month_index("2034-01"))
    event = next(e for m in months for e in month_events(SITE, m) if e.kind == "equalize")
    day = int(event.start_s // DAY_S)
    two = [electrical_day(SITE, day), electrical_day(SITE, day + 1)]
    since = np.concatenate([solved.second for solved in two]) - event.start_s
    amps, volts = (np.concatenate([getattr(solved, name)[event.string] for solved in two])
                   for name in ("current_a", "string_v"))  # fmt: skip
    return since, amps, volts / SITE.jars_per_string


def test_an_equalize_charge_takes_amperes_for_an_hour():
    since, amps, volts = equalized()
    assert 2.5 < amps[(since > 0) & (since < 900)].max() < 8.0
    assert 0.3 < amps[np.abs(since - 3600).argmin()] < 3.0
    assert amps[np.abs(since - 8 * 3600).argmin()] < 0.3
    taken_ah = amps[(since > 0) & (since < 12 * 3600)].sum() / 60
    assert 0.008 < taken_ah / 120 < 0.035
    assert volts[np.abs(since - 1800).argmin()] == pytest.approx(14.4, abs=0.15)


def test_a_string_that_comes_down_from_equalizing_takes_no_current_at_first():
    since, amps, _ = equalized()
    before = np.median(amps[(since > 9 * 3600) & (since < 12 * 3600 - 60)])
    assert amps[(since > 12 * 3600) & (since < 12 * 3600 + 180)].max() < 0.25 * before
    assert amps[np.abs(since - 15 * 3600).argmin()] > 0.010


def test_the_end_of_equalizing_is_a_gap_in_the_current_for_half_an_hour():
    since, amps, volts = equalized()
    ends, float_a = 12 * 3600, np.median(amps[since < -600])
    gap = (since > ends) & (since < ends + 1800)
    assert (amps[gap] == 0).all(), "the charger gives nothing to a string that stands above it"
    assert volts[gap].min() > volts[since < -600].mean() + 0.01
    assert amps[np.abs(since - ends - 2 * 3600).argmin()] == pytest.approx(float_a, rel=0.25)
