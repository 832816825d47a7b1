"""Open-circuit voltage of a 12 V AGM jar, and the state of charge that shows it.

Table of SOURCES 1.2 (acid balance with Bode's polynomial, 25 °C, SOC on the C10 basis). Charts of other
makers differ by ±0.1 V, which is ±9 points of SOC; the spread between jars of one product is 20 mV.
"""

import numpy as np
from numba import njit

SOC_PCT = np.array([0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0])
OCV_V = np.array([11.651, 11.804, 11.942, 12.071, 12.196, 12.317, 12.435, 12.551, 12.665, 12.778, 12.890])
OCV_V_PER_K = 0.0012
PRODUCT_SD_V = 0.040


@njit(cache=True, nogil=True)
def soc_from_open_circuit(voltage_v: float, temperature_c: float) -> float:
    """SOC in % (clipped to 0..100) of a rested jar; an unknown temperature counts as 25 °C."""
    if np.isnan(voltage_v):
        return np.nan
    at_25 = voltage_v if np.isnan(temperature_c) else voltage_v - OCV_V_PER_K * (temperature_c - 25.0)
    return np.interp(at_25, OCV_V, SOC_PCT)


def open_circuit_v(soc_pct: np.ndarray | float, temperature_c: np.ndarray | float = 25.0) -> np.ndarray:
    """Voltage in V of a rested jar at SOC in % (flat beyond 0..100) and °C; shapes broadcast."""
    return np.interp(soc_pct, SOC_PCT, OCV_V) + OCV_V_PER_K * (np.asarray(temperature_c) - 25.0)
