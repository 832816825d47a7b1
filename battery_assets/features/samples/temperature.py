"""What temperature does to an ohmic reading and to a measured capacity (SOURCES 1.6)."""

import numpy as np

from battery_assets.physics.capacity_law import capacity_factor
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
    """Capacity (Ah) that a test of `hours` measured, brought to 25 °C by the law of `capacity_factor`.

    An unknown temperature counts as 25 °C.
    """
    if np.isnan(temperature_c):
        return capacity_ah
    return capacity_ah / float(capacity_factor(temperature_c, hours))
