"""A day of a slow monitor whose current has the wrong sign is doubted too; a lagging mode is not."""

import numpy as np
import pytest

from battery_assets.features.charge import kernels as kernel
from battery_assets.features.samples.plausible import string_doubt

FLOAT, DISCHARGE, UNKNOWN = kernel.MODE_FLOAT, kernel.MODE_DISCHARGE, kernel.MODE_UNKNOWN


def day(amps: list[float], volts: list[float], mode: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """42 samples on float and these."""
    current = np.array([0.08] * 42 + amps)
    return current, np.array([13.6] * 42 + volts), np.array([FLOAT] * 42 + [mode] * len(amps))


@pytest.mark.parametrize(("volts", "mode"), [(12.2, DISCHARGE), (11.8, UNKNOWN)])
def test_three_samples_of_a_discharge_that_charge_are_of_the_other_sign(volts, mode):
    words, step = string_doubt(*day([10.0] * 3, [volts] * 3, mode), 100.0)
    assert "positive in 3 samples of a discharge" in words
    assert "positive_current=discharges" in step


@pytest.mark.parametrize(
    ("amps", "volts", "mode"),
    [([10.0] * 2, [12.2] * 2, DISCHARGE), ([-10.0, 10.0, 10.0, 10.0], [12.2] * 4, DISCHARGE),
     ([10.0] * 6, [13.1] * 6, DISCHARGE), ([10.0] * 6, [12.3] * 6, UNKNOWN), ([-10.0] * 6, [12.2] * 6, DISCHARGE)],
)  # fmt: skip
def test_a_mode_that_lags_behind_the_mains_proves_nothing(amps, volts, mode):
    assert string_doubt(*day(amps, volts, mode), 100.0) is None
