"""Leaving float and rising above it: coup de fouet, equalize and boost as a recorder shows them."""

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


@pytest.mark.parametrize("amps", [12.0, 30.5, 60.0])
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
