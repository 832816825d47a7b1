"""What temperature does to a capacity: one law for the data sheet, a jar's acid, a test and the twin."""

import numpy as np

from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

# Of a test up to 1 h, and from 3 h on, over that of the acid: 1 % and 0.6 %/K (IEC 60896, SOURCES 1.6).
TEST_HOURS, STEEPER_FAST = (1.0, 3.0), (10.0 / 6.0, 1.0)


def capacity_factor(temperature_c, hours: float = 10.0) -> np.ndarray:
    """Capacity relative to 25 C: 0.6 %/K below, 0.18 %/K above, flat from 45 C [S1][S19].

    The one law of capacity and temperature: of the sheet, of a jar's acid, of a test that took `hours`. A
    fast test feels temperature more, since resistance and kinetics end it.
    """
    above = np.minimum(np.asarray(temperature_c, dtype=float), 45.0) - 25.0
    per_k = np.where(above < 0, HX12_120.capacity_per_k_cold, HX12_120.capacity_per_k_hot)
    return 1.0 + np.interp(hours, TEST_HOURS, STEEPER_FAST) * per_k * above
