"""Rooms and jars as first-order bodies: dT/dt = rate (target - T).

A jar: heat capacity 31 kJ/K, cooling 1.2 W/K, so 7 h. A room: cooling pulls to the setpoint within 10 min,
the envelope and the equipment's own heat push towards outdoor + 9 K within hours [GK].
"""

import numba
import numpy as np

COOLING_PER_S = 1 / 600.0
ENVELOPE_PER_S = 1 / (3 * 3600.0)
OWN_HEAT_K = 9.0
REVERSIBLE_V = 0.36  # a jar cools on discharge by 0.36 V x I
CHARGE_OVERVOLTAGE_V = 0.5  # mean of a recharge, gives the +2-5 K that is observed


@numba.njit(cache=True)
def _lag(target, rate, dt, start, out):
    for u in range(target.shape[0]):
        y = start[u]
        out[u, 0] = y
        for k in range(1, target.shape[1]):
            r = rate[u, k - 1] if rate.shape[1] > 1 else rate[u, 0]
            y = target[u, k - 1] + (y - target[u, k - 1]) * np.exp(-r * dt)
            out[u, k] = y


def lag(target: np.ndarray, rate_per_s: np.ndarray, dt_s: float, start: np.ndarray) -> np.ndarray:
    """First-order answer (units, n) to `target` (units, n); `rate_per_s` is (units, 1) or (units, n)."""
    out = np.empty(target.shape)
    _lag(np.ascontiguousarray(target, float), np.ascontiguousarray(rate_per_s, float), dt_s, start, out)
    return out


def room_pull(setpoint_c, outdoor_c, cooling, own_heat_k=OWN_HEAT_K) -> tuple[np.ndarray, np.ndarray]:
    """Target (C) and rate (1/s) of a room: `cooling` is 1 with HVAC on and 0 without it.

    Without it the room settles `own_heat_k` above the outdoors, 6-12 K by its equipment (SOURCES 2).
    """
    on = COOLING_PER_S * np.asarray(cooling, dtype=float)
    rate = on + ENVELOPE_PER_S
    return (on * setpoint_c + ENVELOPE_PER_S * (outdoor_c + own_heat_k)) / rate, rate


def discharge_heat_w(jar_v, open_v, current_a) -> np.ndarray:
    """Heat (W) of a jar on discharge (current negative): losses less the reversible part."""
    drawn = -np.asarray(current_a)
    return drawn * (open_v - jar_v) - REVERSIBLE_V * drawn


def charge_heat_w(current_a) -> np.ndarray:
    """Heat (W) of a jar on recharge (current positive)."""
    return CHARGE_OVERVOLTAGE_V * np.maximum(current_a, 0.0)


def dew_point_c(temperature_c, humidity_pct) -> np.ndarray:
    """Dew point (C) by the Magnus formula."""
    gamma = np.log(np.asarray(humidity_pct) / 100) + 17.62 * temperature_c / (243.12 + temperature_c)
    return 243.12 * gamma / (17.62 - gamma)


def humidity_pct(temperature_c, dew_c) -> np.ndarray:
    """Relative humidity (%) of air at a temperature with a dew point (Magnus)."""
    exponent = 17.62 * dew_c / (243.12 + dew_c) - 17.62 * temperature_c / (243.12 + temperature_c)
    return np.minimum(100 * np.exp(exponent), 100.0)
