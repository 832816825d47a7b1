"""Failures as an instrument would see them: open straps, shorts, sulfated and fresh jars."""

from functools import cache

import numpy as np
import pytest

from battery_assets.physics import ageing
from battery_assets.physics.float_charge import SETTLING_YEARS, spread
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.synthetic.calendar import DAY_S, day_date, month_of_day, start_day
from battery_assets.synthetic.condition import FRESH_SHIFT, condition
from battery_assets.synthetic.discharges import charge_excess_v, run
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import PARTIAL, STRAP, in_service, lives
from battery_assets.synthetic.schedule import month_events
from battery_assets.synthetic.signals.electrical_day import electrical_day
from battery_assets.synthetic.signals.telemetry import jar_day, string_day
from battery_assets.synthetic.site import SyntheticSite

YEARS = 12


@cache
def site_of(seed: int, strings: int = 9) -> SyntheticSite:
    return SyntheticSite.from_config(
        "alpha", {"place": "phuket", "seed": seed, "interval_s": 60, "strings": strings}
    )


@cache
def opened_under_load():
    """A site, a jar whose strap has cracked through, and the first load of its string after that."""
    for seed in range(20):
        site = site_of(seed)
        jars, first = lives(site), start_day(site)
        wanted = (
            (jars.sudden == STRAP) & (jars.opens_day > first + 40) & (jars.opens_day < first + YEARS * 365)
        )
        for row in np.flatnonzero(wanted & (jars.opens_day + 2 < jars.replaced)):
            string = int(jars.position[row]) // 24
            for event in month_events(site, month_of_day(int(jars.opens_day[row]))):
                day = event.start_s / DAY_S
                inside = jars.opens_day[row] <= day and day + 1 < jars.replaced[row]
                if event.string == string and event.kind in ("transfer", "self_test") and inside:
                    return site, int(row), event
    raise AssertionError("no strap opens under load in any of the sites")


def test_a_cracking_strap_shows_in_resistance_and_not_on_float():
    site, row, _ = opened_under_load()
    jars = lives(site)
    rows = np.array([row])
    before = condition(site, rows, float(jars.sudden_day[row]) - 0.01)
    after = condition(site, rows, float(jars.opens_day[row]))
    assert 2.0 <= after.resistance_ratio[0] / before.resistance_ratio[0] <= 51.0
    assert after.float_shift == pytest.approx(before.float_shift, abs=0.02)
    assert after.soh == pytest.approx(before.soh, abs=0.02)


