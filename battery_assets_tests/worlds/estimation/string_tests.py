"""Capacity tests of whole strings, as a monitor of any sampling interval records them, against their truth.

The truth is the generator's physics with jars that deviate from their product; the monitor has gains, offsets
and noise of its own, and begins its interval at any time of the test.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from battery_assets.features.health.capacity import capacity_results
from battery_assets.features.health.estimate import state_of_health
from battery_assets.features.health.evidence import FITS
from battery_assets.features.twin.identify import Identified, identified, population_spread
from battery_assets.features.twin.jar_model import prior_parameters
from battery_assets.features.windows.discharges import discharge_windows
from battery_assets.features.windows.feature_rows import TelemetryDay
from battery_assets.physics import ageing
from battery_assets.physics.discharge import Jars, State, discharge
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.physics.ten_hour_test import made_for_health
from battery_assets_tests.worlds.estimation import world

INTERVALS_S, SEED, TEN_HOURS = (5, 60, 300, 900), 43, (12.0, 1.80)
JARS, DAY_S, STARTS_S = 24, 86_400, 3 * 3600.0
FINE_S, REST_S = 5.0, 3600.0
OLDEST_YEARS = 9.0
READ_SD, ACCEPTANCE_SD = 0.015, 0.02
TEST_DAY = datetime(2026, 3, 2, tzinfo=UTC)
AT = TEST_DAY + timedelta(days=20)


@dataclass(frozen=True)
class Run:
    """A test: seconds (K,), V of the jars (24, K), A, and their V in the hour of rest after it (24, ·)."""

    time_s: np.ndarray
    jar_v: np.ndarray
    amps: float
    rest_v: np.ndarray


@dataclass(frozen=True)
class Tested:
    """Strings after a test each: truth of all jars (string by string), master data, records, telemetry."""

    soh_pct: np.ndarray
    jars: pl.DataFrame
    rounds: pl.DataFrame
    tests: pl.DataFrame
    runs: tuple[Run, ...]
    temperature_c: float
    seed: int


def string_tests(seed: int, strings: int, amps: float, end_v_cell: float, warm_c: float = 26.0) -> Tested:
    """`strings` strings of 24 jars of one age each, with some that wear faster, discharged to the end."""
    rng = np.random.default_rng(seed)
    soh, ages, runs, ohms, news = [], [], [], [], []
    for _ in range(strings):
        own, age, new = _course(rng, warm_c)
        base = rng.normal(1.0, 0.04, JARS)
        rise = 1.0 + 2.3 * (1.02 - own) * rng.normal(1.0, 0.15, JARS)
        runs.append(_run(rng, own, base * rise, amps, end_v_cell, warm_c))
        soh.append(own), ages.append(age), ohms.append((base, rise)), news.append(new)
    all_soh, names = np.concatenate(soh), _names(strings)
    base, rise = np.concatenate(ohms, axis=1)
    first = HX12_120.ohmic_mohm * base * rng.normal(1.0, READ_SD, len(names))
    born = [(AT - timedelta(days=float(a) * 365.25)).date() for a in np.concatenate(ages)]
    accepted = 120.0 * np.concatenate(news) * rng.normal(1.0, ACCEPTANCE_SD, len(names))
    jars = pl.DataFrame({"battery_id": names, "string_id": [name[:3] for name in names]}).with_columns(
        capacity_ah=pl.lit(120.0), installed_date=pl.Series(born), initial_capacity_ah=pl.Series(accepted),
        initial_resistance_mohm=pl.Series(first),
    )  # fmt: skip
    rounds = pl.concat(
        pl.DataFrame(
            {
                "battery_id": names,
                "measured_at": [AT - timedelta(days=days)] * len(names),
                "resistance_mohm": HX12_120.ohmic_mohm * base * rise * rng.normal(1.0, READ_SD, len(names)),
                "temperature_c": [25.0] * len(names),
            },
            schema_overrides={"measured_at": pl.Datetime("us", "UTC")},
        )
        for days in (30, 120, 210)
    )
    return Tested(
        100.0 * all_soh, jars, rounds, _record(runs, amps, end_v_cell, warm_c), tuple(runs), warm_c, seed
    )


def _course(rng: np.random.Generator, warm_c: float) -> tuple[np.ndarray, ...]:
    """State of health, age and first capacity of a string's jars: one age, but for those that failed and were replaced."""
    age = np.full(JARS, rng.uniform(1.0, OLDEST_YEARS))
    rate = 0.02 * np.exp(rng.normal(0.0, 0.25, JARS)) * np.where(rng.random(JARS) < 0.08, 3.0, 1.0)
    initial = rng.normal(ageing.MEAN_INITIAL, 0.02, JARS)
    faster = float(ageing.ageing_factor(warm_c))
    own = ageing.state_of_health(age * faster, rate, initial)
    # Replaced when somebody saw it, some time after it had failed.
    gone = own < rng.uniform(0.72, 0.80, JARS)
    age = np.where(gone, rng.uniform(0.1, 1.0, JARS) * age / 2, age)
    rate = np.where(gone, 0.02, rate)
    return np.maximum(ageing.state_of_health(age * faster, rate, initial), 0.72), age, initial


