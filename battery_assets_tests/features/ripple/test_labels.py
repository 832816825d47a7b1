"""Two faults at once are both named; a week of days shows what one burst cannot; sound systems stay sound."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.ripple.bursts import burst_rows, findings
from battery_assets.features.ripple.diagnosis import Usual
from battery_assets.features.ripple.labels import labelled
from battery_assets_tests.worlds.ripple.systems import (
    CAPACITOR,
    OWN,
    UNBALANCE,
    own_of,
    seen,
    system,
    weeks,
)


def test_a_tenth_of_the_capacitor_is_seen_within_a_week_at_one_false_alarm_in_a_hundred_weeks():
    assert weeks(150, 1, 0.10).mean() >= 0.9
    assert weeks(300, 2, 0.0).mean() <= 0.01


@pytest.mark.parametrize("pulses", [6, 12])
def test_both_faults_of_a_mixed_case_are_named_and_measured(pulses):
    rng, named, off = np.random.default_rng(pulses), [], []
    for _ in range(40):
        make = system(rng, pulses)
        logs = np.log(seen(make(count=OWN), pulses).first_share)
        usual = Usual(*(np.array([x]) for x in (np.exp(logs.mean()), np.nan, logs.std(ddof=1), float(OWN))))
        loss, low = rng.uniform(0.25, 0.9), rng.uniform(0.035, 0.08)
        told = labelled(seen(make(loss, low, count=2), pulses), usual)
        named += told.shown[:, [CAPACITOR, UNBALANCE]].all(axis=1).tolist()
        off += np.abs(told.low - low).tolist()
    assert np.mean(named) >= 0.95
    assert np.median(off) < 0.02


def test_an_interrupted_conduction_is_said_alone():
    make = system(np.random.default_rng(5))
    usual = own_of(make)
    for fault in ("open_diode", "lost_phase"):
        told = labelled(seen(make(0.5, 0.06, **{fault: True})), usual)
        assert (told.gravest() == fault).all()
        assert (told.shown.sum(axis=1) == 1).all()


def month(make_of_day) -> pl.DataFrame:
    """A burst a day of one string, as the fleet's recorders keep them."""
    first, frames = datetime(2025, 1, 1, tzinfo=UTC), []
    for day in range(30):
        [volts], [amps] = make_of_day(day)
        frames.append(
            pl.DataFrame({
                "string_id": ["s"], "string_code": ["s"], "window_id": [str(day)], "ts": [first + timedelta(days=day)],
                "waveform_v": [volts.tolist()], "waveform_a": [amps.tolist()],
                "waveform_hz": pl.Series([12800], dtype=pl.Int32), "pulses": [6],
            })
        )  # fmt: skip
    return pl.concat(frames)


def test_the_fleets_month_names_both_faults_from_the_day_they_are_there():
    make = system(np.random.default_rng(7))
    rows = month(lambda day: make(0.5, 0.06, 1) if day >= 20 else make(count=1))
    told = burst_rows(rows)
    assert set(told["faults"][:20]) == {"healthy"}
    assert set(told["faults"][23:]) == {"capacitor_loss+unbalance"}
    assert set(told["diagnosis"][23:]) == {"capacitor_loss"}, "the gravest one keeps its place"
    shown = findings(told.with_columns(string_code=pl.lit("s")))
    assert {"healthy", "capacitor_loss+unbalance"} <= set(shown["diagnosis"])


def test_sound_months_of_the_fleet_stay_sound():
    rng, alarms, bursts = np.random.default_rng(8), 0, 0
    for _ in range(25):
        make = system(rng)
        told = burst_rows(month(lambda _, make=make: make(count=1)))
        alarms, bursts = alarms + int((told["faults"] != "healthy").sum()), bursts + told.height
    assert alarms / bursts <= 0.01
