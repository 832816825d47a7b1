"""Rooms and jars as warm bodies: cooling acts before the air, heat comes from somewhere, runaway runs away."""

from functools import cache

import numpy as np
import polars as pl
import pytest

from battery_assets.physics.float_heat import float_temperatures, hours_to_run_away
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.physics.thermal import dew_point_c
from battery_assets.synthetic.calendar import DAY_S, day_date, month_index, start_day
from battery_assets.synthetic.lives import RUNAWAY, lives
from battery_assets.synthetic.overcharge import overcharges
from battery_assets.synthetic.schedule import month_events
from battery_assets.synthetic.signals.electrical_day import electrical_day
from battery_assets.synthetic.signals.rooms import jar_day, room_day
from battery_assets.synthetic.signals.telemetry import environment_day, string_day
from battery_assets.synthetic.signals.weather import BURN_IN_DAYS, outdoor_c, room_daily_c, rooms
from battery_assets.synthetic.site import PLACES, SyntheticSite

SITE = SyntheticSite.from_config("alpha", {"place": "chiangmai", "seed": 4, "interval_s": 60, "strings": 3})


def a_trip(longer_than_s: float):
    """Room and (start, end) of a cooling trip that begins by day and is alone on its day."""
    for number, room in enumerate(rooms(SITE)):
        for start, end in room.trips_s[np.argsort(room.trips_s[:, 0])]:
            fits = start % DAY_S > 4 * 3600 and end % DAY_S < 20 * 3600 and start // DAY_S == end // DAY_S
            alone = not any(b * DAY_S < end and e * DAY_S > start for b, e, _, _ in room.warm_spells)
            if start > (start_day(SITE) + 5) * DAY_S and end - start > longer_than_s and fits and alone:
                return number, start, end
    raise AssertionError("no such trip")


def sensor_rows(number: int, day: int) -> pl.DataFrame:
    rows = environment_day(SITE, day_date(day)).unique().sort("sensor_id", "ts")
    from battery_assets.synthetic.layout import layout

    own = layout(SITE).sensor_ids[2 * number]
    return rows.filter(pl.col("sensor_id") == own).with_columns(s=pl.col("ts").dt.epoch("s"))


