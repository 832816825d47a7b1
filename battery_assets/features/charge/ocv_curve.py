"""Open-circuit voltage of a 12 V AGM jar, and the state of charge that shows it.

Table of SOURCES 1.2 (acid balance with Bode's polynomial, 25 °C, SOC on the C10 basis). Charts of other
makers differ by ±0.1 V, which is ±9 points of SOC; the spread between jars of one product is 20 mV.
"""

import math

import numpy as np
from numba import njit

SOC_PCT = np.array([0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0])
OCV_V = np.array([11.651, 11.804, 11.942, 12.071, 12.196, 12.317, 12.435, 12.551, 12.665, 12.778, 12.890])
OCV_V_PER_K = 0.0012
# Acid balance of SOURCES 1.2 per Ah of acid: 7.706 mL of acid of 1.30 g/mL and 40 %, one mole of each drawn
# Faraday turned into water.
ACID_MOL_AH = 7.705750252e-3 * 1.30 * 0.400 / 0.098079
WATER_KG_AH = 7.705750252e-3 * 1.30 * 0.600
MOL_PER_AH = 3600.0 / 96_485.33
WATER_KG_MOL = 0.018015
LOWEST_DEPTH = -0.08  # under it no acid is left


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


@njit(cache=True, nogil=True)
def acid_v(depth: float, volume: float) -> tuple[float, float]:
    """Rested voltage (V) of six cells at 25 °C whose acid is used to 1 − depth, and its slope by depth (V).

    volume: acid per Ah relative to SOURCES 1.2; more of it flattens the curve and leaves its full end.
    """
    used = min(1.0 - max(depth, LOWEST_DEPTH), 0.985 * volume * ACID_MOL_AH / MOL_PER_AH)
    acid = volume * ACID_MOL_AH - MOL_PER_AH * used
    water = volume * WATER_KG_AH + WATER_KG_MOL * MOL_PER_AH * used
    x = math.log10(acid / water)
    volts = 1.9228 + x * (0.147519 + x * (0.063552 + x * (0.073772 + x * 0.033612)))
    by_x = 0.147519 + x * (2 * 0.063552 + x * (3 * 0.073772 + x * 4 * 0.033612))
    by_depth = MOL_PER_AH * (1.0 / acid + WATER_KG_MOL / water) / math.log(10.0)
    return 6.0 * volts, 6.0 * by_x * by_depth
