"""What temperature does to an ohmic reading and to a measured capacity (SOURCES 1.6)."""

import numpy as np

from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

REFERENCE_C = 25.0
GAS_CONSTANT_J = 8.314462618
RESISTANCE_EA_J = HX12_120.ohmic_activation_j_mol


def resistance_at_25c(resistance_mohm: np.ndarray, temperature_c: np.ndarray) -> np.ndarray:
    """Ohmic reading in mΩ brought to 25 °C; NaN where either is NaN.

    R(T) = R25 exp(Ea/R (1/T − 1/298.15 K)), Ea 4.4 kJ/mol (−0.6 %/K): that of conduction, not of ageing.
    """
    kelvin = np.asarray(temperature_c, float) + 273.15
    return resistance_mohm / np.exp(RESISTANCE_EA_J / GAS_CONSTANT_J * (1.0 / kelvin - 1.0 / 298.15))


def capacity_at_25c(capacity_ah: float, temperature_c: float, hours: float) -> float:
    """Measured capacity brought to 25 °C as IEC 60896 does: C/(1+λ(T−25)).

    λ is 0.006 for tests of 3 h and longer, 0.01 up to 1 h, linear between; an unknown T counts as 25 °C.
    """
    if np.isnan(temperature_c):
        return capacity_ah
    coefficient = float(np.interp(hours, [1.0, 3.0], [0.010, 0.006]))
    return capacity_ah / (1.0 + coefficient * (temperature_c - REFERENCE_C))