def test_hvac_status_leads_the_temperature():
    number, start, end = a_trip(5400)
    rows = sensor_rows(number, int(start // DAY_S))
    at, air = rows["s"].to_numpy(), rows["temperature_c"].to_numpy()
    fault = (rows["hvac_status"] == "fault").to_numpy()
    calm = air[(at > start - 7200) & (at < start)]
    first_fault = at[fault & (at > start - 120)][0]
    warm = at[(at > start - 3600) & (air > calm.max() + 0.5)]
    assert first_fault <= start + 120
    assert 180 < warm[0] - first_fault < 3600
    # It is hottest when the fault ends, and cools from then on.
    hottest = at[(at > start) & (at < end + 7200)][air[(at > start) & (at < end + 7200)].argmax()]
    assert abs(hottest - end) < 900
    assert set(rows["hvac_status"].to_numpy()[(at > end + 120) & (at < end + 900)]) == {"running"}


def test_the_saw_tooth_is_the_cooling_that_runs_and_pauses():
    number, start, _ = a_trip(1800)
    rows = sensor_rows(number, int(start // DAY_S) - 1)
    running = (rows["hvac_status"] == "running").to_numpy()
    change = np.diff(rows["temperature_c"].to_numpy())
    assert change[running[:-1]].mean() < 0 < change[~running[:-1]].mean()
    assert {"running", "standby"} <= set(rows["hvac_status"])


def test_a_room_without_cooling_settles_six_to_twelve_kelvin_above_the_outdoors():
    assert all(6 <= room.own_heat_k <= 12 for room in rooms(SITE))
    number, start, end = a_trip(7200)
    room, day = rooms(SITE)[number], int(start // DAY_S)
    air = room_day(SITE, day).air_c[number]
    begin, over = int(start % DAY_S // 60) + 1, int(end % DAY_S // 60)
    first_hour = air[begin + 60] - air[begin]
    assert 1.0 < first_hour < 8.0
    outdoors = outdoor_c(SITE)[day - (start_day(SITE) - 30 * 365)] + 8
    assert air[over] < outdoors + room.own_heat_k


def test_an_outage_stops_the_cooling_until_the_generator_carries_it():
    site = SyntheticSite.from_config(
        "alpha", {"place": "khon-kaen", "seed": 3, "interval_s": 60, "strings": 3}
    )
    outage = next(
        e for m in range(month_index("2024-01"), month_index("2028-01")) for e in month_events(site, m)
        if e.kind == "outage" and 4 * 3600 < e.start_s % DAY_S < 20 * 3600
    )  # fmt: skip
    day, minute = int(outage.start_s // DAY_S), int(outage.start_s % DAY_S // 60)
    hvac = room_day(site, day)
    off = ~hvac.running[:, minute : minute + 3] & ~hvac.fault[:, minute : minute + 3]
    assert (off | hvac.fault[:, minute : minute + 3]).all()


def test_humidity_follows_the_dew_point():
    for day in (start_day(SITE) + 40, start_day(SITE) + 200):
        hvac = room_day(SITE, day)
        assert (hvac.dew_c <= hvac.air_c + 1e-9).all()
        rows = environment_day(SITE, day_date(day)).unique()
        dew = dew_point_c(rows["temperature_c"].to_numpy(), rows["humidity_pct"].to_numpy())
        assert np.abs(dew - np.median(dew)).max() < 2.5
        assert 35 < rows["humidity_pct"].mean() < 75
    # A room that warms by some kelvin grows drier by its gauge, and its dew point hardly moves.
    number, start, _ = a_trip(5400)
    rows = sensor_rows(number, int(start // DAY_S))
    air, damp = rows["temperature_c"].to_numpy(), rows["humidity_pct"].to_numpy()
    assert np.ptp(air) > 3
    assert np.corrcoef(air, damp)[0, 1] < -0.8
    dew = dew_point_c(air, damp)
    assert np.abs(dew - np.median(dew)).max() < 5.0


def test_a_jar_is_a_little_warmer_than_its_air_by_its_float_current():
    around = np.full((1, 3 * 1440 + 1), 25.0)
    plain = (np.zeros((24, 3)), np.full((24, 3), 6.0), np.zeros(24), np.ones((24, 3)))
    quiet = (np.zeros_like(around), np.full(around.shape, np.nan), np.ones_like(around))
    jar_c, cut, stopped = float_temperatures(around, *quiet, *plain, first=3 * 1440)
    assert cut[0] == -1
    assert (stopped == -1).all()
    assert 0.15 < jar_c[:, -1].mean() - 25.0 < 0.35
    worn = (np.full((24, 3), np.log(4.0)), *plain[1:])
    warmer, _, _ = float_temperatures(around, *quiet, *worn, first=3 * 1440)
    assert warmer[:, -1].mean() - 25 == pytest.approx(4 * (jar_c[:, -1].mean() - 25), rel=0.15)


@pytest.mark.parametrize("cooling_w_k", [0.3, 0.6])
def test_the_equation_obeys_the_stability_criterion(cooling_w_k):
    """Stable up to a float current of G/(0.06 V e) at the temperature of the air, and no further."""
    volts = 6 * 2.37
    limit = cooling_w_k / (HX12_120.tafel_per_k * volts * np.e)
    for share, runs_away in ((0.9, False), (1.25, True)):
        reference = HX12_120.tafel_a_per_ah * 120 * np.exp(HX12_120.tafel_per_v * (2.37 - 2.23))
        shift = np.full((24, 90), np.log(share * limit / reference))
        around = np.full((1, 90 * 1440), 25.0)
        blocked = np.full(around.shape, cooling_w_k / HX12_120.cooling_w_k)
        jar_c, cut, _ = float_temperatures(
            around, np.zeros_like(around), np.full(around.shape, 0.10), blocked, shift,
            np.full((24, 90), 6.0), np.zeros(24), np.ones((24, 90)), first=0,
        )  # fmt: skip
        assert (cut[0] >= 0) == runs_away
        assert np.isfinite(hours_to_run_away(share * limit, volts, cooling_w_k)) == runs_away
        if not runs_away:
            # The last stable point: 1/0.06 = 16.7 K above the air.
            assert jar_c.max() - 25 < 1 / HX12_120.tafel_per_k


@cache
def runaway():
    """A site, the overcharge and the string of a thermal runaway somewhere in the fleet."""
    for number, place in enumerate([*PLACES] * 3):
        site = SyntheticSite.from_config(
            f"x{number}", {"place": place, "seed": 7 + number, "start": "2025-01", "interval_s": 300}
        )
        jars = lives(site)
        for end in np.unique(jars.end_day[jars.sudden == RUNAWAY]):
            spell = next(o for o in overcharges(site) if o.start_s <= end * DAY_S <= o.end_s)
            for day in range(int(end) - 2, int(end) + 3):
                if 200 < jar_day(site, day).cut[spell.string] < 1300:
                    return site, spell, day
    raise AssertionError("no string runs away in any of the sites")


def test_a_thermal_runaway_has_its_signature_and_ends_with_the_charger():
    site, spell, day = runaway()
    own = slice(spell.string * 24, spell.string * 24 + 24)
    cut = int(jar_day(site, day).cut[spell.string])
    jar_c = np.concatenate([jar_day(site, day + k).jar_c[own, :1440] for k in (-2, -1, 0)], axis=1)
    solved = [electrical_day(site, day + k) for k in (-2, -1, 0)]
    amps = np.concatenate([s.current_a[spell.string] for s in solved])
    volts = np.concatenate([s.string_v[spell.string] for s in solved])
    cut_at = 2 * 288 + cut // 5
    # Current doubles within hours at constant voltage, faster and faster.
    halved = np.flatnonzero(amps[:cut_at] < amps[cut_at - 1] / 2)[-1]
    third = np.flatnonzero(amps[:cut_at] < amps[cut_at - 1] / 3)[-1]
    assert (cut_at - halved) / 12 < 10
    assert halved - third > (cut_at - halved) / 2
    assert np.ptp(volts[: cut_at - 1]) < 1.0
    assert amps[cut_at - 1] > 0.5
    # Temperature: above the manufacturer's 10 K, 0.5-3 K/h and accelerating.
    end = 2 * 1440 + cut
    air = room_day(site, day).air_c[spell.system, cut]
    assert jar_c[:, end - 1].mean() - air > 10
    slopes = [(jar_c[:, end - h * 60].mean() - jar_c[:, end - (h + 1) * 60].mean()) for h in (1, 4, 8)]
    assert slopes[0] > slopes[1] > slopes[2] > 0
    assert 0.5 < slopes[0] < 4.0
    # Then the charger is cut: no current, jars at rest and cooling.
    assert (np.abs(solved[2].current_a[spell.string, cut // 5 + 2 :]) < 1e-9).all()
    rows = string_day(site, day_date(day + 1))
    assert jar_day(site, day + 1).jar_c[own, -1].mean() < jar_c[:, end - 1].mean() - 5
    assert rows.height > 0
    jars = lives(site)
    gone = (jars.position // 24 == spell.string) & (jars.sudden == RUNAWAY) & (jars.replaced > day)
    assert gone.sum() == 24


def test_days_of_a_runaway_fit_at_midnight():
    site, spell, day = runaway()
    own = slice(spell.string * 24, spell.string * 24 + 24)
    for k in (-3, -1, 0, 1, 2, 6):
        today, tomorrow = jar_day(site, day + k), jar_day(site, day + k + 1)
        assert today.jar_c[own, -1] == pytest.approx(tomorrow.jar_c[own, 0], abs=0.01)


def test_a_charger_stops_at_fifty_degrees_and_charges_again_at_forty():
    """Ripple of a rectifier with an open diode: 18 W a jar, in a room that nobody cools."""
    minutes = 4 * 1440 + 1
    around, heat = np.full((1, minutes), 37.0), np.zeros((1, minutes))
    heat[0, 720 : 3 * 1440] = 18.0
    plain = (np.zeros((24, 4)), np.full((24, 4), 6.0), np.zeros(24), np.ones((24, 4)))
    for excess, senses in ((np.nan, True), (0.05, False)):
        held = np.full_like(around, excess)
        jar_c, _, stopped = float_temperatures(around, heat, held, np.ones_like(around), *plain, first=0)
        off, mean = np.flatnonzero(stopped[0] >= 0), jar_c.mean(axis=0)
        assert (off.size > 0) == senses
        if senses:
            assert mean[off[0]] >= 50.0 > mean[off[0] - 1]
            assert mean[off[-1] + 1] <= 40.0 < mean[off[-1]]
            assert off[-1] > 3 * 1440  # ripple goes on warming it, so it waits for the repair
            assert (np.diff(off) == 1).all()
            assert stopped[0, off] == pytest.approx(np.arange(off.size))


def test_a_string_whose_charger_stopped_for_heat_rests_until_it_is_cool():
    site = SyntheticSite.from_config(
        "r0", {"place": "chiangmai", "seed": 0, "start": "2025-01", "interval_s": 300}
    )
    day = start_day(site) + 121
    [string] = np.flatnonzero((jar_day(site, day).stopped_min >= 0).any(axis=1))
    cool = int(np.flatnonzero(jar_day(site, day).stopped_min[string] < 0)[0])
    solved = electrical_day(site, day)
    amps, per_jar = solved.current_a[string], solved.string_v[string] / site.jars_per_string
    assert 0 < cool < 1380
    assert (amps[: cool // 5] == 0).all()
    assert (amps[cool // 5 + 2 :] > 0).all()
    assert (per_jar[: cool // 5] < 13.1).all()
    assert (per_jar[cool // 5 + 2 :] > 13.3).all()
    # It went into the day so: the night before says the same of midnight.
    before = jar_day(site, day - 1).stopped_min
    assert before[:, -1] == pytest.approx(jar_day(site, day).stopped_min[:, 0])


@cache
def fleet_rooms():
    """Every room of 27 sites, with its daily means over a year."""
    found = []
    for number, place in enumerate([*PLACES] * 3):
        site = SyntheticSite.from_config(f"r{number}", {"place": place, "seed": number, "start": "2025-01"})
        year = room_daily_c(site)[:, BURN_IN_DAYS : BURN_IN_DAYS + 365]
        found += list(zip(rooms(site), year, strict=True))
    return found


def test_rooms_differ_between_sites_and_some_are_not_cooled():
    cooled = np.array([year.mean() for room, year in fleet_rooms() if room.strength > 0])
    bare = np.array([year.mean() for room, year in fleet_rooms() if room.strength == 0])
    assert 21.5 < cooled.min() < 23.5
    assert 27.0 < cooled.max() < 30.5
    assert 1 <= len(bare) <= 9
    assert bare.min() > cooled.max()
    assert bare.max() < 36


def test_a_room_follows_load_and_season_as_far_as_its_cooling_is_weak():
    cooled = [(room, year) for room, year in fleet_rooms() if room.strength > 0]
    strength = np.array([room.strength for room, _ in cooled])
    by_season = np.array([np.ptp([year[a : a + 30].mean() for a in range(0, 330, 30)]) for _, year in cooled])
    assert np.corrcoef(strength, by_season)[0, 1] < -0.1
    monday = (np.arange(365) + start_day(SITE) + 366 + 3) % 7
    weekly = np.array([year[monday < 5].mean() - year[monday >= 5].mean() for _, year in cooled])
    assert 0.02 < np.median(weekly) < 0.6


def test_a_failed_unit_warms_its_room_by_four_to_eight_kelvin_an_hour_at_first():
    rates = []
    for number, room in enumerate(rooms(SITE)):
        for start, _, _, kind in room.warm_spells:
            day, minute = int(start), int(start % 1 * 1440)
            if kind > 0 and start_day(SITE) + 5 < start < start_day(SITE) + 4000 and 200 < minute < 1300:
                air = room_day(SITE, day).air_c[number]
                rates.append((air[minute + 25] - air[minute + 5]) * 3)
    assert len(rates) >= 3
    assert 3.5 < np.median(rates) < 8.0
