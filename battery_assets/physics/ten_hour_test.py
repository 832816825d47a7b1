"""The 10 h test of single jars, and what a jar's make alone does to its result.

Jars of one batch differ in acid, exchange current and acid depletion besides capacity (SOURCES 6). State of
health is defined by the 10 h test, so a jar of given health gets the capacity scale that makes its own test
come out at it; what is left of the spread shows at other rates, as it does in the field.
"""

from dataclasses import replace

import numpy as np

from battery_assets.physics.ageing import STEEPER_TEST
from battery_assets.physics.discharge import Jars, discharge
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120, Vrla12V120Ah

TEST_RATE_H, END_V_CELL = 10.0, 1.80
STEP_S, LONGEST_H = 120.0, 16.0


def ten_hour_ah(jars: Jars, jar: Vrla12V120Ah = HX12_120) -> np.ndarray:
    """Capacity (Ah) of every jar at the 10 h rate to 1.80 V/cell, each as if tested alone."""
    amps = jar.rated_ah / TEST_RATE_H
    run = discharge(jars, np.arange(0, LONGEST_H * 3600, STEP_S), current_a=-amps, jar=jar)
    end_v = END_V_CELL * jar.cells
    last = (run.jar_v > end_v).cumprod(axis=1).sum(axis=1) - 1
    if (last + 1 >= run.time_s.size).any():
        raise ValueError(f"a jar holds {end_v:.1f} V for more than {LONGEST_H:g} h at {amps:g} A")
    own = np.arange(last.size)
    above, below = run.jar_v[own, last], run.jar_v[own, last + 1]
    return (last + (above - end_v) / (above - below)) * STEP_S / 3600 * amps


def made_for_health(scale, acid, exchange, depletion, jar: Vrla12V120Ah = HX12_120) -> np.ndarray:
    """The capacity scale of a jar of this make that tests as a nominal jar of capacity scale `scale` does."""
    scale = np.asarray(scale, dtype=float)
    nominal = replace(Jars.new(scale.size, scale), cells=np.full(scale.size, float(jar.cells)))
    goal = ten_hour_ah(nominal, jar)
    factor = scale
    for _ in range(2):
        own = replace(Jars.new(scale.size, factor), cells=np.full(scale.size, float(jar.cells)))
        made = replace(own, acid_scale=acid, exchange_scale=exchange, depletion_scale=depletion)
        factor = factor * (goal / ten_hour_ah(made, jar)) ** (1 / STEEPER_TEST)
    return factor
