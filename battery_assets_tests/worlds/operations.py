"""A quiet site of two strings, and the smallest change to it that carries one signal to a given value."""

from datetime import UTC, datetime, timedelta

import polars as pl

from battery_assets.features.operations.alert_rules import Threshold
from battery_assets.features.operations.alert_signals import AlertInputs

START = datetime(2026, 3, 1, tzinfo=UTC)
END = datetime(2026, 4, 1, tzinfo=UTC)
HOURS = 120
FROM = START + timedelta(hours=60)
JAR, STRING, PLACE = "a-07", "a", "place"
IN_STRING = pl.col("battery_id").str.starts_with("a-")


def jars() -> pl.DataFrame:
    """Two strings `a` and `b` of 24 jars of the reference model on one system."""
    return pl.DataFrame(
        {
            "battery_id": f"{string}-{k:02d}",
            "battery_code": f"DC-S-{string.upper()}-J{k:02d}",
            "position_in_string": k,
            "string_id": string,
            "string_code": f"DC-S-{string.upper()}",
            "system_id": "system",
            "location_id": PLACE,
            "location_code": "DC-S",
            "capacity_ah": 120.0,
            "float_voltage_min_v": 13.5,
            "float_voltage_max_v": 13.8,
            "boost_voltage_min_v": 14.4,
            "max_charge_current_a": 36.0,
        }
        for string in "ab"
        for k in range(1, 25)
    )


def clock(name: str, shift: int = 0) -> pl.DataFrame:
    """The hours of the world under a column name."""
    first, last = START + timedelta(hours=shift), START + timedelta(hours=HOURS - 1 + shift)
    return pl.DataFrame({name: pl.datetime_range(first, last, "1h", time_unit="us", eager=True)})


def jar_hours() -> pl.DataFrame:
    """1 h features of jars on float at 13.62 V and 25 degC, 1 K over the room."""
    return (
        jars()
        .select("battery_id")
        .join(clock("feature_ts", 1), how="cross")
        .with_columns(v_mean=13.62, v_min=13.61, t_mean=25.0, t_max=25.2, t_delta_ambient_mean=1.0)
    )


def string_hours() -> pl.DataFrame:
    """Hours of two strings on float with healthy ripple."""
    return (
        pl.DataFrame({"string_id": ["a", "b"]})
        .join(clock("hour"), how="cross")
        .with_columns(
            v_mean=326.9,
            float_share=1.0,
            discharge_s=0.0,
            current_mean=0.03,
            float_current_a=0.03,
            charge_current_30s_a=0.1,
            ripple_voltage_10min_v=0.2,
            ripple_current_10min_a=1.7,
        )
    )


def quiet(**changes: object) -> AlertInputs:
    """Inputs of the quiet world with some frames exchanged; what an hour shows was held in it."""
    frames = {
        "jars": jars(),
        "start": START,
        "end": END,
        "hours": jar_hours(),
        "strings_hours": string_hours(),
    }
    return AlertInputs(**{name: _held(name, frame) for name, frame in {**frames, **changes}.items()})


_HELD_AS = {
    "hours": {
        "v_low_30min": "v_mean",
        "v_high_30min": "v_mean",
        "v_low_15s": "v_min",
        "t_high_30min": "t_mean",
        "t_high_5min": "t_max",
    },
    "strings_hours": {"float_current_60min_a": "float_current_a"},
    "env": {"t_high_60min": "temperature_c"},
}


def _held(name: str, frame: object) -> object:
    """A frame with the held columns that it does not have as what the hour shows."""
    if not isinstance(frame, pl.DataFrame):
        return frame
    absent = {held: column for held, column in _HELD_AS.get(name, {}).items() if held not in frame.columns}
    return frame.with_columns(
        pl.col(column).alias(held) for held, column in absent.items() if column in frame.columns
    )


def during(
    column: str, value: object, unit: pl.Expr, at: str = "feature_ts", since: datetime = FROM
) -> pl.Expr:
    """A column that takes a value on some units from an instant on."""
    return pl.when(unit & (pl.col(at) > since)).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)


def set_to(signal: str, x: float) -> AlertInputs:
    """The quiet world in which `signal` takes the value x on its unit, from hour 60 on."""
    return _WORLDS[signal](x)


def _jar(unit: pl.Expr, since: datetime = FROM, **columns: float) -> AlertInputs:
    changes = (during(name, x, unit, since=since) for name, x in columns.items())
    return quiet(hours=jar_hours().with_columns(changes))


def _string(**columns: float) -> AlertInputs:
    unit = pl.col("string_id") == STRING
    rows = string_hours().with_columns(during(name, x, unit, "hour") for name, x in columns.items())
    return quiet(strings_hours=rows)


def _discharge(unit: pl.Expr, low: float) -> AlertInputs:
    one_hour = pl.col("hour") == FROM
    strings = string_hours().with_columns(discharge_s=pl.when(one_hour).then(30.0).otherwise(0.0))
    in_it = pl.col("feature_ts") == FROM + timedelta(hours=1)
    v_min = pl.when(in_it & unit).then(low).when(in_it).then(12.0).otherwise("v_min")
    return quiet(strings_hours=strings, hours=jar_hours().with_columns(v_min=v_min))


