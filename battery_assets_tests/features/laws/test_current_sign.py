"""Positive current charges, judged by the voltage alone."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.laws.current_sign import current_sign, sign_evidence
from battery_assets.features.laws.verdict import Verdict
from battery_assets_tests.worlds.months import laws as months
from battery_assets_tests.worlds.months.telemetry_days import string_rows

JARS = 24
STRINGS = pl.DataFrame({"string_id": ["s1"], "jars": [JARS], "capacity_ah": [120.0]})
DAY = date(2025, 3, 5)


def flipped(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(-pl.col("current_a"))


def verdict(made, wanted, change=months.same) -> Verdict:
    strings = months.strings(made)
    evidence = [sign_evidence(day, rows, strings) for day, rows in months.string_days(made, wanted, change)]
    return current_sign(evidence, strings.height, {})


# Months with a capacity test; at an hour's interval its samples are too few to tell.
@pytest.mark.parametrize(
    ("place", "seed", "month"),
    [("bangrak", 1, "2025-06"), ("surat-thani", 2, "2025-03"), ("hat-yai", 3, "2025-07")],
)
@pytest.mark.parametrize("interval_s", [60, 300, 900, 1800])
def test_a_month_with_a_long_discharge_shows_its_sign(place, seed, month, interval_s):
    made = months.site(place, seed=seed, interval_s=interval_s)
    wanted = months.days(made, month)
    right = verdict(made, wanted)
    assert right.holds, right.words
    assert not right.judged.startswith("not judged")
    wrong = verdict(made, wanted, flipped)
    assert not wrong.holds


@pytest.mark.parametrize("interval_s", [60, 900, 3600])
def test_a_month_without_current_is_not_judged_rather_than_praised(interval_s):
    made = months.site("bangrak", seed=7, interval_s=interval_s, strings=1)
    for change in (months.same, flipped):
        seen = verdict(made, months.days(made, "2025-05"), change)
        assert seen.holds
        assert seen.judged.startswith("not judged: none of 1 strings carried more than C/20")


def test_a_day_at_five_seconds_shows_its_sign():
    made = months.site("hat-yai", seed=3, interval_s=5)
    wanted = [months.test_day(made, "2025-03")]
    right = verdict(made, wanted)
    assert right.holds, right.words
    assert right.facts["level evidence"] > 5000
    wrong = verdict(made, wanted, flipped)
    assert not wrong.holds
    # The steps of a day's few loads may be too few to judge by; the level never is.
    assert "jars" in {finding.expected.split(" ")[0] for finding in wrong.findings}


def test_one_flipped_day_in_a_month_is_found_and_named():
    made = months.site("hat-yai", seed=3, interval_s=300)
    day = months.test_day(made, "2025-03")
    one_day = lambda rows: flipped(rows) if rows["ts"][0].date() == day else rows  # noqa: E731
    wrong = verdict(made, months.days(made, "2025-03"), one_day)
    assert not wrong.holds
    assert all(finding.when.startswith(day.isoformat()) for finding in wrong.findings)


def rows_of(current, jar_v, step_s=60) -> pl.DataFrame:
    """A string sampled each `step_s`, from 02:00."""
    start = int(datetime(2025, 3, 5, 2, tzinfo=UTC).timestamp()) * 1_000_000
    us = start + np.arange(len(current)) * step_s * 1_000_000
    return string_rows("s1", us, np.array(current, float), volts=np.array(jar_v, float) * JARS)


def judged(current, jar_v, step_s=60) -> Verdict:
    return current_sign([sign_evidence(DAY, rows_of(current, jar_v, step_s), STRINGS)], 1, {"s1": "S1"})


def test_a_recharge_after_a_discharge_that_no_sample_saw_is_no_contradiction():
    """Between two samples the load took a little, and the charger returned below the float voltage."""
    rising = np.linspace(13.05, 13.55, 20)
    current = np.concatenate([np.full(10, 0.05), np.full(20, 24.0), np.full(10, 0.05)])
    volts = np.concatenate([np.full(10, 13.6), rising, np.full(10, 13.6)])
    assert judged(current, volts).holds
    assert not judged(-current, volts).holds


def test_a_deep_recharge_below_the_full_voltage_is_no_contradiction_once_a_discharge_was_seen():
    current = np.concatenate([np.full(5, 0.05), np.full(60, -100.0), np.full(60, 30.0)])
    volts = np.concatenate([np.full(5, 13.6), np.linspace(12.3, 10.8, 60), np.linspace(12.2, 13.9, 60)])
    assert judged(current, volts).holds
    wrong = judged(-current, volts)
    assert [finding.where for finding in wrong.findings] == ["string S1"] * len(wrong.findings)
    assert "near 12.89 V or above" in wrong.findings[0].expected


def test_a_channel_that_lags_by_seconds_is_no_contradiction():
    """The current still shows the load for 40 s after the voltage is back: eight samples at 5 s."""
    current = np.concatenate([np.full(50, 0.05), np.full(100, -80.0), np.full(50, 0.05)])
    volts = np.concatenate([np.full(50, 13.6), np.full(92, 12.2), np.full(58, 13.5)])
    assert judged(current, volts, step_s=5).holds


def test_the_clock_of_the_gateway_does_not_matter():
    made = months.site("hat-yai", seed=3, interval_s=60)
    skew = pl.col("ts") + timedelta(seconds=2)
    seen = verdict(made, months.days(made, "2025-03"), lambda rows: rows.with_columns(skew))
    assert seen.holds
    assert seen.facts == verdict(made, months.days(made, "2025-03")).facts
