"""Open-circuit voltage of a jar from the acid it has left.

A Bode-type polynomial of the acid molality m gives the cell voltage at 25 C, L = log10 m [S9]:
U = 1.9228 + 0.147519 L + 0.063552 L^2 + 0.073772 L^3 + 0.033612 L^4. Per ampere-hour of model depth the acid
loses 1/26.8 mol and gains the same of water. `depth` z is 1 when full; state of charge counts rated Ah.
"""

import math

import numba
import numpy as np

from battery_assets.physics.parameters.vrla_12v120ah import HX12_120, Vrla12V120Ah

MOL_PER_AH = 0.037311  # 3600 / 96485
ACID_KG_MOL = 0.098079
WATER_KG_MOL = 0.018015
LEAST_DEPTH = -0.08  # below it the acid balance would turn negative


@numba.njit(cache=True)
def cell_voltage(depth, acid_mol, water_kg):
    """Cell voltage (V) at 25 C for one depth z; acid (mol/Ah) and water (kg/Ah) of the full cell."""
    used = 1.0 - max(depth, LEAST_DEPTH)
    molality = (acid_mol - MOL_PER_AH * used) / (water_kg + WATER_KG_MOL * MOL_PER_AH * used)
    x = math.log10(molality)
    return 1.9228 + x * (0.147519 + x * (0.063552 + x * (0.073772 + x * 0.033612)))


# Not of `cell_voltage.py_func`: they would share one cache file, and the first to compile crashes the other.
@numba.vectorize(cache=True)
def _cell_voltages(depth, acid_mol, water_kg):
    return cell_voltage(depth, acid_mol, water_kg)


def full_acid(jar: Vrla12V120Ah = HX12_120) -> tuple[float, float]:
    """Acid (mol) and water (kg) of a full cell, per ampere-hour of model depth."""
    grams = jar.acid_ml_per_ah * jar.acid_density_g_ml
    return (
        grams * jar.acid_mass_fraction / (1000 * ACID_KG_MOL),
        grams * (1 - jar.acid_mass_fraction) / 1000,
    )


def depth(soc: np.ndarray | float, jar: Vrla12V120Ah = HX12_120) -> np.ndarray | float:
    """Model depth z of a state of charge (0-1, rated 10 h basis)."""
    return 1.0 - (1.0 - soc) * jar.rated_ah / jar.depth_capacity_ah


def open_circuit_v(soc, temperature_c=25.0, jar: Vrla12V120Ah = HX12_120) -> np.ndarray:
    """Rested jar voltage (V) at a state of charge (0-1) and a temperature (C)."""
    acid, water = full_acid(jar)
    rested = jar.cells * _cell_voltages(np.asarray(depth(soc, jar), dtype=float), acid, water)
    return rested + jar.ocv_v_per_k * (np.asarray(temperature_c, dtype=float) - 25.0)