def _calm_current(amps: float, since: datetime) -> AlertInputs:
    unit = pl.col("string_id") == STRING
    rows = string_hours().with_columns(float_current_a=0.0)
    return quiet(strings_hours=rows.with_columns(during("float_current_a", amps, unit, "hour", since)))


def readings(days: int = 3, **change: float) -> pl.DataFrame:
    """Daily ohmic readings of string `a`: 4.2 mohm, no baseline; `change` sets columns of the jar."""
    frame = jars().filter(IN_STRING).select("battery_id")
    stamps = pl.DataFrame({"measured_at": [START + timedelta(days=d, hours=9) for d in range(days)]})
    rows = frame.join(stamps.cast(pl.Datetime("us", "UTC")), how="cross")
    rows = rows.with_columns(resistance_mohm=pl.lit(4.2), baseline_pct=pl.lit(None, pl.Float64))
    mine = pl.col("battery_id") == JAR
    return rows.with_columns(pl.when(mine).then(x).otherwise(name).alias(name) for name, x in change.items())


def life(**values: float) -> pl.DataFrame:
    """One prediction of the jar: far from its end but for the values given."""
    healthy = {
        "rul_days": 2000.0,
        "rul_lower_ci_days": 1000.0,
        "failure_probability_30d": 0.01,
        "failure_probability_90d": 0.02,
    }
    row = {
        "battery_id": JAR,
        "predicted_at": START + timedelta(days=20),
        "source": "ml_model",
        "model_id": "m",
    }
    return pl.DataFrame([row | healthy | values]).cast({"predicted_at": pl.Datetime("us", "UTC")})


def health(soh_pct: float) -> pl.DataFrame:
    """One state of health of the jar."""
    row = {"battery_id": JAR, "at": START + timedelta(days=20), "soh_pct": soh_pct, "source": "digital_twin"}
    return pl.DataFrame([row]).cast({"at": pl.Datetime("us", "UTC")})


def room(temperature_c: float) -> pl.DataFrame:
    """Hours of a room at 25 degC that takes another temperature at hour 60."""
    rows = clock("hour").with_columns(location_id=pl.lit(PLACE), temperature_c=25.0)
    return rows.with_columns(during("temperature_c", temperature_c, pl.lit(True), "hour"))


def failed_unit(hours: float) -> pl.DataFrame:
    """A room whose cooling unit reports a fault for so many hours."""
    until = FROM + timedelta(hours=round(hours))
    flag = pl.when(pl.col("hour").is_between(FROM, until, closed="left")).then(1.0).otherwise(0.0)
    return room(25.0).with_columns(hvac_fault_15min=flag)


_ONE = pl.col("battery_id") == JAR
_WORLDS = {
    "float_below_median": lambda x: _jar(_ONE, START, v_mean=13.62 - x),
    "cell_short": lambda x: _jar(_ONE, v_mean=13.62 - x),
    "float_above_median": lambda x: _jar(_ONE, v_mean=13.62 + x),
    "float_voltage_25c": lambda x: _jar(IN_STRING, v_mean=x),
    "float_above_band": lambda x: _jar(IN_STRING, v_mean=13.8 + x),
    "discharge_below_median": lambda x: _discharge(_ONE, 12.0 - x),
    "discharge_voltage": lambda x: _discharge(pl.lit(True), x),
    "jar_temperature": lambda x: _jar(_ONE, t_mean=x - 0.2, t_max=x),
    "jar_above_room": lambda x: _jar(_ONE, t_delta_ambient_mean=x),
    "room_temperature": lambda x: quiet(env=room(x)),
    "hvac_fault": lambda x: quiet(env=failed_unit(x)),
    "float_current": lambda x: _calm_current(x * 0.12, START - timedelta(hours=1)),
    "float_current_rise": lambda x: _calm_current(x * 0.12, FROM),
    "charge_current": lambda x: _string(charge_current_30s_a=x * 36.0),
    "ripple_current": lambda x: _string(ripple_current_10min_a=x * 120.0),
    "ripple_voltage": lambda x: _string(ripple_voltage_10min_v=x * 3.269),
    "r_vs_baseline": lambda x: quiet(resistance=readings(baseline_pct=100.0 + x).filter(_ONE)),
    "r_vs_median": lambda x: quiet(resistance=readings(resistance_mohm=4.2 * (1.0 + x / 100.0))),
    "soh": lambda x: quiet(soh=health(x)),
    "failure_probability_90d": lambda x: quiet(rul=life(failure_probability_90d=x)),
    "rul_days": lambda x: quiet(rul=life(rul_days=x)),
    "failure_probability_30d": lambda x: quiet(rul=life(failure_probability_30d=x)),
    "anomaly_distance": lambda x: _jar(_ONE, t_mean=25.0 + 0.5 * x, t_max=25.2 + 0.5 * x),
}


def past(rule: Threshold, by: float) -> float:
    """A value past the rule's limit by a relative amount; negative: short of it."""
    step = max(abs(rule.value), 1e-6) * by
    return rule.value + step if rule.direction == "above" else rule.value - step


def unit_of(rule: Threshold) -> pl.Expr:
    """Alerts about the unit that `set_to` changes."""
    if rule.unit_kind == "jar":
        return pl.col("battery_id") == JAR
    column = "string_id" if rule.unit_kind == "string" else "location_id"
    unit = STRING if rule.unit_kind == "string" else PLACE
    return pl.col("battery_id").is_null() & (pl.col(column) == unit)
