"""The quantities that alert rules look at, from the hourly and daily evidence of a month.

Every signal is a frame of unit_id, at (instant, start of the hour), value; which limit applies to it is
threshold data. A signal whose input is absent is absent.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from battery_assets.features.samples.profiles import float_at_25c, working
from battery_assets.features.samples.rated_capacity import REFERENCE_AH

FLOAT_SHARE = 0.9
# A jar heats by 28 K/h at its 15 min rate (SOURCES 2): a peak further over the hour's mean is a bad sample.
PEAK_OVER_MEAN_K = 14.0
SETTLED = timedelta(hours=24)
BASELINE_HOURS, BASELINE_LEAST = 72, 24
MEDIAN_LEAST, ANOMALY_LEAST = 6, 8
# What may harm somebody is never left out, whatever else of a string cannot stand: heat, overcharge, runaway.
SAFETY = (
    "jar_temperature", "jar_above_room", "room_temperature", "float_above_band", "float_current",
    "float_current_rise", "charge_current",
)  # fmt: skip
# What sensors and readings scatter by themselves: 20 mV, 0.5 K, 3 % (SOURCES 8.1, 8.3).
ANOMALY_FLOORS = {"v": 0.02, "t": 0.5, "r": 0.03}

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
        "temperature above the room by",
        "Check air flow, float current and terminals.",
        _ROOM_NEEDED,
    ),
    "room_temperature": ("room temperature is", "Check the cooling.", "env (environment telemetry)"),
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

    hours: 1 h rows of feature_store. strings_hours: `profiles.string_hours`. env: `profiles.room_hours`.
    soh: battery_id, at, soh_pct (source optional). resistance: `profiles.resistance_readings`, readings of
    earlier months included. rul: rows of rul_prediction. data_quality: `data_quality.findings`.
    quarantined: the strings, and their jars, whose telemetry breaks a law: of these SAFETY alone is judged.
    jars: `profiles.jars_in_places`. start, end: the month, [start, end), UTC.
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
    found: dict[str, pl.DataFrame] = {}
    rows = None if inputs.hours is None else _jar_rows(inputs, inputs.hours)
    if rows is not None:
        found |= _jar_signals(rows)
    if inputs.strings_hours is not None:
        found |= _string_signals(inputs.strings_hours, inputs.jars)
    if inputs.env is not None:
        found["room_temperature"] = _signal(inputs.env, "location_id", "hour", pl.col("temperature_c"))
    readings = None if inputs.resistance is None else _readings(inputs.resistance, inputs.jars)
    if readings is not None:
        growth = {
            "r_vs_baseline": pl.col("baseline_pct") - 100.0,
            "r_vs_median": (pl.col("ratio") - 1.0) * 100.0,
        }
        found |= {name: _signal(readings, "battery_id", "measured_at", pct) for name, pct in growth.items()}
    if inputs.soh is not None:
        found["soh"] = _signal(inputs.soh, "battery_id", "at", pl.col("soh_pct"))
    if inputs.rul is not None:
        found |= _life_signals(inputs.rul)
    if rows is not None:
        found["anomaly_distance"] = _anomaly(rows, readings)
    believed = ~pl.col("unit_id").is_in(sorted(inputs.quarantined))
    found |= {name: frame.filter(believed) for name, frame in found.items() if name not in SAFETY}
    return {name: frame for name, frame in found.items() if frame.height}


def _signal(frame: pl.DataFrame, unit: str, at: str, value: pl.Expr) -> pl.DataFrame:
    named = frame.select(
        unit_id=pl.col(unit).cast(pl.String),
        at=pl.col(at).cast(pl.Datetime("us", "UTC")),
        value=value.cast(pl.Float64),
    )
    return named.filter(pl.col("value").is_not_null())


def _jar_rows(inputs: AlertInputs, hours: pl.DataFrame) -> pl.DataFrame:
    """The 1 h features with the jar's string and what the string did in that hour."""
    if "feature_window_hours" in hours.columns:
        hours = hours.filter(pl.col("feature_window_hours") == 1)
    numbers = ("v_mean", "v_min", "t_mean", "t_max", "t_delta_ambient_mean")
    absent = [pl.lit(None, pl.Float64).alias(name) for name in numbers if name not in hours.columns]
    rows = hours.with_columns(absent).select(
        pl.col("battery_id").cast(pl.String),
        pl.col("feature_ts").dt.offset_by("-1h").alias("at"),
        pl.col(*numbers).cast(pl.Float64),
    )
    lead_acid = pl.col("lead_acid") if "lead_acid" in inputs.jars.columns else pl.lit(value=True)
    facts = inputs.jars.select("battery_id", "string_id", "float_voltage_max_v", lead_acid=lead_acid)
    rows = rows.join(facts, on="battery_id")
    if inputs.strings_hours is None:
        empty = pl.lit(None, pl.Float64)
        return rows.with_columns(float_share=empty, discharge_s=empty)
    did = inputs.strings_hours.select("string_id", pl.col("hour").alias("at"), "float_share", "discharge_s")
    return rows.join(did, on=["string_id", "at"], how="left", validate="m:1")


