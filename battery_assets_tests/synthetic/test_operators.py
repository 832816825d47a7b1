"""People find jars by tests, rounds, alarms and loads: late, not all of them, and now and then the wrong one."""

from functools import cache

import numpy as np
import polars as pl
import pytest

from battery_assets.synthetic.calendar import DAY_S, start_day
from battery_assets.synthetic.condition import condition
from battery_assets.synthetic.lives import STRAP, Lives, in_service, lives
from battery_assets.synthetic.master import master
from battery_assets.synthetic.operators import BY_ALARM, BY_LOAD, BY_ROUND, BY_TEST, NEVER
from battery_assets.synthetic.schedule import grid_starts_s
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.synthetic.transactions import transactions
from battery_assets.synthetic.truth import truth
from battery_assets.synthetic.worlds import SULFATION


def site_of(seed: int) -> SyntheticSite:
    return SyntheticSite.from_config("alpha", {"place": "phuket", "seed": seed, "strings": 36})


@cache
def left_alone() -> list[Lives]:
    """Jars of eight sites that left in the site's time, not with their string."""
    found = []
    for seed in range(8):
        jars, first = lives(site_of(seed)), start_day(site_of(seed))
        own = ~jars.renewed & (jars.replaced < NEVER) & (jars.installed > first) & (jars.end_day < NEVER)
        found.append(jars.take(np.flatnonzero(own & (jars.replaced < first + 14 * 365))))
    return found


def worn_lag() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Days from a jar's true end to its leaving, by what it was found, and its mechanism; sudden ones out."""
    parts = [(j.replaced - j.end_day, j.found_by, j.mechanism, j.sudden) for j in left_alone()]
    lag, by, mechanism, sudden = (np.concatenate(part) for part in zip(*parts, strict=True))
    return lag[sudden == 0], by[sudden == 0], mechanism[sudden == 0]


def test_a_worn_jar_leaves_months_after_its_true_end_and_never_by_the_day_on_which_it_crosses_it():
    lag, _, _ = worn_lag()
    late = lag[lag > 0]
    assert late.size > 300
    assert 45 < np.median(late) < 240
    assert np.percentile(late, 90) - np.percentile(late, 10) > 120


def test_sound_jars_are_replaced_too():
    lag, by, _ = worn_lag()
    early = lag < -180
    assert 0.02 < early.mean() < 0.35
    assert (by[early] == BY_ROUND).mean() > 0.9, "by a reading or a mistake, seldom by a test"


def test_tests_rounds_and_loads_each_find_some():
    _, by, _ = worn_lag()
    shares = np.bincount(by, minlength=5) / by.size
    assert shares[BY_TEST] > 0.1
    assert shares[BY_ROUND] > 0.3
    assert 0.0 < shares[BY_LOAD] < 0.2


def test_what_resistance_does_not_show_is_found_later():
    lag, by, mechanism = worn_lag()
    sulfated, late = mechanism == SULFATION, lag > 0
    assert np.median(lag[sulfated & late]) > np.median(lag[~sulfated & late])
    assert (by[sulfated & late] == BY_ROUND).mean() < 0.3


def test_some_failed_jars_stay_in_service_unfound():
    below = []
    for seed in range(8):
        site = site_of(seed)
        for years in (2, 6, 10):
            day = start_day(site) + 365 * years
            below += (
                condition(site, in_service(site, day, after_switch=True), float(day)).soh < 0.8
            ).tolist()
    assert 0.004 < np.mean(below) < 0.04


def test_a_cracked_strap_that_no_alarm_named_is_found_when_the_grid_fails():
    found, named = 0, 0
    for seed, jars in enumerate(left_alone()):
        straps = jars.take(np.flatnonzero((jars.sudden == STRAP) & (jars.end_day == jars.sudden_day)))
        loads = grid_starts_s(site_of(seed)) / DAY_S
        named += int((straps.found_by == BY_ALARM).sum())
        for opened, left in zip(*(getattr(straps.take(np.flatnonzero(straps.found_by == BY_LOAD)), k)
                                  for k in ("opens_day", "replaced")), strict=True):  # fmt: skip
            load = loads[np.searchsorted(loads, opened)]
            assert 4 <= left - load <= 26
            found += 1
    assert found > 10
    assert named > found


def test_truth_and_master_data_keep_both_dates():
    both = []
    for seed in range(3):
        site = site_of(seed)
        for month in ("2026-03", "2027-07"):
            gone = master(site, month)["battery"].filter(pl.col("status") == "replaced")
            both.append(
                truth(site, month).join(gone, on="battery_id").select("failure_date", "replaced_date")
            )
    dates = pl.concat(both).drop_nulls()
    assert dates.height > 5
    assert (dates["failure_date"] != dates["replaced_date"]).all()


@pytest.mark.parametrize("month", ["2026-03", "2027-07"])
def test_the_file_of_a_visit_tells_what_people_saw(month):
    rows = pl.concat([transactions(site_of(seed), month)["maintenance_event"] for seed in range(3)])
    causes = set(rows.filter(pl.col("event_type") == "replacement")["event_subtype"])
    assert causes <= {"low_capacity", "high_resistance", "failed_under_load", "shorted_cell", "thermal_runaway",
                      "string_renewal"}  # fmt: skip
    assert "high_resistance" in causes
