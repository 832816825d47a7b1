"""Ride-through: how long a string will carry a stated load, how sure that is, and which jar ends it.

The jars' charge, health and resistance are drawn many times as the twin's uncertainty allows, and each
draw is discharged through the jar model (SOURCES 1.3) at the load. A run ends where the string's voltage
reaches the end voltage, or where its weakest jar is about to be reversed by the others.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.features.health.faults import OPEN, OPEN_MOHM
from battery_assets.features.ride_through.draws import (
    JarDraws,
    JarStates,
    as_physics,
    jar_draws,
    product_records,
    products,
)
from battery_assets.features.ride_through.loads import CURRENT, POWER, new_jar_min, of_six
from battery_assets.physics.discharge import Jars, State
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120, Vrla12V120Ah
from battery_assets.physics.random_streams import stream
from battery_assets.physics.ride import Limits, records, rides
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

DRAWS = 120
INTERVAL = (0.05, 0.95)
# Lowest end voltage of a data sheet and lowest alarm limit on discharge, 9.6 V a jar (SOURCES 1.4, 5): below
# it the weakest of the cells is about to be charged backwards. It counts for the cells that still work, and
# what a bad connection drops outside of them is not theirs.
REVERSAL_V_CELL = 1.60
CALIBRATION_SD = 0.04  # 3 % of current against 28 data-sheet points is 4 % of time (SOURCES 1.3)
# A run is solved for up to 1.6 times of what a new string has. The minutes of each jar by itself are met
# between two long steps, which have to be shorter for it.
BEYOND, STEPS, STEPS_PAST_END = 1.6, 48, 192
DEEPEST_V_CELL = 1.50
A_GAIN = 0.01  # a jar that costs the string less than 1 % of its time does not limit it
CAUSES = {"capacity": "soh", "resistance": "mohm", "charge": "soc", "temperature": "temperature_c"}
SCHEMA = polars_schema(t.string_runtime)


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


def ride(jars: Jars, state: State, load: Load, product: Vrla12V120Ah) -> Ride:
    """One run of a string until it has to stop."""
    return _one(jars, state, load, product, load.limits(), STEPS)[0]


def ride_past_end(jars: Jars, state: State, load: Load, product: Vrla12V120Ah) -> tuple[Ride, np.ndarray]:
    """As `ride`, and the minutes after which each of the jars is at the end voltage by itself.

    The string runs on until most jars are there, which a real one would not be allowed to; the minutes of a
    jar that is not there by then are those of the run's end.
    """
    return _one(jars, state, load, product, load.limits(DEEPEST_V_CELL), STEPS_PAST_END)


def _one(
    jars: Jars, state: State, load: Load, product: Vrla12V120Ah, limits: Limits, steps: int
) -> tuple[Ride, np.ndarray]:
    one = State(state.depth[None], state.depletion[None], state.fast_v[None])
    ran = rides(jars, one, records((product,)), load.level, load.kind == POWER, limits, steps)
    minutes, weakest, jar_v, drawn_a = (
        values[0] for values in (ran.minutes, ran.lowest, ran.jar_v, ran.drawn_a)
    )
    ridden = Ride(float(minutes), int(weakest), float(jar_v) * jars.cells.size, -float(drawn_a))
    return ridden, ran.own_min[0]


def ride_draws(states: JarStates, load: Load, drawn: JarDraws, rng: np.random.Generator) -> tuple:
    """Minutes (draws,) that the string carries the load in each draw, and the jar that was lowest then."""
    draws = drawn.soh.shape[0]
    made, scales = product_records(draws)
    jars, state = as_physics(states, drawn, slice(None), scales[:, None])
    ran = rides(jars, state, made, load.level, load.kind == POWER, load.limits(), STEPS)
    return ran.minutes * np.exp(CALIBRATION_SD * rng.standard_normal(draws)), ran.lowest


def _probability(happened: np.ndarray) -> float:
    """Share of the draws, held away from 0 and 1 by as much as their number can tell."""
    return (np.count_nonzero(happened) + 0.5) / (happened.size + 1.0)


def string_runtimes(
    strings: pl.DataFrame, jars: pl.DataFrame, loads: pl.DataFrame, at: datetime, draws: int = DRAWS
) -> pl.DataFrame:
    """Rows of string_runtime: one per string and load, in the order of loads.

    strings: string_id, places (how many jars belong into it), vacant (places whose jar was taken out). jars:
    one row for each place that has a jar, or is not known to be vacant: string_id, battery_id, soc_pct,
    soh_pct, r0_mohm of the twin (NULL without one; soh_std_pct and soc_std_pct where they exist), rated_ah,
    temperature_c, cells. loads: as `string_loads` returns them, their level that of a jar of the string.

    runtime_min is the median, lower and upper hold 90 %. weakest_margin_min: how much sooner the weakest jar
    is at the end voltage than the string's median jar, both in one string. repair_gain_min: minutes more if
    it were as the median. A string with a vacant place or an open connection has 0. A string of whose jars
    fewer than half have a twin has NULL, and the note says so.
    """
    of_string = {name: rows for (name,), rows in jars.partition_by("string_id", as_dict=True).items()}
    facts = {row["string_id"]: row for row in strings.to_dicts()}

    def rows_of(name: str, asked: pl.DataFrame) -> list[dict]:
        string = _OneString(facts[name], of_string.get(name, jars.clear()), at, draws)
        return [string.row(load) for load in asked.to_dicts()]

    groups = loads.partition_by("string_id", as_dict=True, maintain_order=True)
    product_records(draws)  # made once, before two threads would
    # Each string has a stream of random numbers of its own, so two at a time change nothing but the time.
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda group: rows_of(str(group[0][0]), group[1]), groups.items())
        rows = [row for of_one in found for row in of_one]
    return pl.DataFrame(rows, schema=SCHEMA)


class _OneString:
    """A string with its draws, which all its loads share."""

    def __init__(self, string: Mapping, jars: pl.DataFrame, at: datetime, draws: int):
        self.string, self.at, self.draws = string, at, draws
        self.ids = jars["battery_id"].to_list()
        self.known = JarStates.of(jars)
        self.rng = stream(0, "string_runtime", string["string_id"], at.isoformat())
        r0 = jars["r0_mohm"].cast(pl.Float64).fill_null(0.0)
        self.r0_mohm, self.opened = r0.to_numpy(), (r0 > OPEN_MOHM).to_numpy()
        if "fault" in jars.columns:
            self.opened = (
                self.opened | (jars["fault"].cast(pl.String) == OPEN).fill_null(value=False).to_numpy()
            )

    @cached_property
    def drawn(self) -> JarDraws:
        """The jars as they may be: drawn once, so that loads differ by the load alone."""
        return jar_draws(self.known, self.draws, self.rng)

    def row(self, asked: Mapping) -> dict:
        """One row of the table."""
        size = float(np.median(self.known.rated_ah)) if self.ids else HX12_120.rated_ah
        of_one = asked["level"] * (of_six(self.string) if asked["load_kind"] == POWER else 1.0)
        load = Load(asked["load_kind"], of_one * HX12_120.rated_ah / size, asked["end_voltage_v_cell"])
        natural_key = asked["string_id"], self.at.isoformat(), asked["load_basis"]
        row = dict.fromkeys(SCHEMA) | {
            "runtime_id": identity("string_runtime", *natural_key),
            "string_id": asked["string_id"],
            "captured_at": self.at,
            "jars_assumed": int(np.count_nonzero(~self.known.known)),
            **{name: asked[name] for name in asked if name in SCHEMA},
        }
        if asked["load_kind"] == POWER:
            row["load_w"] = asked["level"] * self.string["places"]
        else:
            row["load_current_a"] = -asked["level"]
        return row | (self._carries_nothing() or self._unknown() or self._carries(load, asked, size))

    def _carries_nothing(self) -> dict | None:
        """The answer of a string that is interrupted."""
        none = dict.fromkeys(("runtime_min", "runtime_lower_min", "runtime_upper_min"), 0.0)
        none["ride_through_probability"] = 0.0
        if self.string["vacant"]:
            words = f"{self.string['vacant']} of {self.string['places']} places have no jar"
            return none | {"limited_by": "missing_jar", "note": words}
        if self.opened.any():
            jar = int(np.where(self.opened, self.r0_mohm, -1.0).argmax())
            words = f"a connection of {self.r0_mohm[jar]:.0f} mΩ is as good as open"
            opened = {"weakest_battery_id": self.ids[jar], "weakest_probability": 1.0, "note": words}
            return none | opened | {"limited_by": OPEN}
        return None

    def _unknown(self) -> dict | None:
        seen = int(np.count_nonzero(self.known.known))
        if 2 * seen >= self.string["places"]:
            return None
        return {"note": f"only {seen} of {self.string['places']} jars have a twin"}

    def _carries(self, load: Load, asked: Mapping, size: float) -> dict:
        minutes, weakest = ride_draws(self.known, load, self.drawn, self.rng)
        low, middle, high = np.quantile(minutes, [INTERVAL[0], 0.5, INTERVAL[1]])
        share = np.bincount(weakest, minlength=len(self.ids)) / len(weakest)
        jar = int(share.argmax())
        mean, ended, cause, gain = self._why(load, jar)
        amps = mean.current_a * size / HX12_120.rated_ah
        load_w = (
            asked["level"] * self.string["places"]
            if load.kind == POWER
            else -amps * mean.string_v / of_six(self.string)
        )
        return {
            "load_w": load_w,
            "load_current_a": asked["level"] * -1.0 if load.kind == CURRENT else amps,
            "runtime_min": middle,
            "runtime_lower_min": low,
            "runtime_upper_min": high,
            "ride_through_probability": _probability(minutes >= asked["required_min"]),
            "weakest_battery_id": self.ids[jar],
            "weakest_probability": float(share[jar]),
            "weakest_margin_min": max(float(np.median(ended) - ended[jar]), 0.0),
            "repair_gain_min": gain,
            "limited_by": cause,
            "soc_pct": 100.0 * float(self.known.soc.mean()),
            "soh_pct": 100.0 * float(self.known.soh.mean()),
            "temperature_c": float(self.known.temperature_c.mean()),
        }

    def _why(self, load: Load, jar: int) -> tuple[Ride, np.ndarray, str, float]:
        """The expected run, the minutes of each jar, what limits it, and what mending the weakest gives."""
        expected = self._expected()
        scale = products(1)[0][1]

        def physics(jars: JarStates) -> tuple[Jars, State]:
            return as_physics(jars, JarDraws.exactly(jars), 0, scale)

        def run(jars: JarStates) -> Ride:
            return ride(*physics(jars), load, HX12_120)

        now, ended = ride_past_end(*physics(expected), load, HX12_120)
        mended = run(expected.like_the_string(jar, "cells", *CAUSES.values()))
        gain = max(mended.minutes - now.minutes, 0.0)
        if expected.cells[jar] < HX12_120.cells:
            return now, ended, "shorted_cell", gain
        gains = {
            cause: run(expected.like_the_string(jar, name)).minutes - now.minutes
            for cause, name in CAUSES.items()
        }
        cause = max(gains, key=gains.__getitem__)
        return now, ended, cause if gains[cause] > A_GAIN * now.minutes else "whole_string", gain

    def _expected(self) -> JarStates:
        """The jars as they are on average over the draws."""
        means = {name: getattr(self.drawn, name).mean(axis=0) for name in CAUSES.values()}
        return replace(self.known, **means)
