"""Runs of a string under a load: of jars that are known, and of draws of jars that are not.

A run ends where the string's voltage reaches the end voltage, or where its weakest jar is about to be
reversed by the others.
"""

from dataclasses import dataclass

import numpy as np

from battery_assets.features.ride_through.draws import JarDraws, JarStates, as_physics
from battery_assets.features.ride_through.loads import POWER, new_jar_min
from battery_assets.physics.discharge import Jars, State
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120, Vrla12V120Ah
from battery_assets.physics.ride import Limits, Rides, records, rides

# Lowest end voltage of a data sheet and lowest alarm limit on discharge, 9.6 V a jar (SOURCES 1.4, 5): below
# it the weakest of the cells is about to be charged backwards. It counts for the cells that still work, and
# what a bad connection drops outside of them is not theirs.
REVERSAL_V_CELL = 1.60
# 3 % of current against 28 data-sheet points is 4 % of time (SOURCES 1.3). Of a string to whose discharge
# the model was fitted, three quarters are left: on synthetic sites its minutes are 1 to 2 % long.
CALIBRATION_SD, SHOWN_CALIBRATION_SD = 0.04, 0.03
# A run is solved for up to 1.6 times of what a new string has. The minutes of each jar by itself are met
# between two long steps, which have to be shorter for it.
BEYOND, STEPS, STEPS_PAST_END = 1.6, 48, 192
DEEPEST_V_CELL = 1.50


@dataclass(frozen=True)
class Load:
    """What each jar of the string carries: W, or A as a positive number, for a 120 Ah jar of six cells."""

    kind: str
    level: float
    end_v_cell: float

    def limits(self, last_v_cell: float = np.inf) -> Limits:
        """Where a run has to stop, within more than the time that a new string would have."""
        span_s = BEYOND * 60.0 * new_jar_min(self.kind, self.level, self.end_v_cell)
        cells = HX12_120.cells
        return Limits(cells * self.end_v_cell, REVERSAL_V_CELL, cells * last_v_cell, span_s)


@dataclass(frozen=True)
class Ride:
    """How one string ran down: minutes, the jar that was lowest at the end, V and A (negative) on the way."""

    minutes: float
    weakest: int
    string_v: float
    current_a: float


def ride(jars: Jars, state: State, load: Load, product: Vrla12V120Ah = HX12_120) -> Ride:
    """One run of a string until it has to stop; arrays (jars,)."""
    return _one(jars, state, load, product, load.limits(), STEPS)[0]


def ride_past_end(
    jars: Jars, state: State, load: Load, product: Vrla12V120Ah = HX12_120
) -> tuple[Ride, np.ndarray]:
    """As `ride`, and the minutes after which each of the jars is at the end voltage by itself.

    The string runs on until most jars are there, which a real one would not be allowed to; the minutes of a
    jar that is not there by then are those of the run's end.
    """
    return _one(jars, state, load, product, load.limits(DEEPEST_V_CELL), STEPS_PAST_END)


def _one(
    jars: Jars, state: State, load: Load, product: Vrla12V120Ah, limits: Limits, steps: int
) -> tuple[Ride, np.ndarray]:
    shape = 1, jars.cells.size
    one = State(*(part.reshape(shape) for part in (state.depth, state.depletion, state.fast_v)))
    ran = rides(jars, one, records((product,)), load.level, load.kind == POWER, limits, steps)
    minutes, weakest, jar_v, drawn_a = (
        values[0] for values in (ran.minutes, ran.lowest, ran.jar_v, ran.drawn_a)
    )
    ridden = Ride(float(minutes), int(weakest), float(jar_v) * jars.cells.size, -float(drawn_a))
    return ridden, ran.own_min[0]


def ride_draws(states: JarStates, load: Load, drawn: JarDraws) -> Rides:
    """The run of each draw (draws,), on the model as it is: the error of its calibration is not in it."""
    jars, state = as_physics(states, drawn)
    alike = np.repeat(records((HX12_120,)), len(drawn.soh))
    return rides(jars, state, alike, load.level, load.kind == POWER, load.limits(), STEPS)


def calibration(states: JarStates, draws: int, rng: np.random.Generator) -> np.ndarray:
    """By what factor the model's minutes may be off in each draw, (draws,)."""
    shown = np.median(states.shown) > 0
    return np.exp((SHOWN_CALIBRATION_SD if shown else CALIBRATION_SD) * rng.standard_normal(draws))
