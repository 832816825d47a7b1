"""Dated bursts of a drying capacitor become a proposal of work; sound systems and undated bursts none."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.physics.rectifier import Bridge
from battery_assets.physics.ripple import Source, rectifier_lines, sampled, string_resistance_ohm
from battery_assets_tests.experiments.test_datasets import rows

SYSTEMS, DAYS, SAMPLES, DRYING = 6, 150, 640, ("d0", "d1")
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
A_YEAR = 0.5


@pytest.fixture(scope="module")
def imported(place, tmp_path_factory):
    """A dataset of six systems by every third day, two of which lose half of their capacitor a year."""
    folder, rng = tmp_path_factory.mktemp("dated"), np.random.default_rng(1)
    ohm = string_resistance_ohm()
    for number in range(SYSTEMS):
        name = f"d{number}"
        frames = []
        for day in range(0, DAYS, 3):
            lost = A_YEAR * max(day - 30, 0) / 365.25 if name in DRYING else 0.0
            lines = rectifier_lines(Bridge(6, 0.01), Source().aged(lost) if lost else Source(), 324.0, ohm)
            wave = sampled(lines.times(1 + 0.06 * rng.standard_normal()), 12800, SAMPLES, 50.0, rng.random())
            label = "capacitor_loss" if lost > 0.05 else "sound"
            frames.append(_burst(324.0 + wave[0], 0.1 + wave[1], day, name, label))
        pl.concat(frames).write_parquet(folder / f"{name}.parquet")
    terms = {"folder": str(folder), "sample_rate_hz": 12800}
    assert place.run("dataset", "dated", kind="dataset_import", terms=terms).success
    return place


def _burst(volts, amps, day: int, system: str, label: str) -> pl.DataFrame:
    when = FIRST + timedelta(days=day)
    return pl.DataFrame({"voltage_v": volts, "current_a": amps}).with_columns(
        signal_id=pl.lit(f"{day:03d}"), system=pl.lit(system), label=pl.lit(label), taken_at=pl.lit(when)
    )


def test_a_drying_capacitor_is_proposed_for_exchange_with_an_interval(imported):
    proposed = {row["system_code"]: row for row in rows(imported, "SELECT * FROM fleet.capacitor_exchange")}
    assert set(proposed) == set(DRYING)
    true = FIRST.date() + timedelta(days=30 + 0.2 / A_YEAR * 365.25)
    for row in proposed.values():
        assert row["due_early"] - timedelta(days=14) <= true <= row["due_late"] + timedelta(days=14)
        assert row["loss_a_year"] == pytest.approx(A_YEAR, rel=0.5)
        assert (row["status"], row["dataset"]) == ("proposed", "dated")
        assert row["due_month"] == f"{row['due_early']:%Y-%m}"


def test_every_week_of_every_system_has_its_loss(imported):
    found = rows(imported, "SELECT * FROM experiments.capacitor_weeks ORDER BY system, week_from")
    assert {row["system"] for row in found} == {f"d{n}" for n in range(SYSTEMS)}
    assert all(row["loss_low"] <= row["loss"] <= row["loss_high"] for row in found)
    last = {row["system"]: row["loss"] for row in found}
    assert min(last[name] for name in DRYING) > max(loss for name, loss in last.items() if name not in DRYING)


def test_bursts_that_nobody_dated_lie_on_no_calendar(imported, small):
    [made] = rows(imported, f"SELECT id FROM experiments.datasets WHERE name = '{small}'")
    assert not rows(imported, f"SELECT 1 FROM experiments.capacitor_weeks WHERE dataset_id = {made['id']}")
