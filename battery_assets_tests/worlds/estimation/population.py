"""A population of jars in service, with what is known of them and a discharge of some, against its truth.

Profiles, rates, mechanisms and initial capacities are drawn as SOURCES 3 says; each jar deviates from its
product in acid and kinetics, and its resistance rises by more or less than its wear. Who fell under 80 % has
left within two months.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from battery_assets.features.health.estimate import state_of_health
from battery_assets.features.health.evidence import FITS
from battery_assets.features.twin.identify import identified, population_spread
from battery_assets.features.twin.jar_model import prior_parameters
from battery_assets.features.windows.discharges import discharge_windows
from battery_assets.features.windows.feature_rows import TelemetryDay
from battery_assets.physics import ageing
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets_tests.worlds.estimation import world

AT = datetime(2026, 3, 31, tzinfo=UTC)
OLDEST_YEARS, LEAVES_YEARS = 10.0, 1.0 / 6.0
RISE_SCATTER, HAND_GAIN_SD, READ_SD, ACCEPTANCE_SD = 0.075, 0.01, 0.015, 0.01
ROUNDS_DAYS = (20, 110, 200, 290)
# What a jar was discharged by in the year: A, minutes, V at which it ends, and how many of a hundred.
LOADS = {
    "float only": (0.0, 0.0, 0.0, 30),
    "150 A to 6 min": (150.0, 6.0, 9.6, 20),
    "100 A 12 min": (100.0, 12.0, 9.6, 15),
    "60 A 40 min": (60.0, 40.0, 9.6, 15),
    "12 A 2 h": (12.0, 120.0, 9.6, 10),
    "12 A to the end": (12.0, 900.0, 10.8, 10),
}


@dataclass(frozen=True)
class Member:
    """A jar in service: truth, and what its owner knows."""

    jar: world.Jar
    age_years: float
    mean_c: float
    accepted_ah: float
    initial_mohm: float
    readings: tuple[tuple[float, float], ...]  # days ago, mohm at 25 °C
    load: str


def members(rng: np.random.Generator, count: int, spread: float = 1.0) -> list[Member]:
    """`count` jars that are in service."""
    found: list[Member] = []
    while len(found) < count:
        one = _member(rng, spread)
        if one is not None:
            found.append(one)
    return found


def _member(rng: np.random.Generator, spread: float) -> Member | None:
    profile = ageing.PROFILES[int(rng.choice(3, p=[p.share for p in ageing.PROFILES]))]
    mechanism = ageing.MECHANISMS[0]
    if profile is not ageing.PROFILES[0]:
        mechanism = ageing.MECHANISMS[int(rng.choice(3, p=[m.share for m in ageing.MECHANISMS]))]
    rate, initial = profile.rate * np.exp(0.25 * rng.standard_normal()), rng.normal(ageing.MEAN_INITIAL, 0.02)
    age, warm = rng.uniform(0.0, OLDEST_YEARS), rng.normal(26.5, 1.5)
    speed = float(ageing.ageing_factor(warm))
    end = float(ageing.years_to_end(rate, initial)) / speed
    if age > end + rng.uniform(0.0, LEAVES_YEARS) or rng.random() > np.exp(-profile.sudden_per_year * age):
        return None
    rises = max(0.2, 1.0 + RISE_SCATTER * spread * rng.standard_normal())

    def course(years_ago: float) -> tuple[float, float]:
        soh = float(ageing.state_of_health(max(age - years_ago, 0.0) * speed, rate, initial))
        worn = ageing.wear(soh, initial)
        ratio = ageing.resistance_ratio(worn, profile.rise_at_end, mechanism.lead_exponent, mechanism.rise)
        return soh, 1.0 + (float(ratio) - 1.0) * rises

    base = float(np.clip(rng.normal(1.0, 0.04), 0.85, 1.18))
    soh, ratio = course(0.0)
    jar = world.jar(rng, soh, base * ratio, spread)
    scale = jar.capacity_scale * float(ageing.capacity_scale(initial) / ageing.capacity_scale(soh))
    accepted = world.true_c10(jar.own, scale, base) * (1 + ACCEPTANCE_SD * rng.standard_normal())
    ohm, gain = base * HX12_120.ohmic_mohm, 1 + HAND_GAIN_SD * rng.standard_normal()
    readings = tuple(
        (days, ohm * course(days / 365.25)[1] * gain * (1 + READ_SD * rng.standard_normal()))
        for days in ROUNDS_DAYS
        if days / 365.25 < age
    )
    shares = np.array([share for *_, share in LOADS.values()]) / 100.0
    load = list(LOADS)[int(rng.choice(len(LOADS), p=shares))]
    first = ohm * (1 + READ_SD * rng.standard_normal())
    return Member(jar, age, warm, accepted, first, readings, load)


def known_jars(people: list[Member]) -> pl.DataFrame:
    """Master data of the jars, each in a string of its own."""
    names = [f"jar-{k:04d}" for k in range(len(people))]
    born = [(AT - timedelta(days=one.age_years * 365.25)).date() for one in people]
    return world.units(names).with_columns(
        installed_date=pl.Series(born, dtype=pl.Date),
        initial_capacity_ah=pl.Series([one.accepted_ah for one in people]),
        initial_resistance_mohm=pl.Series([one.initial_mohm for one in people]),
    )


def measurements(people: list[Member]) -> pl.DataFrame:
    """The ohmic rounds of the year."""
    rows = [
        (f"jar-{k:04d}", AT - timedelta(days=days), mohm, 25.0)
        for k, one in enumerate(people)
        for days, mohm in one.readings
    ]
    schema = {"battery_id": pl.String, "measured_at": pl.Datetime("us", "UTC"), "resistance_mohm": pl.Float64,
              "temperature_c": pl.Float64}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def discharge_fits(rng: np.random.Generator, people: list[Member], jars: pl.DataFrame) -> pl.DataFrame:
    """What the discharges show of their jars' health, by faulty sensors and the twin's identification."""
    names = jars["battery_id"].to_list()
    days = []
    for name, one in zip(names, people, strict=True):
        amps, minutes, stop_v, _ = LOADS[one.load]
        lasts = rng.uniform(1.0, minutes) if one.load == "150 A to 6 min" else minutes
        if amps:
            days.append(world.reading(rng, one.jar, name, amps, lasts, stop_v=stop_v))
    if not days:
        return pl.DataFrame(schema=FITS)
    day = TelemetryDay(world.DAY, *world.together(days), world.NO_THD, world.NO_ROOM)
    windows = discharge_windows([day], jars)
    before = state_of_health(jars, measurements(people), NO_TESTS, _warmth(people, names), AT)
    last = np.array([one.readings[0][1] if one.readings else one.initial_mohm for one in people])
    prior = prior_parameters(
        tuple(names), np.full(len(names), HX12_120.rated_ah), before["soh_pct"].to_numpy(), last
    )
    count = len(names)
    fit = identified(
        windows, prior, population_spread(count, np.ones(count, bool)), np.full(count, HX12_120.rated_ah)
    )
    return pl.DataFrame(
        {
            "battery_id": list(fit.parameters.battery_id),
            "fitted_at": [AT - timedelta(days=28)] * len(fit.soh_pct),
            "soh_pct": fit.soh_pct,
            "soh_std_pct": fit.soh_std_pct,
        },
        schema=FITS,
    )


def estimated(rng: np.random.Generator, people: list[Member]) -> pl.DataFrame:
    """State of health as `state_of_health` gives it, with truth_pct, load and age_years of each jar."""
    jars = known_jars(people)
    names = jars["battery_id"].to_list()
    fits = discharge_fits(rng, people, jars)
    found = state_of_health(jars, measurements(people), NO_TESTS, _warmth(people, names), AT, fits)
    return found.with_columns(
        truth_pct=pl.Series([one.jar.soh_pct for one in people]),
        load=pl.Series([one.load for one in people]),
        age_years=pl.Series([one.age_years for one in people]),
    )


def _warmth(people: list[Member], names: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"battery_id": names, "temperature_c": [one.mean_c for one in people]})


NO_TESTS = pl.DataFrame(
    schema={
        "string_id": pl.String,
        "test_date": pl.Datetime("us", "UTC"),
        "capacity_pct_of_rated": pl.Float64,
    }
)
