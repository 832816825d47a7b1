"""Quantities of cells under test that go with a cell's size: digits and limits for 10 µAh to 1,000 Ah.

The last digit is a ten-thousandth or less of what the smallest cell shows, the limits are above what the
largest or the smallest can. Voltages, temperatures, times and shares are those of any cell.
"""

import sqlalchemy as sa

from battery_assets.tables.definition import quantity


def nominal_ah(name: str, *, required: bool = False) -> sa.Column:
    """A nominal capacity: all shares of a cell are told by it."""
    return quantity(name, "Nominal capacity.", "Ah", 16, 10, low=0, high=100000, required=required)


def charge_ah(name: str, description: str, limit: int = 10000) -> sa.Column:
    """A charge, to 1 pAh: slopes are told from it, and 0.01 % of 10 µAh is 1 nAh."""
    return quantity(name, description, "Ah", 17, 12, low=-limit, high=limit)


def energy_wh(name: str, description: str) -> sa.Column:
    """An energy, to 0.1 nWh; 1,000 Ah at 100 V."""
    return quantity(name, description, "Wh", 16, 10, low=-100000, high=100000)


def current_a(name: str, description: str, low: int = -99999) -> sa.Column:
    """A current, to 0.1 nA: rest ends at C/200, which is 50 nA for 10 µAh."""
    return quantity(name, description, "A", 15, 10, low=low, high=99999)


def resistance_mohm(name: str, description: str, scale: int = 6) -> sa.Column:
    """A resistance: 5 MΩ is 10 V over C/5, the least step that is looked at, of 10 µAh."""
    return quantity(name, description, "mΩ", 10 + scale, scale, low=0, high=9999999999)


def charge_per_volt(name: str, description: str) -> sa.Column:
    """dQ/dV: under its Gaussian of 10 mV at most 40 / V of the charge."""
    return quantity(name, description, "Ah/V", 19, 12, low=-1000000, high=1000000)


def charge_per_volt_variance(name: str, description: str) -> sa.Column:
    """Variance of dQ/dV: it grows with the square of the size."""
    return quantity(name, description, "Ah²/V²", 30, 18, low=0, high=999999999999)


def volts_per_charge(name: str, description: str) -> sa.Column:
    """dV/dQ: under its Gaussian of 2 % of the charge at most 40 times the volts over the charge, which is 4e9
    V/Ah for 10 V over the least discharge that is looked at, 1 % of 10 µAh.
    """
    return quantity(name, description, "V/Ah", 20, 10, low=-9999999999, high=9999999999)


def charge_per_cycle(name: str, description: str, unit: str) -> sa.Column:
    """A slope of capacity: 0.01 % a cycle is 1 nAh for 10 µAh."""
    return quantity(name, description, unit, 19, 14, low=-99999, high=99999)
