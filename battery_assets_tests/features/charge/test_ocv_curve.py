"""The open-circuit table against the acid balance that it was computed from."""

import numpy as np
import pytest

from battery_assets.features.charge.ocv_curve import OCV_V, SOC_PCT, open_circuit_v, soc_from_open_circuit
from battery_assets.physics.open_circuit import open_circuit_v as physics_open_circuit_v


def acid_balance_v(soc: np.ndarray) -> np.ndarray:
    """SOURCES 1.2: Bode's polynomial of the molality, six cells, rated 120 Ah of 139.34 usable in acid."""
    drawn = (1 - soc) * 120 / 139.34
    acid = 7.706e-3 * 1300 * 0.400 / 98.079 - 0.037311 * drawn
    water = 7.706 * 1.30 * 0.600e-3 + 0.018015 * 0.037311 * drawn
    x = np.log10(acid / water)
    return 6 * (1.9228 + 0.147519 * x + 0.063552 * x**2 + 0.073772 * x**3 + 0.033612 * x**4)


def test_the_table_is_the_acid_balance():
    np.testing.assert_allclose(acid_balance_v(SOC_PCT / 100), OCV_V, atol=0.003)


def test_the_table_is_the_curve_that_the_physics_room_has():
    for temp_c in (10.0, 25.0, 40.0):
        ours = open_circuit_v(np.linspace(0, 100, 51), temp_c)
        np.testing.assert_allclose(ours, physics_open_circuit_v(np.linspace(0, 1, 51), temp_c), atol=0.004)


@pytest.mark.parametrize("temp_c", [0.0, 25.0, 40.0])
def test_the_inverse_returns_the_charge(temp_c):
    for soc in (0.0, 12.5, 50.0, 99.0, 100.0):
        assert soc_from_open_circuit(float(open_circuit_v(soc, temp_c)), temp_c) == pytest.approx(
            soc, abs=1e-6
        )


def test_beyond_the_table_the_charge_is_full_or_empty_and_unknown_stays_unknown():
    assert soc_from_open_circuit(13.6, 25.0) == 100.0
    assert soc_from_open_circuit(9.0, 25.0) == 0.0
    assert np.isnan(soc_from_open_circuit(np.nan, 25.0))
    assert soc_from_open_circuit(12.317, np.nan) == pytest.approx(50.0)