def test_a_string_with_an_open_strap_carries_no_current_and_the_others_carry_its_share():
    site, row, event = opened_under_load()
    own = run(site, event)
    system = layout(site).system(event.string)
    assert (own.load.current_a == 0).all()
    beside = next(s for s in system.strings if s != event.string)
    loaded = next(
        e for e in month_events(site, month_of_day(int(event.start_s // DAY_S)))
        if e.kind == event.kind and e.string == beside and abs(e.start_s - event.start_s) < 1
    )  # fmt: skip
    drawn = -run(site, loaded).load.current_a[-1] * run(site, loaded).load.jar_v[:, -1].mean()
    if system.kind == "UPS":
        share = len(system.strings) / (len(system.strings) - 1)
        assert drawn == pytest.approx(loaded.watts * share, rel=0.02)
    place = int(lives(site).position[row]) % 24
    sound = np.delete(own.load.jar_v, place, axis=0)
    assert sound.min() > 12.6
    # What the bus leaves for it: reversed, as the sound jars stand above their share of the loaded bus.
    assert own.load.jar_v[place].max() < 12.0
    assert own.load.jar_v[place, -1] == pytest.approx(
        run(site, loaded).load.jar_v[:, -1].sum() - sound[:, -1].sum(), abs=0.5
    )


def test_after_it_opened_the_string_rests_until_the_jar_is_replaced():
    site, row, event = opened_under_load()
    day = int(event.start_s // DAY_S) + 1
    solved, place = electrical_day(site, day), int(lives(site).position[row])
    assert (solved.current_a[event.string] == 0).all()
    own = slice(event.string * 24, event.string * 24 + 24)
    sound = np.delete(solved.jar_v[own], place % 24, axis=0)
    assert sound[:, -720:].max() < 13.0
    assert sound.min() > 12.8
    assert solved.jar_v[own].sum(axis=0) == pytest.approx(solved.string_v[event.string], abs=1e-2)
    # Nearly 30 V across the open strap: out of the range of a jar's sensor, which is silent.
    assert solved.jar_v[place, -720:].min() > 18.0
    sent = jar_day(site, day_date(day))
    afternoon = sent.filter(sent["ts"].dt.hour() >= 12)["battery_id"].cast(str)
    assert battery_ids(site)[row] not in set(afternoon)
    rows = string_day(site, day_date(day))
    own_rows = rows.filter(rows["string_id"] == layout(site).string_ids[event.string])
    assert own_rows["current_a"].abs().max() < 0.65, "a Hall sensor's offset and its noise"


def test_a_partial_short_costs_its_part_of_a_cell():
    for seed in range(30):
        site = site_of(seed)
        jars, first = lives(site), start_day(site)
        wanted = (jars.sudden == PARTIAL) & (jars.sudden_day > first + 2) & (jars.sudden_day < first + 4000)
        if (wanted & (jars.replaced > jars.sudden_day + 4)).any():
            break
    row = int(np.flatnonzero(wanted & (jars.replaced > jars.sudden_day + 4))[0])
    before, after = (electrical_day(site, int(jars.sudden_day[row]) + k) for k in (-1, 2))
    change = np.median(after.jar_v[jars.position[row]]) - np.median(before.jar_v[jars.position[row]])
    assert change == pytest.approx(-jars.partial_v[row], abs=0.15)
    assert 0.3 <= jars.partial_v[row] <= 1.0


def test_a_sulfated_jar_is_high_on_charge_low_on_float_and_its_conductance_stays():
    sulfated = next(m for m in ageing.MECHANISMS if m.name == "sulfation")
    assert ageing.resistance_ratio(1.0, 0.375, sulfated.lead_exponent, sulfated.rise) < 1.05
    for seed in range(60):
        site = site_of(seed)
        for event in (e for m in range(4) for e in month_events(site, month_of_day(start_day(site)) + m)):
            if event.kind == "capacity_test":
                excess = charge_excess_v(site, event, layout(site).system(event.string).charge_a)
                if excess.max() > 0.3:
                    break
        else:
            continue
        break
    jar = int(excess.argmax())
    happened = run(site, event)
    assert happened.deviation_v[jar] > np.median(happened.deviation_v) + 0.1
    rows = in_service(site, int(event.start_s // DAY_S), after_switch=True).reshape(site.strings, -1)
    state = condition(site, rows[event.string], event.start_s / DAY_S)
    assert state.sulfation[jar] > 0.5
    # A higher ln i at the same voltage is a lower voltage at the string's one current.
    row = rows[event.string][jar]
    years = (event.start_s / DAY_S - lives(site).installed[row]) / 365.25
    made = lives(site).spread[row] * spread(years) + FRESH_SHIFT * np.exp(-years / SETTLING_YEARS)
    assert state.float_shift[jar] > made + 0.1
    own = slice(event.string * 24, event.string * 24 + 24)
    floating = np.median(electrical_day(site, int(event.start_s // DAY_S) - 3).jar_v[own], axis=1)
    lower = (state.float_shift[jar] - np.median(state.float_shift)) * 6 / HX12_120.tafel_per_v
    assert floating[jar] == pytest.approx(np.median(floating) - lower, abs=0.05)


def test_new_jars_float_above_an_old_string_and_settle_over_months():
    above, later = [], []
    for seed in range(6):
        site = site_of(seed)
        jars, first = lives(site), start_day(site)
        alone = (jars.installed > first) & (jars.installed < first + 4000) & (jars.generation > 0)
        for row in np.flatnonzero(alone & (jars.replaced > jars.installed + 250)):
            day = int(jars.installed[row]) + 1
            string = int(jars.position[row]) // 24
            rows = in_service(site, day, after_switch=True).reshape(site.strings, -1)[string]
            if (day - jars.installed[rows]).mean() < 3 * 365:
                continue
            for when, found in ((day, above), (day + 180, later)):
                shift = condition(site, rows, float(when)).float_shift
                found.append(-(shift[jars.position[row] % 24] - np.median(shift)) * 6 / 11)
    assert len(above) > 40
    assert 0.05 < np.mean(above) < 0.15
    assert np.std(later) < 0.7 * np.std(above)
    assert np.mean(later) < np.mean(above)
