"""One lead-acid cell of any make under any current: the equations of the jar, and the cell's double layer.

With D = -current_a (positive current charges), z the depth, x the acid depletion, all of one cell:

    z' = -D / (3600 Q)     x' = (kd (1 + kz (1-z)^p) D - x) / tau_d     v1' = (Rf D - v1) / tau_1
    eta' = (A asinh(D / (2 I0 (z-x+z0)^alpha)) - eta) / tau_dl
    V  = U(z-x) - D R0 (1 + kR (1-z)^2) - v1 - eta

as `physics.discharge` has them for six cells, where the double layer (0.1-0.2 s) is faster than any sample
and p is 2. How fast sulfate closes the pores is a matter of plates: another make has a power of its own.
U is Bode's polynomial of the acid molality (`physics.open_circuit`).
"""

import math
from dataclasses import dataclass, replace

import numba
import numpy as np

from battery_assets.physics.open_circuit import cell_voltage, full_acid
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120, Vrla12V120Ah

DOUBLE_LAYER_S = 0.15
JAR_ACID_MOL = full_acid()[0]


@dataclass(frozen=True)
class CellParameters:
    """Constants of one cell; names as in the jar's parameter set, units in the names.

    `depth_capacity_ah` is the charge that z counts: a convention, since acid, kinetics and depletion scale
    with it. `acid_molality` (mol/kg) is that of the full cell, `acid_mol_per_ah` its acid per Ah of it.
    """

    depth_capacity_ah: float
    acid_molality: float
    acid_mol_per_ah: float
    kinetic_v: float
    exchange_a: float
    exchange_exponent: float
    depletion_per_a: float
    depletion_growth: float
    diffusion_s: float
    depth_reserve: float
    ohmic_ohm: float
    resistance_growth: float
    fast_ohm: float
    fast_s: float
    double_layer_s: float = DOUBLE_LAYER_S
    depletion_power: float = 2.0

    @classmethod
    def of_jar(cls, depth_capacity_ah: float, jar: Vrla12V120Ah = HX12_120) -> "CellParameters":
        """A cell of a jar, brought to another size per Ah."""
        acid, water = full_acid(jar)
        cell = cls(
            jar.depth_capacity_ah, acid / water, acid,
            jar.kinetic_v, jar.exchange_a, jar.exchange_exponent,
            jar.depletion_per_a, jar.depletion_growth, jar.diffusion_s, jar.depth_reserve,
            jar.ohmic_mohm / 1000 / jar.cells, jar.resistance_growth,
            jar.fast_mohm / 1000 / jar.cells, jar.fast_s,
        )  # fmt: skip
        return cell.resized(depth_capacity_ah)

    def resized(self, depth_capacity_ah: float) -> "CellParameters":
        """The same make in another size: currents in proportion to it, resistances inversely."""
        size = depth_capacity_ah / self.depth_capacity_ah
        return replace(
            self,
            depth_capacity_ah=depth_capacity_ah,
            exchange_a=self.exchange_a * size,
            depletion_per_a=self.depletion_per_a / size,
            ohmic_ohm=self.ohmic_ohm / size,
            fast_ohm=self.fast_ohm / size,
        )


def cell_voltage_curve(parameters: CellParameters, time_s, current_a) -> np.ndarray:
    """Voltage (V) of a cell that is full and rested before the first sample, at each sample.

    time_s, current_a: (N,), time not falling, current in A, positive charges, straight between samples: an
    exact step is two samples of one time. Any profile of loads and rests; of charging only what takes back
    part of a discharge, since side reactions are not modelled. Raises ValueError on arrays of different
    length, time that falls, or numbers that are none.
    """
    time_s, current_a = (np.ascontiguousarray(values, dtype=float) for values in (time_s, current_a))
    if time_s.shape != current_a.shape or time_s.ndim != 1:
        raise ValueError(f"time {time_s.shape} and current {current_a.shape} must be two equal rows")
    if not (np.isfinite(time_s).all() and np.isfinite(current_a).all()):
        raise ValueError("time and current must be finite numbers; leave out the rows where they are not")
    if (np.diff(time_s) < 0).any():
        raise ValueError(f"time falls after {time_s[np.argmax(np.diff(time_s) < 0)]:g} s")
    volts = np.empty(time_s.size)
    _run(_row(parameters), time_s, current_a, volts)
    return volts


def open_circuit_curve(parameters: CellParameters, removed_ah) -> np.ndarray:
    """Rested voltage (V) of the cell after so many ampere-hours out of full."""
    row = _row(parameters)
    drawn = np.asarray(removed_ah, dtype=float) / parameters.depth_capacity_ah
    return np.array([_rested(row, 1 - share) for share in drawn.ravel()]).reshape(drawn.shape)


def _row(parameters: CellParameters) -> tuple[float, ...]:
    return tuple(float(value) for value in vars(parameters).values())


@numba.njit(cache=True)
def _rested(cell, depth):
    # Counted per Ah of the jar's acid, so that the polynomial ends where this cell's own acid does.
    share = cell[2] / JAR_ACID_MOL
    return cell_voltage(1 - (1 - depth) / share, JAR_ACID_MOL, JAR_ACID_MOL / cell[1])


@numba.njit(cache=True)
def _run(cell, time_s, current_a, volts):
    q, _, _, kinetic, i0, alpha, kd, kz, tau_d, z0, r0, k_r, rf, tau_1, tau_dl, power = cell
    z, x, v1, eta = 1.0, 0.0, 0.0, 0.0
    for k in range(time_s.size):
        dt = time_s[k] - time_s[k - 1] if k else 0.0
        if dt > 0:
            drawn = -(current_a[k] + current_a[k - 1]) / 2
            midway = z - drawn * dt / (7200 * q)
            z -= drawn * dt / (3600 * q)
            keep_x, keep_1 = math.exp(-dt / tau_d), math.exp(-dt / tau_1)
            x = keep_x * x + (1 - keep_x) * kd * (1 + kz * max(1 - midway, 0.0) ** power) * drawn
            v1 = keep_1 * v1 + (1 - keep_1) * rf * drawn
        drawn = -current_a[k]
        if dt > 0:
            exchange = 2 * i0 * max(z - x + z0, 1e-3) ** alpha
            keep = math.exp(-dt / tau_dl)
            eta = keep * eta + (1 - keep) * kinetic * math.asinh(drawn / exchange)
        volts[k] = _rested(cell, z - x) - drawn * r0 * (1 + k_r * (1 - z) ** 2) - v1 - eta