def _names(strings: int) -> list[str]:
    return [f"s{s:02d}-j{k:02d}" for s in range(strings) for k in range(JARS)]


def _run(rng, soh, resistance, amps: float, end_v_cell: float, warm_c: float) -> Run:
    """A string's test, every 5 s."""
    acid, exchange, depletion = (
        1 + 0.03 * rng.standard_normal(JARS), np.exp(0.15 * rng.standard_normal(JARS)),
        np.exp(0.15 * rng.standard_normal(JARS)),
    )  # fmt: skip
    scale = made_for_health(ageing.capacity_scale(soh) * HX12_120.acceptance_scale, acid, exchange, depletion)
    surface, coup = rng.uniform(0.06, 0.15, JARS), rng.uniform(0.04, 0.20, JARS)
    jars = Jars(scale, resistance, np.full(JARS, warm_c), np.full(JARS, 6.0), surface, coup)
    jars = replace(jars, acid_scale=acid, exchange_scale=exchange, depletion_scale=depletion)
    grid = np.arange(0.0, 20 * 3600.0, FINE_S)
    ran = discharge(jars, grid, current_a=-amps, stop_string_v=JARS * 6 * end_v_cell, stop_jar_v=9.6)
    calm = replace(jars, surface_charge_v=np.zeros(JARS), coup_de_fouet_v=np.zeros(JARS))
    last = State(*(np.copy(part) for part in (ran.state.depth, ran.state.depletion, ran.state.fast_v)))
    rest = discharge(calm, np.arange(0.0, REST_S, FINE_S), current_a=0.0, state=last)
    return Run(ran.time_s, ran.jar_v, amps, rest.jar_v)


def _record(runs: list[Run], amps: float, end_v_cell: float, warm_c: float) -> pl.DataFrame:
    """capacity_test_raw with its result, as `state_of_health` takes it."""
    count = len(runs)
    raw = pl.DataFrame(
        {
            "test_id": [f"t{k}" for k in range(count)],
            "string_id": [f"s{k:02d}" for k in range(count)],
            "test_date": [TEST_DAY + timedelta(seconds=STARTS_S)] * count,
            "test_type": ["full_discharge"] * count,
            "discharge_rate_a": [amps] * count,
            "discharge_duration_min": [float(run.time_s[-1]) / 60.0 for run in runs],
            "cutoff_voltage_v": [JARS * 6 * end_v_cell] * count,
            "ambient_temp_c": [warm_c] * count,
        },
        schema_overrides={"test_date": pl.Datetime("us", "UTC")},
    )
    ids = raw["string_id"].to_list()
    found = capacity_results(raw, dict.fromkeys(ids, 120.0), dict.fromkeys(ids, JARS))
    return raw.join(found, on="test_id")


