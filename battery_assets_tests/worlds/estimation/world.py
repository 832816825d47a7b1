"""Jars with a population's spread, discharged by the generator's physics and read by faulty sensors.

The truth is the generator's own; what the estimators get is frames of telemetry with gain, offset, noise,
rounding, losses, clock skew and stuck stretches. Times are seconds from midnight.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from battery_assets.physics import ageing
from battery_assets.physics.discharge import Jars, State, discharge
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120, Vrla12V120Ah
from battery_assets.physics.ten_hour_test import ten_hour_ah

DAY = date(2026, 3, 2)
STEP_S = 5
START_S = 3600
FLOAT_V = 13.62
# SOURCES 6: Q ±2 %, acid ±3 %, exchange current and depletion ±15 %.
ACID_CAPACITY_SD, ACID_SD, KINETIC_SD = 0.02, 0.03, 0.15
V_GAIN_SD, V_OFFSET_SD, V_NOISE_SD = 0.001, 0.002, 0.004
I_GAIN_SD, I_OFFSET_A, I_NOISE_A = 0.005, 0.2, 0.05
MISSING, SKEW_S, STUCK_SHARE = 0.002, 2.0, 0.1


@dataclass(frozen=True)
class Jar:
    """One jar: its own parameter set, how worn it is, what it truly holds (Ah at 25 °C and the 10 h rate)."""

    own: Vrla12V120Ah
    capacity_scale: float
    resistance_scale: float
    temperature_c: float
    c10_ah: float
    sensor: tuple[float, float, float, float]  # gain and offset of its voltage, of its string's current

    @property
    def soh_pct(self) -> float:
        """True state of health, % of the rated C10."""
        return 100.0 * self.c10_ah / HX12_120.rated_ah

    @property
    def ohmic_mohm(self) -> float:
        """True ohmic resistance at 25 °C."""
        return self.own.ohmic_mohm * self.resistance_scale


@dataclass(frozen=True)
class Reading:
    """A day of one jar in a string of its own: frames as the monitor sends them, and the true SOC (0-1) at
    each string sample."""

    jars_day: pl.DataFrame
    strings_day: pl.DataFrame
    seconds: np.ndarray
    soc: np.ndarray


def jar(rng: np.random.Generator, soh: float, resistance_scale: float, spread: float = 1.0) -> Jar:
    """A jar of a health (1 = rated) with individual deviations, `spread` times the usual."""
    draw = rng.standard_normal(5) * spread
    own = replace(
        HX12_120,
        acid_ml_per_ah=HX12_120.acid_ml_per_ah * (1 + ACID_SD * draw[0]),
        exchange_a=HX12_120.exchange_a * np.exp(KINETIC_SD * draw[1]),
        depletion_per_a=HX12_120.depletion_per_a * np.exp(KINETIC_SD * draw[2]),
    )
    scale = float(ageing.capacity_scale(soh) * HX12_120.acceptance_scale * (1 + ACID_CAPACITY_SD * draw[3]))
    temperature = 25.0 + 3.0 * float(np.clip(draw[4], -2, 2))
    errors = rng.standard_normal(4) * (V_GAIN_SD, V_OFFSET_SD, I_GAIN_SD, I_OFFSET_A)
    c10 = true_c10(own, scale, resistance_scale)
    return Jar(own, scale, resistance_scale, temperature, c10, tuple(errors.tolist()))


def true_c10(own: Vrla12V120Ah, scale: float, resistance_scale: float) -> float:
    """Ah that the jar gives at the 10 h rate and 25 °C to 1.80 V per cell."""
    return float(ten_hour_ah(Jars.new(1, scale, resistance_scale), own)[0])


def reading(
    rng: np.random.Generator,
    one: Jar,
    name: str,
    amps: float,
    minutes: float,
    rest_minutes: float = 30.0,
    stop_v: float = 9.6,
    day: date = DAY,
) -> Reading:
    """A day of an hour of float, a discharge (ends at stop_v), rest and float again, as sensors tell it."""
    strong = amps >= HX12_120.rated_ah / 10
    surface, coup = rng.uniform(0.06, 0.15), rng.uniform(0.06, 0.15) * rng.uniform(0.65, 1.35) * strong
    values = (one.capacity_scale, one.resistance_scale, one.temperature_c, 6.0, surface, coup)
    jars = Jars(*(np.full(1, value) for value in values))
    fine = np.arange(0, minutes * 60 + 1, 1.0)
    load = discharge(jars, fine, current_a=-amps, stop_jar_v=stop_v, jar=one.own)
    calm = replace(jars, surface_charge_v=np.zeros(1), coup_de_fouet_v=np.zeros(1))
    after = np.arange(0, rest_minutes * 60 + 1, 1.0)
    rest = discharge(
        calm, after, current_a=0.0, state=State(*(np.copy(p) for p in _parts(load.state))), jar=one.own
    )
    end = START_S + load.time_s[-1]
    fine_t = np.concatenate(
        [[0, START_S - 1], START_S + load.time_s, end + 1 + rest.time_s, [end + 2 + after[-1], 86_400]]
    )
    fine_v = np.concatenate([[FLOAT_V] * 2, load.jar_v[0], rest.jar_v[0], [FLOAT_V] * 2])
    seconds = np.arange(0, min(end + after[-1] + 1800, 86_395), STEP_S, dtype=float)
    flow = np.where((seconds >= START_S) & (seconds <= end), -amps, np.where(seconds < START_S, 0.03, 0.0))
    drawn = np.clip(seconds - START_S, 0.0, load.time_s[-1]) * amps / 3600
    skew = rng.uniform(-SKEW_S, SKEW_S)
    volts = np.interp(seconds + skew, fine_t, fine_v)
    frames = _frames(rng, name, one, day, seconds, volts, flow, skew)
    return Reading(*frames, seconds, 1.0 - drawn / one.c10_ah)


def _parts(state: State) -> tuple[np.ndarray, ...]:
    return state.depth, state.depletion, state.fast_v


def _frames(
    rng: np.random.Generator,
    name: str,
    one: Jar,
    day: date,
    seconds: np.ndarray,
    volts: np.ndarray,
    flow: np.ndarray,
    skew: float,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Jar and string rows: gain, offset, noise, rounding, stuck stretches, losses, two clocks."""
    n = len(seconds)
    v_gain, v_offset, i_gain, i_offset = one.sensor
    read = np.round(volts * (1 + v_gain) + v_offset + V_NOISE_SD * rng.standard_normal(n), 3)
    amps = np.round(flow * (1 + i_gain) + i_offset + I_NOISE_A * rng.standard_normal(n), 3)
    if rng.random() < STUCK_SHARE:
        begin = rng.integers(0, n)
        read[begin : begin + rng.integers(24, 120)] = read[begin]
    keep = rng.random(n) >= MISSING, rng.random(n) >= MISSING
    base = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    jar_ts, string_ts = ((base + seconds + s) * 1e6 for s in (max(skew, 0.0), max(-skew, 0.0)))
    jars_day = pl.DataFrame({
        "ts": jar_ts.astype(np.int64)[keep[0]], "battery_id": name, "voltage_v": read[keep[0]],
        "temperature_c": np.full(keep[0].sum(), round(one.temperature_c, 1)),
    }, schema_overrides={"voltage_v": pl.Float32, "temperature_c": pl.Float32})  # fmt: skip
    strings_day = pl.DataFrame({
        "ts": string_ts.astype(np.int64)[keep[1]], "string_id": name,
        "voltage_v": np.round(volts, 2)[keep[1]], "current_a": amps[keep[1]],
        "mode": np.where(flow < -1, "discharge", np.where(volts > 13.2, "float", "idle"))[keep[1]],
    })  # fmt: skip
    as_ts = pl.col("ts").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return jars_day.with_columns(as_ts), strings_day.with_columns(as_ts)


def together(readings: list[Reading]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frames of many jars as one day."""
    return pl.concat([r.jars_day for r in readings]), pl.concat([r.strings_day for r in readings])


def units(names: list[str]) -> pl.DataFrame:
    """The jars frame of the estimators: each jar a string of its own."""
    return pl.DataFrame({"battery_id": names, "string_id": names}).with_columns(
        capacity_ah=pl.lit(HX12_120.rated_ah)
    )


_TS = pl.Datetime("us", "UTC")
NO_THD = pl.DataFrame(
    schema={"ts": _TS, "string_id": pl.String, "power_w": pl.Float64, "thd_pct": pl.Float64}
)
NO_ROOM = pl.DataFrame(schema={"ts": _TS, "sensor_id": pl.String, "temperature_c": pl.Float64})
