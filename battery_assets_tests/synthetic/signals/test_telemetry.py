"""A day of telemetry: string physics, sensors, gaps, and the same bytes in any order."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.synthetic.calendar import DAY_S, day_date, day_number, month_days, month_index, start_day
from battery_assets.synthetic.discharges import LINK_OHM, run
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import NEVER, SHORT, SWITCH_S, lives
from battery_assets.synthetic.schedule import month_events
from battery_assets.synthetic.signals.electrical_day import electrical_day
from battery_assets.synthetic.signals.telemetry import environment_day, jar_day, string_day
from battery_assets.synthetic.signals.weather import first_day, rooms
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.tables.projections import polars_schema

SITE = SyntheticSite.from_config("alpha", {"place": "chiangmai", "seed": 4, "interval_s": 60, "strings": 3})
QUICK = SyntheticSite.from_config("alpha", {"place": "chiangmai", "seed": 4, "interval_s": 5, "strings": 3})
DAY = date(2024, 4, 17)


def events_of(site, kind, months=range(12)):
    first = month_index(site.start)
    return [e for m in months for e in month_events(site, first + m) if e.kind == kind]


@pytest.mark.parametrize(
    ("made", "table"),
    [
        (jar_day, t.telemetry_jar_raw),
        (string_day, t.telemetry_string_raw),
        (environment_day, t.telemetry_env),
    ],
)
def test_frames_have_the_reference_columns_sorted_by_unit_and_time(made, table):
    frame = made(SITE, DAY)
    assert frame.columns == list(polars_schema(table))
    unit = frame.columns[1]
    plain = frame.with_columns(pl.col(unit).cast(pl.String)).select(unit, "ts")
    assert plain.equals(plain.sort(unit, "ts"))
    # Rows may be sent again, and then they are the same row.
    copies = frame.height - frame.unique().height
    assert frame.height - plain.unique().height == copies
    assert copies < 0.002 * frame.height
    assert frame["ts"].dtype == pl.Datetime("us", "UTC")
    assert set(frame["ts"].dt.date()) == {DAY}


def test_the_same_day_gives_the_same_bytes_in_any_order():
    days = [DAY, DAY + timedelta(1), DAY + timedelta(40)]
    first = [jar_day(SITE, day) for day in days]
    electrical_day.cache_clear()
    again = [jar_day(SITE, day) for day in reversed(days)][::-1]
    assert all(a.equals(b) for a, b in zip(first, again, strict=True))


def test_jar_voltages_sum_to_the_string_voltage():
    # The day of a capacity test: 12 A or more through 24 links are 17 mV at least.
    tested = events_of(SITE, "capacity_test")[0]
    solved = electrical_day(SITE, int(tested.start_s // DAY_S))
    total = solved.jar_v.reshape(3, 24, -1).sum(axis=1, dtype=float)
    assert np.abs(solved.current_a[tested.string]).max() >= 12
    assert solved.string_v - total == pytest.approx(solved.current_a * 24 * LINK_OHM, abs=1e-3)


def test_measured_jars_sum_to_the_measured_string_within_sensor_errors():
    # Jar sensors: 0.1 % gain and 2 mV each, so 70 mV a string; string meter 0.05 %. Four sigma: 0.75 V.
    jars = jar_day(SITE, DAY).with_columns(pl.col("battery_id").cast(pl.String))
    place = dict(zip(battery_ids(SITE), lives(SITE).position // 24, strict=True))
    jars = jars.with_columns(pl.col("battery_id").replace_strict(place).alias("string"))
    # Each gateway has its own clock, less than two seconds ahead.
    jars = jars.unique().with_columns(pl.col("ts").dt.truncate("1m"))
    sums = jars.group_by("string", "ts").agg(pl.len(), pl.col("voltage_v").cast(pl.Float64).sum())
    numbers = {name: n for n, name in enumerate(layout(SITE).string_ids)}
    strings = (
        string_day(SITE, DAY)
        .unique()
        .with_columns(
            pl.col("string_id").replace_strict(numbers).alias("string"), pl.col("ts").dt.truncate("1m")
        )
    )
    both = sums.filter(pl.col("len") == 24).join(strings, on=["string", "ts"], suffix="_string")
    assert both.height > 3000
    assert (both["voltage_v"] - both["voltage_v_string"]).abs().max() < 0.75


def test_neighbouring_days_and_months_continue():
    for day in (DAY, date(2024, 4, 30)):
        today, tomorrow = (electrical_day(SITE, day_number(day) + k) for k in (0, 1))
        same = today.after == tomorrow.before
        assert same.all()
        assert today.jar_c[:, -1] == pytest.approx(tomorrow.jar_c[:, 0], abs=0.02)
        # One minute apart: charger wander only.
        assert today.jar_v[:, -1] == pytest.approx(tomorrow.jar_v[:, 0], abs=0.02)


def test_resistance_is_measured_once_a_day():
    jars = jar_day(SITE, DAY)
    assert jars["resistance_mohm"].is_not_null().sum() <= 72
    assert jars["resistance_mohm"].is_not_null().sum() >= 65
    read = jars.drop_nulls("resistance_mohm")
    assert read["battery_id"].n_unique() == read.height
    assert (read["conductance_s"] - 1000 / read["resistance_mohm"]).abs().max() < 1e-4
    assert read["resistance_mohm"].is_between(3, 40).all()


def test_some_samples_are_lost_and_leave_gaps():
    rows = sum(jar_day(SITE, DAY + timedelta(k)).height for k in range(5))
    assert 0.97 < rows / (5 * 72 * 1440) < 0.9995


def test_a_discharge_lowers_the_voltage_and_its_current_is_negative():
    event = events_of(QUICK, "self_test")[0]
    day = int(event.start_s // DAY_S)
    solved = electrical_day(QUICK, day)
    inside = (solved.second >= event.start_s) & (solved.second < event.start_s + event.duration_s)
    before = (solved.second < event.start_s) & (solved.second > event.start_s - 60)
    assert inside.sum() >= 2
    assert (solved.current_a[event.string, inside] < -50).all()
    assert solved.string_v[event.string, inside].max() < solved.string_v[event.string, before].min() - 10
    rows = string_day(QUICK, day_date(day)).filter(
        pl.col("string_id") == layout(QUICK).string_ids[event.string]
    )
    assert "discharge" in set(rows["mode"])


def test_a_capacity_test_its_rest_and_recharge_are_seen_at_coarse_sampling():
    coarse = SyntheticSite.from_config(
        "alpha", {"place": "chiangmai", "seed": 4, "interval_s": 900, "strings": 3}
    )
    event = events_of(coarse, "capacity_test")[0]
    day = day_date(int(event.start_s // DAY_S))
    rows = pl.concat([string_day(coarse, day + timedelta(k)) for k in (0, 1, 2)])
    rows = rows.filter(pl.col("string_id") == layout(coarse).string_ids[event.string])
    assert {"discharge", "idle", "boost", "float"} <= set(rows["mode"])
    drawn = rows.filter(pl.col("mode") == "discharge")["current_a"]
    assert drawn.mean() == pytest.approx(-event.amps, rel=0.03)
    assert drawn.len() == pytest.approx(run(coarse, event).load_s / 900, abs=2)
    assert rows["current_a"].max() == pytest.approx(layout(coarse).system(event.string).charge_a, rel=0.03)
    returned = rows.filter(pl.col("current_a") > 0.5)["current_a"].sum() * 0.25
    assert returned == pytest.approx(1.07 * run(coarse, event).load.removed_ah, rel=0.08)


def test_an_event_goes_on_after_midnight():
    tests = events_of(QUICK, "capacity_test", range(36))
    event = next(e for e in tests if run(QUICK, e).load.removed_ah > 100)
    happened = run(QUICK, event)
    midnight = (int(event.start_s // DAY_S) + 1) * DAY_S
    assert happened.charge_start_s + happened.recharge.duration_s > midnight
    today, tomorrow = (electrical_day(QUICK, midnight // DAY_S + k) for k in (-1, 0))
    assert today.current_a[event.string, -1] == pytest.approx(
        tomorrow.current_a[event.string, 0], rel=0.05, abs=0.05
    )
    assert today.jar_v[:, -1] == pytest.approx(tomorrow.jar_v[:, 0], abs=0.03)


def test_a_hot_room_lowers_the_float_voltage():
    room = rooms(SITE)[0]
    end = next(
        e for s, e in room.trips_s[np.argsort(room.trips_s[:, 0])]
        if s > (start_day(SITE) + 10) * DAY_S and e - s > 6000
    )  # fmt: skip
    day = int(end // DAY_S)
    solved = electrical_day(SITE, day)
    at = np.searchsorted(solved.second, end) - 1
    calm = electrical_day(SITE, day - 2)
    assert solved.jar_c[:48, at].mean() > calm.jar_c[:48, at].mean() + 0.5
    env = environment_day(SITE, day_date(day))
    assert "fault" in set(env["hvac_status"])
    assert env["temperature_c"].max() > 27


def test_a_replaced_jar_stops_and_the_new_one_starts():
    jars = lives(SITE)
    row = int(np.flatnonzero((jars.replaced < NEVER) & (jars.replaced > start_day(SITE) + 5))[0])
    new = int(np.flatnonzero(jars.previous == row)[0])
    day = day_date(int(jars.replaced[row]))
    frame = jar_day(SITE, day).with_columns(pl.col("battery_id").cast(pl.String))
    switch = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=SWITCH_S)
    ids = battery_ids(SITE)
    assert frame.filter(pl.col("battery_id") == ids[row])["ts"].max() < switch
    assert frame.filter(pl.col("battery_id") == ids[new])["ts"].min() >= switch
    assert ids[row] not in set(jar_day(SITE, day + timedelta(1))["battery_id"].cast(pl.String))
    assert ids[new] not in set(jar_day(SITE, day - timedelta(1))["battery_id"].cast(pl.String))


def test_a_shorted_cell_shows_two_volts_less_and_its_neighbours_more():
    for seed in range(40):
        site = SyntheticSite.from_config("alpha", {"place": "phuket", "seed": seed, "interval_s": 900})
        jars, first = lives(site), start_day(site)
        shorted = (jars.sudden == SHORT) & (jars.sudden_day > first + 2) & (jars.sudden_day < first + 4000)
        if shorted.any():
            break
    row = int(np.flatnonzero(shorted)[0])
    before, after = (electrical_day(site, int(jars.sudden_day[row]) + k) for k in (-1, 2))
    place = int(jars.position[row])
    neighbour = place + 1 if place % 24 < 23 else place - 1
    change = np.median(after.jar_v, axis=1) - np.median(before.jar_v, axis=1)
    assert change[place] == pytest.approx(-2.2, abs=0.15)
    assert change[neighbour] > 0.05


def test_a_month_stays_within_what_physics_allows():
    first, following = month_days(month_index("2024-04"))
    coarse = SyntheticSite.from_config(
        "alpha", {"place": "chiangmai", "seed": 4, "interval_s": 900, "strings": 3}
    )
    days = [jar_day(coarse, day_date(number)) for number in range(first, following)]
    month = pl.concat([day.drop("battery_id") for day in days])
    assert month["voltage_v"].is_between(8.0, 15.2).all()
    assert month["temperature_c"].is_between(15.0, 50.0).all()
    assert first_day(coarse) < first