def telemetry(known: Tested, interval_s: float) -> TelemetryDay:
    """The day of the tests as sensors tell it, one sample of everything each interval."""
    rng = np.random.default_rng([known.seed, int(interval_s)])
    jars, strings = [], []
    for s, run in enumerate(known.runs):
        at = np.arange(rng.uniform(0.0, interval_s), DAY_S, interval_s)
        since, lasts = at - STARTS_S, float(run.time_s[-1])
        loaded, before = (since >= 0) & (since <= lasts), since < 0
        amps = np.where(loaded, -run.amps, np.where(before, 0.03, 0.0))
        gain, offset = rng.normal(1.0, world.I_GAIN_SD), rng.normal(0.0, world.I_OFFSET_A)
        read_a = amps * gain + offset + world.I_NOISE_A * rng.standard_normal(at.size)
        volts = np.stack([np.interp(since, run.time_s, v) for v in run.jar_v])
        rest_s = np.arange(run.rest_v.shape[1]) * FINE_S
        rested = np.stack([np.interp(since - lasts, rest_s, v) for v in run.rest_v])
        volts = np.where(loaded, volts, np.where(before, world.FLOAT_V, rested))
        read_v = volts * rng.normal(1.0, world.V_GAIN_SD, (JARS, 1)) + rng.normal(
            0.0, world.V_OFFSET_SD, (JARS, 1)
        )
        read_v = (read_v + world.V_NOISE_SD * rng.standard_normal(volts.shape)).round(3)
        ts = pl.Series("ts", ((TEST_DAY.timestamp() + at) * 1e6).astype(np.int64)).cast(pl.Datetime("us"))
        ts = ts.dt.replace_time_zone("UTC")
        jars += [
            pl.DataFrame({"ts": ts, "battery_id": f"s{s:02d}-j{k:02d}", "voltage_v": read_v[k],
                          "temperature_c": np.full(at.size, known.temperature_c)})
            for k in range(JARS)
        ]  # fmt: skip
        mode = np.where(loaded, "discharge", np.where(before, "float", "idle"))
        strings.append(pl.DataFrame({"ts": ts, "string_id": f"s{s:02d}", "voltage_v": volts.sum(0).round(2),
                                     "current_a": read_a.round(2), "mode": mode}))  # fmt: skip
    return TelemetryDay(TEST_DAY.date(), pl.concat(jars), pl.concat(strings), world.NO_THD, world.NO_ROOM)


def identified_by(known: Tested, interval_s: float) -> Identified:
    """What the test shows of every jar by its own voltage."""
    windows = discharge_windows([telemetry(known, interval_s)], known.jars)
    ids = known.jars["battery_id"].to_list()
    rated = np.full(len(ids), 120.0)
    last = known.rounds.unique("battery_id", keep="first", maintain_order=True)["resistance_mohm"].to_numpy()
    prior = prior_parameters(tuple(ids), rated, before(known)["soh_pct"].to_numpy(), last)
    return identified(windows, prior, population_spread(len(ids), np.ones(len(ids), bool)), rated)


def before(known: Tested) -> pl.DataFrame:
    """Health by age and readings alone."""
    return state_of_health(known.jars, known.rounds, known.tests.clear(), _warmth(known), AT)


def after(known: Tested, interval_s: float | None) -> pl.DataFrame:
    """Health with the test, and with what telemetry of an interval shows of it (None: there is none)."""
    fits = pl.DataFrame(schema=FITS)
    if interval_s is not None:
        found = identified_by(known, interval_s)
        fits = pl.DataFrame(
            {"battery_id": list(found.parameters.battery_id), "fitted_at": found.fitted_at,
             "soh_pct": found.soh_pct, "soh_std_pct": found.soh_std_pct}, schema=FITS,
        ).filter(pl.col("soh_pct").is_finite())  # fmt: skip
    return with_fits(known, fits)


def with_fits(known: Tested, fits: pl.DataFrame) -> pl.DataFrame:
    """Health with the record of the test, and what discharges show."""
    return state_of_health(known.jars, known.rounds, known.tests, _warmth(known), AT, fits)


def _warmth(known: Tested) -> pl.DataFrame:
    return known.jars.select("battery_id", temperature_c=pl.lit(known.temperature_c))


def rmse(frame: pl.DataFrame, known: Tested) -> float:
    """Root mean square error of the health, in points."""
    return float(np.sqrt(np.mean((frame["soh_pct"].to_numpy() - known.soh_pct) ** 2)))


def measure(small: bool) -> dict[str, float]:
    """Error of health in points before a 10 h test and after it, by how often the monitor samples."""
    known = string_tests(SEED, 1 if small else 6, *TEN_HOURS)
    of_intervals = {f"soh_after_test_{s}s_points": rmse(after(known, s), known) for s in INTERVALS_S}
    return {"soh_before_test_points": rmse(before(known), known), **of_intervals}
