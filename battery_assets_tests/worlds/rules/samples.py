"""Samples of four equal sites, each of which meets one rule in its own way, reduced as the product reduces
them.

`kept` passes the limit for just as long as the rule asks, `short` stays just short of the limit for hours,
`spike` passes it far, but for less long, `flapping` passes it with every other sample.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from battery_assets.features.operations.alert_rules import Threshold
from battery_assets.features.operations.alert_signals import AlertInputs
from battery_assets.features.samples.profiles import room_hours
from battery_assets.fleet.credible import Judge
from battery_assets.fleet.hours import JARS, SENSORS, STRINGS
from battery_assets_tests.worlds import operations as world

CASES = ("kept", "short", "spike", "flapping")
JARS_PER_STRING = 8
ONSET_H = 2  # hours before what happens, for rules that look at no history
SECONDS = {"s": 1, "min": 60}


@dataclass(frozen=True)
class Recipe:
    """How a signal is carried: sampling step (s), hours before and after it begins, and the columns of a unit
    that takes the level x. Of jars the last one is the unit, of strings and rooms they themselves.
    """

    kind: str
    columns: Callable[[np.ndarray], dict[str, np.ndarray]]
    step_s: int = 5
    before_h: int = ONSET_H
    after_h: int = 2
    whole_string: dict[str, object] | None = None


def _volts(x: np.ndarray) -> dict[str, np.ndarray]:
    return {"voltage_v": x}


RECIPES = {
    "float_below_median": Recipe("jar", lambda x: _volts(13.62 - x)),
    "float_above_median": Recipe("jar", lambda x: _volts(13.62 + x)),
    "float_voltage_25c": Recipe("string's jars", _volts),
    "float_above_band": Recipe("string's jars", lambda x: _volts(13.8 + x)),
    "discharge_below_median": Recipe(
        "jar", lambda x: _volts(12.0 - x), whole_string={"current_a": -60.0, "mode": "discharge"}
    ),
    "discharge_voltage": Recipe(
        "string's jars", _volts, whole_string={"current_a": -60.0, "mode": "discharge"}
    ),
    "jar_temperature": Recipe("jar", lambda x: {"temperature_c": x}),
    "jar_above_room": Recipe("jar", lambda x: {"temperature_c": 25.0 + x}),
    "float_current": Recipe("string", lambda x: {"current_a": x * 0.12}, 60, 26, 7),
    "charge_current": Recipe("string", lambda x: {"current_a": x * 36.0}),
    "ripple_current": Recipe("string", lambda x: {"ripple_current_rms_a": x * 120.0}),
    "ripple_voltage": Recipe("string", lambda x: {"ripple_voltage_rms_v": x * 3.269 / 3.0}),
    "room_temperature": Recipe("room", lambda x: {"temperature_c": x}, 60),
}


def level(rule: Threshold) -> float:
    """What the signal is while nothing happens; a jar heats by 14 K in an hour at most."""
    if rule.signal == "jar_temperature":
        return rule.value - 10.0
    quiet = {
        "float_voltage_25c": 13.62,
        "float_above_band": -0.18,
        "discharge_voltage": 12.0,
        "jar_above_room": 1.0,
        "room_temperature": 25.0,
        "charge_current": 0.001,
        "ripple_current": 1.7 / 120.0,
        "ripple_voltage": 0.06,
    }
    return quiet.get(rule.signal, 0.0)


def courses(rule: Threshold) -> dict[str, np.ndarray]:
    """The signal of each case, by sample."""
    recipe = RECIPES[rule.signal]
    before = recipe.before_h * 3600 // recipe.step_s
    after = recipe.after_h * 3600 // recipe.step_s
    count = rule.persistence * SECONDS[rule.persistence_unit] // recipe.step_s
    quiet, beyond, short = level(rule), world.past(rule, 0.02), world.past(rule, -0.02)
    far = quiet + (rule.value - quiet) * 1.3
    found = {name: np.full(before + after, quiet) for name in CASES}
    found["kept"][before : before + count] = beyond
    found["short"][before:] = short
    # Beyond its first hour a rule counts whole hours.
    found["spike"][before : before + (count - 1 if count * recipe.step_s <= 3600 else count // 2)] = far
    found["flapping"][before::2] = beyond
    return found


def reduced(rule: Threshold) -> AlertInputs:
    """Inputs of the rules in which string and room "kept" keep, "short" stay short, and so on."""
    recipe = RECIPES[rule.signal]
    found = courses(rule)
    samples = len(found["kept"])
    step = timedelta(seconds=recipe.step_s)
    at = [world.START + k * step for k in range(samples)]
    clock = pl.DataFrame({"ts": pl.Series(at, dtype=pl.Datetime("us", "UTC"))})
    facts = jars()
    jar_rows, string_rows, room_rows = [], [], []
    for case in CASES:
        values = recipe.columns(found[case])
        happens = np.arange(samples) >= recipe.before_h * 3600 // recipe.step_s
        jar_rows += _jars(clock, case, recipe, values, happens)
        string_rows.append(_string(clock, case, recipe, values, happens))
        room_rows.append(_room(clock, case, values if recipe.kind == "room" else {}))
    judge, day = Judge(None, facts.clear()), world.START.date()
    jar = JARS.hours(judge, day, pl.concat(jar_rows))["hours"]
    string = STRINGS.hours(judge, day, pl.concat(string_rows))["hours"]
    rooms = SENSORS.hours(judge, day, pl.concat(room_rows))["hours"]
    sensors = pl.DataFrame({"sensor_id": list(CASES), "location_id": list(CASES)})
    texts = pl.col(pl.Categorical).cast(pl.String)
    return AlertInputs(
        jars=facts,
        start=world.START,
        end=world.END,
        hours=jar.with_columns(texts, feature_ts=pl.col("hour").dt.offset_by("1h")),
        strings_hours=string.with_columns(texts),
        env=room_hours(rooms.with_columns(texts), sensors),
    )


def jars() -> pl.DataFrame:
    """Eight jars of the reference model in a string of each case, each in a place of its own."""
    facts = world.jars().filter(pl.col("string_id") == "a", pl.col("position_in_string") <= JARS_PER_STRING)
    return pl.concat(
        facts.with_columns(
            battery_id=pl.format("{}-{}", pl.lit(case), "position_in_string"),
            battery_code=pl.format("{}-J{}", pl.lit(case), "position_in_string"),
            string_id=pl.lit(case),
            string_code=pl.lit(case),
            location_id=pl.lit(case),
            location_code=pl.lit(case),
        )
        for case in CASES
    )


def _jars(clock, case, recipe, values, happens) -> list[pl.DataFrame]:
    rows = []
    for place in range(1, JARS_PER_STRING + 1):
        volts, warm = np.full(clock.height, 13.62), np.full(clock.height, 25.0)
        if recipe.whole_string:
            volts = np.where(happens, 12.0, volts)
        if recipe.kind == "string's jars" or (recipe.kind == "jar" and place == JARS_PER_STRING):
            changed = values.get("voltage_v", volts)
            volts = np.where(happens, changed, volts) if recipe.whole_string else changed
            warm = values.get("temperature_c", warm)
        rows.append(
            clock.with_columns(
                battery_id=pl.lit(f"{case}-{place}"),
                voltage_v=pl.Series(volts, dtype=pl.Float32),
                temperature_c=pl.Series(warm, dtype=pl.Float32),
            )
        )
    return rows


def _string(clock, case, recipe, values, happens) -> pl.DataFrame:
    quiet = {
        "voltage_v": 13.62 * JARS_PER_STRING,
        "current_a": 0.0,
        "mode": "float",
        "ripple_voltage_rms_v": 0.06,
        "ripple_current_rms_a": 1.7,
    }
    rows = clock.with_columns(string_id=pl.lit(case), **{k: pl.lit(v) for k, v in quiet.items()})
    if recipe.whole_string:
        mark = pl.Series(happens)
        return rows.with_columns(
            pl.when(mark).then(pl.lit(x)).otherwise(name).alias(name)
            for name, x in recipe.whole_string.items()
        )
    return rows.with_columns(pl.Series(n, x) for n, x in values.items()) if recipe.kind == "string" else rows


def _room(clock, case, values) -> pl.DataFrame:
    rows = clock.with_columns(
        sensor_id=pl.lit(case), temperature_c=pl.lit(25.0), hvac_status=pl.lit("running")
    )
    return rows.with_columns(pl.Series(name, x) for name, x in values.items())
