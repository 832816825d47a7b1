"""Ohmic readings at 25 °C."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.features.health.impedance import impedance_results
from battery_assets.features.samples.temperature import resistance_at_25c
from battery_assets.physics.discharge import ohmic_factor
from battery_assets.tables.projections import polars_schema

JARS = pl.DataFrame({"battery_id": ["a", "b"], "initial_resistance_mohm": [4.0, None]})


def readings(mohm, temp_c, battery_id="a") -> pl.DataFrame:
    columns = {
        "measurement_id": ["m1"],
        "battery_id": [battery_id],
        "measured_at": [datetime(2026, 3, 1, tzinfo=UTC)],
        "resistance_mohm": pl.Series([mohm], dtype=pl.Float64),
        "temperature_c": pl.Series([temp_c], dtype=pl.Float64),
    }
    return pl.DataFrame(columns)


def result(*args, **kw) -> dict:
    return impedance_results(readings(*args, **kw), JARS).to_dicts()[0]


def test_a_reading_at_25_degrees_stays_and_the_columns_are_the_references():
    assert result(5.0, 25.0)["temp_corrected_resistance_mohm"] == pytest.approx(5.0)
    assert result(5.0, 25.0)["baseline_pct"] == pytest.approx(125.0)
    rows = impedance_results(readings(5.0, 25.0), JARS)
    assert dict(rows.schema) == polars_schema(t.impedance_measurement_calc)


def test_the_correction_is_six_tenths_of_a_percent_per_kelvin():
    # The ageing law's 53 kJ/mol would give 7 % per kelvin.
    slope = (result(5.0, 26.0)["temp_corrected_resistance_mohm"] / 5.0 - 1) * 100
    assert slope == pytest.approx(0.6, abs=0.03)
    expected = 5.0 * np.exp(4400 / 8.314462618 * (1 / 298.15 - 1 / 283.15))
    assert result(5.0, 10.0)["temp_corrected_resistance_mohm"] == pytest.approx(expected)


def test_the_law_is_the_one_that_the_physics_room_has():
    temp_c = np.array([-10.0, 10.0, 25.0, 45.0])
    np.testing.assert_allclose(resistance_at_25c(5.0 * ohmic_factor(temp_c), temp_c), 5.0)


def test_what_is_missing_gives_null():
    assert result(5.0, None)["temp_corrected_resistance_mohm"] is None
    assert result(None, 25.0)["baseline_pct"] is None
    unknown_baseline = result(5.0, 25.0, battery_id="b")
    assert unknown_baseline["baseline_pct"] is None
    assert unknown_baseline["temp_corrected_resistance_mohm"] == pytest.approx(5.0)
    assert result(5.0, 25.0, battery_id="z")["baseline_pct"] is None


def test_a_broken_weld_stops_at_the_width_of_the_column():
    assert result(400.0, 25.0)["baseline_pct"] == 999.99