def _jar_signals(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    on_float = pl.when(pl.col("float_share") >= FLOAT_SHARE)
    rows = rows.with_columns(
        v=on_float.then(pl.col("v_mean")),
        low=pl.when(pl.col("discharge_s") >= 15.0).then(pl.col("v_min")),
        peak=pl.when(pl.col("t_max") - pl.col("t_mean") <= PEAK_OVER_MEAN_K)
        .then(pl.col("t_max"))
        .otherwise(pl.col("t_mean")),
    ).with_columns(
        middle=pl.col("v").median().over("string_id", "at"),
        low_middle=pl.col("low").median().over("string_id", "at"),
        # What temperature does to a float voltage, and where a discharge ends, is known of lead-acid.
        v25=pl.when("lead_acid").then(float_at_25c(pl.col("v"), pl.col("t_mean"))).otherwise(pl.col("v")),
    )
    of_lead = pl.when("lead_acid")
    values = {
        "float_below_median": pl.col("middle") - pl.col("v"),
        "float_above_median": pl.col("v") - pl.col("middle"),
        "float_voltage_25c": of_lead.then(pl.col("v25")),
        "float_above_band": pl.col("v25") - pl.col("float_voltage_max_v"),
        "discharge_below_median": pl.col("low_middle") - pl.col("low"),
        "discharge_voltage": of_lead.then(pl.col("low")),
        "jar_temperature": pl.col("peak"),
        "jar_above_room": pl.col("t_delta_ambient_mean"),
    }
    return {name: _signal(rows, "battery_id", "at", value) for name, value in values.items()}


def _string_signals(hours: pl.DataFrame, jars: pl.DataFrame) -> dict[str, pl.DataFrame]:
    facts = jars.group_by("string_id").agg(
        capacity_ah=pl.col("capacity_ah").median().fill_null(REFERENCE_AH),
        limit_a=pl.col("max_charge_current_a").median().fill_null(36.0),
    )
    rows = hours.join(facts, on="string_id", validate="m:1").sort("string_id", "hour")
    calm_hour = (pl.col("float_share") >= FLOAT_SHARE) & ~working(pl.col("capacity_ah"))
    moving = (~calm_hour).fill_null(True).cast(pl.Int32)
    busy = moving.rolling_sum_by("hour", window_size="25h").over("string_id")
    known_for = pl.col("hour") - pl.col("hour").min().over("string_id")
    calm = rows.filter((busy == 0) & (known_for >= SETTLED))
    per_ah = pl.col("float_current_a") / pl.col("capacity_ah") * 1000.0
    usual = per_ah.rolling_median(BASELINE_HOURS, min_samples=BASELINE_LEAST).shift(1).over("string_id")
    ripple_pct = pl.col("ripple_voltage_10min_v") / pl.col("v_mean") * 100.0
    return {
        "float_current": _signal(calm, "string_id", "hour", per_ah),
        "float_current_rise": _signal(calm, "string_id", "hour", per_ah - usual),
        "charge_current": _signal(
            rows, "string_id", "hour", pl.col("charge_current_30s_a") / pl.col("limit_a")
        ),
        "ripple_current": _signal(
            rows, "string_id", "hour", pl.col("ripple_current_10min_a") / pl.col("capacity_ah")
        ),
        "ripple_voltage": _signal(rows.filter(pl.col("v_mean") > 1.0), "string_id", "hour", ripple_pct),
    }


def _readings(resistance: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """Readings with `ratio` to the median of the string's readings of that UTC day (six jars at least)."""
    rows = resistance.join(jars.select("battery_id", "string_id"), on="battery_id").with_columns(
        day=pl.col("measured_at").dt.date()
    )
    whole = pl.col("battery_id").n_unique().over("string_id", "day") >= MEDIAN_LEAST
    middle = pl.col("resistance_mohm").median().over("string_id", "day")
    return rows.with_columns(ratio=pl.when(whole & (middle > 0)).then(pl.col("resistance_mohm") / middle))


def _life_signals(rul: pl.DataFrame) -> dict[str, pl.DataFrame]:
    columns = {
        "rul_days": "rul_days",
        "failure_probability_30d": "failure_probability_30d",
        "failure_probability_90d": "failure_probability_90d",
    }
    return {
        name: _signal(rul, "battery_id", "predicted_at", pl.col(column))
        for name, column in columns.items()
        if column in rul.columns
    }


def _anomaly(rows: pl.DataFrame, readings: pl.DataFrame | None) -> pl.DataFrame:
    """Robust distance of a jar's UTC day from the other jars of its string, dated at the day's last hour.

    sqrt(zv^2 + zt^2 + zr^2) with z = (x - median) / max(1.4826 MAD, floor) over the jars of the string;
    v: mean float voltage, t: mean temperature, r: resistance ratio. A quantity not measured adds nothing.
    """
    on_float = pl.when(pl.col("float_share") >= FLOAT_SHARE)
    days = rows.with_columns(day=pl.col("at").dt.date(), v=on_float.then(pl.col("v_mean"))).with_columns(
        v=pl.col("v") - pl.col("v").median().over("string_id", "at"),
        t=pl.col("t_mean") - pl.col("t_mean").median().over("string_id", "at"),
    )
    days = days.group_by("battery_id", "string_id", "day").agg(pl.col("v").mean(), pl.col("t").mean())
    if readings is None:
        days = days.with_columns(r=pl.lit(None, pl.Float64))
    else:
        daily = readings.group_by("battery_id", "day").agg(r=pl.col("ratio").mean())
        days = days.join(daily, on=["battery_id", "day"], how="left", validate="1:1")
    squares = []
    for name, floor in ANOMALY_FLOORS.items():
        apart = pl.col(name) - pl.col(name).median().over("string_id", "day")
        spread = 1.4826 * apart.abs().median().over("string_id", "day")
        squares.append((apart / spread.clip(lower_bound=floor)) ** 2)
    enough = pl.len().over("string_id", "day") >= ANOMALY_LEAST
    seen = pl.any_horizontal(pl.col(name).is_not_null() for name in ANOMALY_FLOORS)
    distance = pl.when(enough & seen).then(pl.sum_horizontal(squares, ignore_nulls=True).sqrt())
    last_hour = pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + timedelta(hours=23)
    return _signal(days.with_columns(at=last_hour, d=distance), "battery_id", "at", pl.col("d"))
