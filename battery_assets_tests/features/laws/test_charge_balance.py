"""Power and charge say what voltage and current say."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from battery_assets.features.charge.state import charge_state_day
from battery_assets.features.charge.string_power import string_calc_day
from battery_assets.features.laws.charge_balance import (
    largest_discharge,
    power_evidence,
    power_law,
    soc_law,
)
from battery_assets_tests.worlds.months import laws as months
from battery_assets_tests.worlds.months.telemetry_days import instants, jar_rows, string_rows, units

DAY = date(2025, 3, 5)
US = instants(DAY, 60)
JARS = units("b1", "b2")


def test_power_of_a_day_is_voltage_times_current():
    made = months.site("hat-yai", seed=3, interval_s=60)
    [(_, rows)] = months.string_days(made, [months.test_day(made, "2025-03")])
    stored = string_calc_day(rows).with_columns(pl.col("power_w").cast(pl.Float64).round(2))
    samples = rows.join(stored, on=["ts", "string_id"])
    verdict = power_law(power_evidence(samples), {})
    assert verdict.holds, verdict.words
    assert verdict.facts["samples"] == rows.height
    for wrong in (pl.col("power_w") * 1.001, pl.col("power_w").abs(), pl.col("power_w") / 24):
        assert not power_law(power_evidence(samples.with_columns(power_w=wrong)), {}).holds


def test_the_worst_sample_of_any_day_is_named():
    days = []
    for day, wrong in ((DAY, 0.0), (date(2025, 3, 6), 50.0), (date(2025, 3, 7), 2.0)):
        rows = string_rows("s1", instants(day, 60), np.full(len(US), -10.0), volts=np.full(len(US), 24.0))
        watts = np.full(rows.height, -240.0)
        watts[7] += wrong
        days.append(power_evidence(rows.with_columns(power_w=pl.Series(watts))))
    verdict = power_law(pl.concat(days), {"s1": "S1"})
    [finding] = verdict.findings
    assert (finding.where, finding.when) == ("string S1", "2025-03-06 00:07:00 UTC")
    assert finding.measured == pytest.approx(50.0)
    assert f"(2 of {3 * len(US):,} samples)" in finding.found
    assert verdict.facts["samples"] == 3 * len(US)
    assert power_law(power_evidence(rows.clear().with_columns(power_w=pl.lit(0.0))), {}).holds


def discharged(amps: float, hours: float = 3.0) -> pl.DataFrame:
    """Float but for some hours from 06:00."""
    hour = (US - US[0]) / 3.6e9
    current = np.where((hour >= 6) & (hour < 6 + hours), -amps, 0.05)
    volts = np.where(current < 0, 2 * 12.2, 2 * 13.6)
    mode = ["discharge" if on else "float" for on in current < 0]
    return string_rows("s1", US, current, mode=mode, volts=volts)


def test_the_largest_discharge_is_found_with_its_charge():
    found = largest_discharge(DAY, discharged(20.0), {"s1": 120.0})
    assert found is not None
    assert found.ah == pytest.approx(60.0, abs=0.5)
    assert found.share == pytest.approx(0.5, abs=0.01)


def test_a_short_load_is_no_discharge_to_judge():
    assert largest_discharge(DAY, discharged(20.0, hours=0.2), {"s1": 120.0}) is None
    assert largest_discharge(DAY, discharged(4.0), {"s1": 120.0}) is None
    assert soc_law(None, pl.DataFrame(), {}).judged.startswith("not judged")


def charges(strings: pl.DataFrame, soh_pct: float) -> pl.DataFrame:
    """The charge of both jars around the discharge, as the pipeline's own estimate has it."""
    found = largest_discharge(DAY, strings, {"s1": 120.0})
    rows = pl.concat([jar_rows(name, US, strings["voltage_v"].to_numpy() / 2) for name in ("b1", "b2")])
    soc, _ = charge_state_day(rows, strings, JARS, {"b1": soh_pct, "b2": soh_pct})
    at = pl.col("ts").dt.epoch("us")
    inside = soc.filter(at.is_between(found.start_us, found.end_us)).sort("battery_id", "ts")
    ends = inside.group_by("battery_id").agg(
        soc_before=pl.col("soc_pct").first(), soc_after=pl.col("soc_pct").last()
    )
    return ends.with_columns(capacity_ah=pl.lit(120.0), soh_pct=pl.lit(soh_pct))


@pytest.mark.parametrize("soh_pct", [100.0, 75.0])
@pytest.mark.parametrize("amps", [8.0, 25.0])
def test_the_estimated_charge_falls_by_what_was_taken(amps, soh_pct):
    strings = discharged(amps)
    found = largest_discharge(DAY, strings, {"s1": 120.0})
    verdict = soc_law(found, charges(strings, soh_pct), {})
    assert verdict.holds, verdict.words
    assert verdict.facts["SOC fell by"] == pytest.approx(verdict.facts["expected"], abs=1.0)


@pytest.mark.parametrize(("fell", "word"), [(-40.0, "-40.0"), (0.0, "+0.0"), (95.0, "+95.0")])
def test_a_charge_that_rises_stands_or_falls_too_far_is_found(fell, word):
    found = largest_discharge(DAY, discharged(20.0), {"s1": 120.0})
    jars = pl.DataFrame(
        {"battery_id": ["b1"], "capacity_ah": [120.0], "soh_pct": [100.0], "soc_before": [100.0]}
    )
    verdict = soc_law(found, jars.with_columns(soc_after=pl.lit(100.0 - fell)), {"s1": "S1"})
    [finding] = verdict.findings
    assert finding.where == "string S1"
    assert f"{word} points" in finding.found
