"""Recharge after a discharge: constant current up to the voltage limit, then an exponential taper."""

from dataclasses import dataclass

import numpy as np

from battery_assets.physics.parameters.vrla_12v120ah import HX12_120, Vrla12V120Ah

NEGLIGIBLE_A = 0.02


@dataclass(frozen=True)
class Recharge:
    """How a charge is put back: `current_a` for `constant_s`, then `exp(-t / taper_s)`."""

    current_a: float
    constant_s: float
    taper_s: float

    @property
    def duration_s(self) -> float:
        """Until the current has tapered to a level that float current hides."""
        return self.constant_s + self.taper_s * np.log(max(self.current_a / NEGLIGIBLE_A, 1.0))

    def current(self, time_s) -> np.ndarray:
        """Charging current (A, positive) at times (s) since the recharge began; 0 before."""
        time_s = np.asarray(time_s, dtype=float)
        over = np.maximum(time_s - self.constant_s, 0.0)
        return np.where(time_s < 0, 0.0, self.current_a * np.exp(-over / self.taper_s))

    def voltage_gap(self, time_s) -> np.ndarray:
        """Share (1 to 0) of the way to the voltage limit that is still to go; concave as charge fills up."""
        time_s = np.asarray(time_s, dtype=float)
        return np.clip(1 - time_s / self.constant_s, 0.0, 1.0) ** 0.7

    def missing_charge(self, time_s) -> np.ndarray:
        """Share (1 to 0) of the charge that is still to be put back."""
        time_s = np.maximum(np.asarray(time_s, dtype=float), 0.0)
        flat = np.minimum(time_s, self.constant_s)
        tail = self.taper_s * (1 - np.exp(-np.maximum(time_s - self.constant_s, 0.0) / self.taper_s))
        return 1 - (flat + tail) / (self.constant_s + self.taper_s)


def recharge(removed_ah: float, limit_a: float, jar: Vrla12V120Ah = HX12_120) -> Recharge:
    """Put back 1.07 x the removed ampere-hours at no more than `limit_a`.

    The taper takes 1.2 h after a deep discharge and half of a short one. Raises ValueError on a limit that
    is not positive.
    """
    if limit_a <= 0:
        raise ValueError(f"a charger needs a positive current limit, got {limit_a}")
    limit_a = min(limit_a, jar.max_charge_a)
    full_rate_s = max(jar.charge_factor * removed_ah, 1e-3) / limit_a * 3600
    taper_s = min(jar.taper_s, 0.5 * full_rate_s)
    return Recharge(limit_a, full_rate_s - taper_s, taper_s)
