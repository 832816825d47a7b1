"""The quantities that alert rules look at, from the hourly and daily evidence of a month.

Every signal is a frame of unit_id, at (instant, start of the hour), value; which limit applies to it is
threshold data. A signal whose input is absent is absent.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from battery_assets.features.operations.jar_signals import (
    anomaly,
    jar_rows,
    jar_signals,
    over_their_room,
    string_readings,
)
from battery_assets.features.operations.signal_frames import signal
from battery_assets.features.operations.string_signals import room_signals, string_signals

# What may harm somebody is never left out, whatever else of a string cannot stand: heat, overcharge, runaway.
SAFETY = (
    "jar_temperature", "jar_above_room", "room_temperature", "float_above_band", "float_current",
    "float_current_rise", "charge_current", "hvac_fault",
)  # fmt: skip

# What a signal says, what to do about it, and the input without which it cannot be judged.
_HOURS, _STRINGS = "hours (1 h features)", "strings_hours"
_FLOAT, _DISCHARGE = f"{_HOURS} and {_STRINGS} on float", f"{_HOURS} and {_STRINGS} with a discharge"
_RETEST = "Ohmic retest, retorque, then replace if confirmed."
_RUNAWAY = "Look for shorted cells or thermal runaway; check the sensor's zero."
_FILTER = "Inspect the rectifier's filter capacitor and phases."
_TEST = "Plan a capacity test."
_ORDER = "Retest now and order the replacement."
_ROOM_NEEDED = "t_delta_ambient_mean in hours (environment telemetry)"
SAYINGS: dict[str, tuple[str, str, str]] = {
    "float_below_median": ("float voltage below the string median by", _RETEST, _FLOAT),
    "cell_short": (
        "float voltage suddenly fell against the string, and stayed low, by",
        "One cell is shorted: measure the jar at its posts and replace it.",
        f"{_FLOAT}, of two days",
    ),
    "float_above_median": (
        "float voltage above the string median by",
        "Compare with its neighbours and age.",
        _FLOAT,
    ),
    "float_voltage_25c": (
        "float voltage at 25 degC is",
        "Ohmic retest; check the charger's set point.",
        _FLOAT,
    ),
    "float_above_band": (
        "float voltage at 25 degC above the model's limit by",
        "Check the charger's set point and temperature probe, and the string for a shorted cell.",
        _FLOAT,
    ),
    "discharge_below_median": ("lowest voltage in discharge below the string median by", _TEST, _DISCHARGE),
    "discharge_voltage": ("lowest voltage in discharge is", _TEST, _DISCHARGE),
    "jar_temperature": ("temperature is", "Check cooling and air flow; do not charge above 50 degC.", _HOURS),
    "jar_above_room": (
        "temperature above the warmest room by",
        "Check air flow, float current and terminals.",
        _ROOM_NEEDED,
    ),
    "room_temperature": ("room temperature is", "Check the cooling.", "env (environment telemetry)"),
    "hvac_fault": (
        "the cooling unit has reported a fault for",
        "Restore the cooling; watch room and jars.",
        "env (environment telemetry)",
    ),
    "float_current": ("settled float current is", _RUNAWAY, f"{_STRINGS} with 24 h of undisturbed float"),
    "float_current_rise": (
        "float current risen over its own baseline by",
        _RUNAWAY,
        f"{_STRINGS} with two days of undisturbed float",
    ),
    "charge_current": (
        "charge current over the model's limit by",
        "Set the charger's current limit.",
        _STRINGS,
    ),
    "ripple_current": ("ripple current is", _FILTER, _STRINGS),
    "ripple_voltage": ("ripple voltage is", _FILTER, _STRINGS),
    "r_vs_baseline": ("resistance over its own baseline by", _RETEST, "resistance readings with a baseline"),
    "r_vs_median": (
        "resistance over the string's median by",
        _RETEST,
        "resistance of six jars of a string a day",
    ),
    "soh": ("state of health is", "Confirm by a capacity test; replace below 80 %.", "soh"),
    "failure_probability_90d": ("probability to fail within 90 days is", "Plan the replacement.", "rul"),
    "rul_days": ("remaining life is", _ORDER, "rul"),
    "failure_probability_30d": ("probability to fail within 30 days is", _ORDER, "rul"),
    "anomaly_distance": (
        "differs from its string in voltage, temperature and resistance; distance",
        "Inspect the jar and its sensor.",
        f"{_HOURS} of eight jars of a string",
    ),
}


@dataclass(frozen=True)
class AlertInputs:
    """Evidence of one site and month. Frames that are None were not available.

    hours: 1 h rows of feature_store with HELD of `jar_hours`. strings_hours: `profiles.string_hours`. env:
    `profiles.room_hours`. soh: battery_id, at, soh_pct (source optional). resistance:
    `profiles.resistance_readings`, readings of earlier months included. rul: rows of rul_prediction.
    data_quality: `data_quality.findings`.
    quarantined: the strings, and their jars, whose telemetry breaks a law: of these SAFETY alone is judged.
    jars: `profiles.jars_in_places`. start, end: the month, [start, end), UTC. Hours may begin before the
    month: what held then is carried over its turn.
    """

    jars: pl.DataFrame
    start: datetime
    end: datetime
    hours: pl.DataFrame | None = None
    strings_hours: pl.DataFrame | None = None
    env: pl.DataFrame | None = None
    soh: pl.DataFrame | None = None
    resistance: pl.DataFrame | None = None
    rul: pl.DataFrame | None = None
    data_quality: pl.DataFrame | None = None
    quarantined: frozenset[str] = frozenset()


def signals(inputs: AlertInputs) -> dict[str, pl.DataFrame]:
    """Every signal that the inputs allow, by the name that the threshold data use."""
    by_rule: dict[str, pl.DataFrame] = {}
    rows = None if inputs.hours is None else jar_rows(inputs.jars, inputs.strings_hours, inputs.hours)
    if inputs.strings_hours is not None:
        by_rule |= string_signals(inputs.strings_hours, inputs.jars)
    if inputs.env is not None:
        by_rule |= room_signals(inputs.env)
    readings = None if inputs.resistance is None else string_readings(inputs.resistance, inputs.jars)
    if rows is not None:
        by_rule |= jar_signals(over_their_room(rows, inputs.env))
    if readings is not None:
        growth = {
            "r_vs_baseline": pl.col("baseline_pct") - 100.0,
            "r_vs_median": (pl.col("ratio") - 1.0) * 100.0,
        }
        by_rule |= {name: signal(readings, "battery_id", "measured_at", pct) for name, pct in growth.items()}
    if inputs.soh is not None:
        by_rule["soh"] = signal(inputs.soh, "battery_id", "at", pl.col("soh_pct"))
    if inputs.rul is not None:
        by_rule |= _life_signals(inputs.rul)
    if rows is not None:
        by_rule["anomaly_distance"] = anomaly(rows, readings)
    believed = ~pl.col("unit_id").is_in(sorted(inputs.quarantined))
    by_rule |= {name: frame.filter(believed) for name, frame in by_rule.items() if name not in SAFETY}
    return {name: frame for name, frame in by_rule.items() if frame.height}


def _life_signals(rul: pl.DataFrame) -> dict[str, pl.DataFrame]:
    columns = {
        "rul_days": "rul_days",
        "failure_probability_30d": "failure_probability_30d",
        "failure_probability_90d": "failure_probability_90d",
    }
    return {
        name: signal(rul, "battery_id", "predicted_at", pl.col(column))
        for name, column in columns.items()
        if column in rul.columns
    }
