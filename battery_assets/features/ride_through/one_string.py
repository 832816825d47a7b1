"""One string under its loads: minutes, weakest jars, what makes them so, and the day on which it is lost."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.features.health.estimate import BY_COURSE, LIKELY_END, WEAR_OUT
from battery_assets.features.health.faults import OPEN, OPEN_MOHM
from battery_assets.features.health.wear_out import ENDS_AT
from battery_assets.features.ride_through.ahead import (
    DRAWS_AHEAD,
    DRAWS_RENEWED,
    LAST_DAY,
    Ahead,
    first_draws,
    look_ahead,
    with_new,
)
from battery_assets.features.ride_through.draws import JarDraws, JarStates, as_physics, column, jar_draws
from battery_assets.features.ride_through.lives import Ends, Lives
from battery_assets.features.ride_through.loads import CURRENT, POWER, of_six
from battery_assets.features.ride_through.riding import (
    Load,
    Ride,
    calibration,
    ride,
    ride_draws,
    ride_past_end,
)
from battery_assets.physics.discharge import Jars, State
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.physics.random_streams import stream
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

INTERVAL = (0.05, 0.95)
A_GAIN = 0.01  # a jar that costs the string less than 1 % of its time does not limit it
CANDIDATES = 2  # jars that are tried as the first to change
NAMED = 0.01  # jars that are the lowest less often are not told
# A jar that gives less at a rate lacks capacity there, whether by its health or by its make.
CAUSES = {
    "capacity": ("soh", "made"),
    "resistance": ("mohm",),
    "charge": ("soc",),
    "temperature": ("temperature_c",),
}
MINUTES = ("runtime_min", "runtime_lower_min", "runtime_upper_min")
LOST = ("load_lost_days", "load_lost_lower_days", "load_lost_upper_days")
SCHEMA = polars_schema(t.string_runtime)


class OneString:
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

        both = LIKELY_END, WEAR_OUT
        likely, stated = (np.stack([column(jars, name) for name in names]) for names in both)
        # Twins of an earlier version told no likely ends.
        days = np.where(np.isfinite(likely), likely, stated)
        self.lives = Lives(days, column(jars, "age_days"), _by_course(jars))

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
        none = dict.fromkeys((*MINUTES, *LOST, "ride_through_probability"), 0.0) | {"load_lost_365d": 1.0}
        if self.string["vacant"]:
            words = f"{self.string['vacant']} of {self.string['places']} places have no jar"
            return none | {"limited_by": "missing_jar", "note": words}
        if self.opened.any():
            jar = int(np.where(self.opened, self.r0_mohm, -1.0).argmax())
            words = f"a connection of {self.r0_mohm[jar]:.0f} mΩ is as good as open"
            opened = {
                "weakest_battery_id": self.ids[jar], "weakest_probability": 1.0, "note": words,
                "weakest_json": json.dumps({self.ids[jar]: 1.0}), "change_first_battery_id": self.ids[jar],
            }  # fmt: skip
            return none | opened | {"limited_by": OPEN}
        return None

    def _unknown(self) -> dict | None:
        jars_known = int(np.count_nonzero(self.known.known))
        if 2 * jars_known >= self.string["places"]:
            return None
        return {"note": f"only {jars_known} of {self.string['places']} jars have a twin"}

    def _carries(self, load: Load, asked: Mapping, size: float) -> dict:
        off = calibration(self.known, self.draws, self.rng)
        ran = ride_draws(self.known, load, self.drawn)
        minutes = ran.minutes * off
        low, middle, high = np.quantile(minutes, [INTERVAL[0], 0.5, INTERVAL[1]])
        share = np.bincount(ran.lowest, minlength=len(self.ids)) / self.draws
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
            **dict(zip(MINUTES, (middle, low, high), strict=True)),
            "ride_through_probability": _probability(minutes >= asked["required_min"]),
            "weakest_battery_id": self.ids[jar],
            "weakest_probability": float(share[jar]),
            "weakest_json": self._named(share),
            "weakest_margin_min": max(float(np.median(ended) - ended[jar]), 0.0),
            "repair_gain_min": gain,
            "limited_by": cause,
            **self._ahead(load, asked["required_min"] / off, share),
            "soc_pct": 100.0 * float(self.known.soc.mean()),
            "soh_pct": 100.0 * float(self.known.soh.mean()),
            "temperature_c": float(self.known.temperature_c.mean()),
        }

    def _named(self, share: np.ndarray) -> str:
        """The jars by how likely each is the lowest, as JSON; those below NAMED are left out."""
        ranked = [int(k) for k in np.argsort(-share, kind="stable") if share[k] >= NAMED]
        return json.dumps({self.ids[k] or "not recorded": round(float(share[k]), 3) for k in ranked})

    def _ahead(self, load: Load, required_min: np.ndarray, share: np.ndarray) -> dict:
        """When the load is lost by wear, and the jar whose renewal puts that off most."""
        drawn, required = first_draws(self.drawn, DRAWS_AHEAD), required_min[:DRAWS_AHEAD]
        ends = self.lives.drawn(drawn.luck, self.rng)

        def lost(of: tuple[JarDraws, Ends]) -> Ahead:
            return look_ahead(self.known, self.lives, *of, load, required[: len(of[1].days)])

        asis = lost((drawn, ends))
        quantiles = dict(zip(LOST, asis.quantiles(0.5, *INTERVAL), strict=True))
        row: dict = {name: float(day) if np.isfinite(day) else None for name, day in quantiles.items()}
        row["load_lost_365d"] = asis.by(365.0)
        # Who is the lowest on that day, and who is today: the two differ where one jar wears fast.
        then = np.bincount(asis.lowest, minlength=len(self.ids)) / len(asis.lowest)
        ranked = np.argsort(-(then + 1e-3 * share), kind="stable")[:CANDIDATES]
        if row["load_lost_days"] is None:
            return row
        few, theirs = first_draws(drawn, DRAWS_RENEWED), ends.of(slice(DRAWS_RENEWED))
        renewed = [lost(with_new(self.known, few, theirs, int(k))).lost_days for k in ranked]
        gains = [
            float(np.mean(np.minimum(new, LAST_DAY) - np.minimum(asis.lost_days[: len(new)], LAST_DAY)))
            for new in renewed
        ]
        best = int(np.argmax(gains))
        gained = gains[best]
        if gained > 0:
            row |= {"change_first_battery_id": self.ids[int(ranked[best])], "change_first_gain_days": gained}
        return row

    def _why(self, load: Load, jar: int) -> tuple[Ride, np.ndarray, str, float]:
        """The expected run, the minutes of each jar, what limits it, and what mending the weakest gives."""
        expected = self._expected()

        def run(jars: JarStates) -> Ride:
            return ride(*_exactly(jars), load)

        now, ended = ride_past_end(*_exactly(expected), load)
        every = [name for names in CAUSES.values() for name in names]
        mended = run(expected.like_the_string(jar, "cells", *every))
        gain = max(mended.minutes - now.minutes, 0.0)
        if expected.cells[jar] < HX12_120.cells:
            return now, ended, "shorted_cell", gain
        gains = {
            cause: run(expected.like_the_string(jar, *names)).minutes - now.minutes
            for cause, names in CAUSES.items()
        }
        cause = max(gains, key=gains.__getitem__)
        return now, ended, cause if gains[cause] > A_GAIN * now.minutes else "whole_string", gain

    def _expected(self) -> JarStates:
        """The jars as they are on average over the draws."""
        parts = {name: getattr(self.drawn, name).mean(axis=-2) for names in CAUSES.values() for name in names}
        return replace(self.known, **parts)


def _by_course(jars: pl.DataFrame) -> np.ndarray | None:
    """`wear_out.ends_by_course` of each jar (J, 1 + 2 Q), NaN where it is not known; None where of no jar."""
    size = 1 + 2 * len(ENDS_AT)
    lists = jars[BY_COURSE].to_list() if BY_COURSE in jars.columns else []
    rows = [row if row and len(row) == size and None not in row else [np.nan] * size for row in lists]
    return np.array(rows, dtype=float) if rows else None


def _exactly(jars: JarStates) -> tuple[Jars, State]:
    return as_physics(jars, JarDraws.exactly(jars))


def _probability(happened: np.ndarray) -> float:
    """Share of the draws, held away from 0 and 1 by as much as their number can tell."""
    return (np.count_nonzero(happened) + 0.5) / (happened.size + 1.0)
