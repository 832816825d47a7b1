"""One seed, the same bytes: in any order, in a process of its own, any month alone, and months that fit."""

import hashlib
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from battery_assets.synthetic import schedule
from battery_assets.synthetic.calendar import DAY_S, day_number, month_index
from battery_assets.synthetic.condition import condition
from battery_assets.synthetic.events import captures, event_windows
from battery_assets.synthetic.master import master
from battery_assets.synthetic.schedule import Event, events_touching
from battery_assets.synthetic.signals.electrical_day import electrical_day
from battery_assets.synthetic.signals.rooms import jar_day as jar_temperatures
from battery_assets.synthetic.signals.rooms import room_day
from battery_assets.synthetic.signals.telemetry import environment_day, jar_day, string_day
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.synthetic.transactions import transactions
from battery_assets.synthetic.truth import truth

CONFIG = {"place": "surat-thani", "seed": 21, "interval_s": 300, "strings": 3, "start": "2025-01"}
SITE = SyntheticSite.from_config("delta", CONFIG)
DAYS = [date(2025, 1, 1), date(2025, 1, 31), date(2025, 2, 1), date(2025, 9, 17)]
MONTHS = ["2025-01", "2025-02", "2025-09"]
PROJECT = Path(__file__).resolve().parents[2]


def digest(frames: list[pl.DataFrame]) -> str:
    """Of the values as they would be stored."""
    whole = hashlib.sha256()
    for frame in frames:
        plain = frame.with_columns(pl.col(pl.Enum).cast(pl.String))
        whole.update(plain.rechunk().write_ipc(None).getbuffer())
    return whole.hexdigest()


def of_day(day: date) -> str:
    return digest([jar_day(SITE, day), string_day(SITE, day), environment_day(SITE, day)])


def of_month(month: str) -> str:
    windows, fast = event_windows(SITE, month), dict(captures(SITE, month, datetime(2030, 1, 1, tzinfo=UTC)))
    tables = [*master(SITE, month).values(), *transactions(SITE, month).values(), truth(SITE, month), windows]
    return digest([*tables, *(fast[name] for name in sorted(fast))])


def alone(call: str) -> str:
    """What a fresh process says, which has made nothing else."""
    code = (
        "from datetime import date; from battery_assets_tests.synthetic import test_determinism as own; "
        f"print(own.{call})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_days_and_months_are_the_same_bytes_in_any_order():
    first = [of_day(day) for day in DAYS], [of_month(month) for month in MONTHS]
    electrical_day.cache_clear()
    jar_temperatures.cache_clear()
    again = [of_month(month) for month in MONTHS[::-1]], [of_day(day) for day in DAYS[::-1]]
    assert again == (first[1][::-1], first[0][::-1])


def test_a_day_and_a_month_made_alone_are_the_same_bytes():
    assert alone("of_day(date(2025, 9, 17))") == of_day(date(2025, 9, 17))
    assert alone("of_month('2025-09')") == of_month("2025-09")


def test_another_seed_or_site_is_another_fleet():
    other = SyntheticSite.from_config("delta", CONFIG | {"seed": 22})
    elsewhere = SyntheticSite.from_config("echo", CONFIG)
    own = jar_day(SITE, DAYS[0])["voltage_v"].to_numpy()[:200]
    for site in (other, elsewhere):
        assert not np.array_equal(own, jar_day(site, DAYS[0])["voltage_v"].to_numpy()[:200])


@pytest.mark.parametrize("first", [date(2025, 2, 1), date(2025, 6, 1), date(2026, 1, 1)])
def test_neighbouring_months_fit_at_the_edge(first):
    """Temperature, voltage, wear: what the last moment of a month leaves, the first of the next takes up."""
    day = day_number(first)
    before, after = electrical_day(SITE, day - 1), electrical_day(SITE, day)
    assert before.jar_c[:, -1] == pytest.approx(after.jar_c[:, 0], abs=0.02)
    assert room_day(SITE, day - 1).air_c[:, -1] == pytest.approx(room_day(SITE, day).air_c[:, 0], abs=0.05)
    calm = [s for s in range(3) if not any(
        event.string == s for event in events_touching(SITE, (day - 0.2) * DAY_S, (day + 0.2) * DAY_S))]  # fmt: skip
    for string in calm:
        own = slice(string * 24, string * 24 + 24)
        # Five minutes of a charger's wander apart.
        assert before.jar_v[own, -1] == pytest.approx(after.jar_v[own, 0], abs=0.03)
        assert before.current_a[string, -1] == pytest.approx(after.current_a[string, 0], rel=0.3)
    rows = before.after
    assert (rows == after.before).all()
    health = [condition(SITE, rows, day + part).soh for part in (-0.001, 0.001)]
    assert health[0] == pytest.approx(health[1], abs=1e-5)


def test_an_event_that_is_open_at_the_turn_of_the_month_goes_on_in_the_next(monkeypatch):
    """An outage half an hour before the first of February is recharged in both months."""
    day = day_number(date(2025, 2, 1))
    start = day * DAY_S - 1800.0

    def one_outage(site, month):
        january = month == month_index("2025-01")
        return [Event("outage", 0, start, 600.0, 30 * 3600.0, watts=1200.0)] if january else []

    monkeypatch.setattr(schedule, "_grid_events", one_outage)
    # A site of its own: what is cached under its name is never asked for again.
    site = SyntheticSite.from_config("edge", CONFIG | {"interval_s": 60})
    assert [e.kind for e in events_touching(site, day * DAY_S - 60, day * DAY_S + 60)] == ["outage"]
    today, tomorrow = electrical_day(site, day - 1), electrical_day(site, day)
    charging = today.current_a[0, -1]
    assert charging > 1.0
    assert tomorrow.current_a[0, 0] == pytest.approx(charging, rel=0.02)
    assert tomorrow.jar_v[:24, 0] == pytest.approx(today.jar_v[:24, -1], abs=0.05)
    assert tomorrow.jar_c[:, 0] == pytest.approx(today.jar_c[:, -1], abs=0.02)
    returned = np.concatenate([today.current_a[0], tomorrow.current_a[0]])
    drawn = -returned[returned < -1].sum()
    assert returned[returned > 0.5].sum() == pytest.approx(1.07 * drawn, rel=0.08)


def test_a_month_is_made_of_its_days_alone():
    month = pl.concat([string_day(SITE, date(2025, 3, 1) + timedelta(k)) for k in range(31)])
    assert month["ts"].min().date() == date(2025, 3, 1)
    assert month["ts"].max().date() == date(2025, 3, 31)


def test_the_first_days_of_every_site_can_be_made():
    """Their run-up reaches into a time of which no jar is on file."""
    for seed in range(6):
        site = SyntheticSite.from_config("foxtrot", CONFIG | {"seed": seed, "strings": 9, "interval_s": 900})
        for day in (date(2025, 1, 1), date(2025, 1, 4)):
            solved = electrical_day(site, day_number(day))
            assert np.isfinite(solved.jar_v).all()
            assert np.isfinite(solved.jar_c).all()
