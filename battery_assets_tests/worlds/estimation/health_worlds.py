"""Populations of jars in service that age otherwise than the health estimate expects, a recipe each.

Known of a jar are its age, four ohmic rounds of the year, what its acceptance test said, and by choice how it
stands beside its string on float and on a charge. The truth is SOURCES 3.3's course with the recipe's change.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from battery_assets.features.health.estimate import state_of_health
from battery_assets.physics import ageing

AT = datetime(2026, 3, 31, tzinfo=UTC)
OLDEST_YEARS, ROUNDS_DAYS, READ_SD, HAND_SD, OHM = 10.0, (20, 110, 200, 290), 0.015, 0.01, 4.25
FLOAT_SD_V, CHARGE_SD_V, SULFATE_V = 0.06, 0.08, 0.8
JARS_IN_STRING = 24


@dataclass(frozen=True)
class Recipe:
    """What differs: shares of the three profiles, speed of all, a straight line instead of a knee, resistance's
    rise and its scatter between jars, share of jars that sulfate (None: as SOURCES 3.2 has it), how true
    acceptance tests are, how long a jar under 80 % stays (years)."""

    shares: tuple[float, float, float] = (0.85, 0.12, 0.03)
    speed: float = 1.0
    straight: bool = False
    rise: float = 1.0
    rise_sd: float = 0.075
    sulfate: float | None = None
    acceptance_sd: float = 0.01
    stays_years: float = 1.0 / 6.0


WORLDS = {
    "matched": Recipe(),
    "mix 60/30/10": Recipe(shares=(0.60, 0.30, 0.10)),
    "rates x 1.5": Recipe(speed=1.5),
    "life halving per 8 K at 31 C": Recipe(speed=2.0 ** (6 / 8 - 6 / 10)),
    "straight loss": Recipe(straight=True),
    "resistance rises half": Recipe(rise=0.5),
    "resistance scatter 20 %": Recipe(rise_sd=0.20),
    "half sulfates": Recipe(sulfate=0.5),
    "acceptance to 5 %": Recipe(acceptance_sd=0.05),
    "failed jars stay": Recipe(stays_years=5.0),
}


def population(recipe: Recipe, count: int, seed: int) -> dict[str, np.ndarray]:
    """At least `count` jars in service: truth and what is known."""
    rng, parts, have = np.random.default_rng(seed), [], 0
    while have < count:
        one = _drawn(rng, recipe, 4 * count)
        parts.append(one)
        have += len(one["soh"])
    return {name: np.concatenate([part[name] for part in parts])[:count] for name in parts[0]}


def _drawn(rng: np.random.Generator, recipe: Recipe, n: int) -> dict[str, np.ndarray]:
    profile = rng.choice(3, n, p=recipe.shares)
    by = [ageing.PROFILES[k] for k in range(3)]
    rate = np.array([p.rate for p in by])[profile] * np.exp(0.25 * rng.standard_normal(n)) * recipe.speed
    mechanism = np.where(profile == 0, 0, rng.choice(3, n, p=[m.share for m in ageing.MECHANISMS]))
    if recipe.sulfate is not None:
        mechanism = np.where(rng.random(n) < recipe.sulfate, 2, np.where(mechanism == 2, 0, mechanism))
    rise_at_end = np.array([p.rise_at_end for p in by])[profile]
    lead, rise, current = (
        np.array([getattr(m, name) for m in ageing.MECHANISMS])[mechanism]
        for name in ("lead_exponent", "rise", "float_current")
    )
    initial, age = rng.normal(ageing.MEAN_INITIAL, 0.02, n), rng.uniform(0.0, OLDEST_YEARS, n)
    scatter = np.maximum(1.0 + recipe.rise_sd * rng.standard_normal(n), 0.1) * recipe.rise

    def course(years_ago: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        tau = np.maximum(age - years_ago, 0.0)
        soh = initial * (1.02 - rate * tau) if recipe.straight else ageing.state_of_health(tau, rate, initial)
        worn = ageing.wear(soh, initial)
        ratio = 1.0 + (ageing.resistance_ratio(worn, rise_at_end, lead, rise) - 1.0) * scatter
        return soh, worn, ratio

    soh, worn, _ = course(0.0)
    failed_for = np.maximum(age - ageing.years_to_end(rate, initial), 0.0)
    there = (failed_for < rng.uniform(0.0, recipe.stays_years, n)) & (soh > 0.4)
    hand = rng.normal(1.0, HAND_SD, n)
    base = rng.normal(1.0, READ_SD, n)
    ratios = [
        np.where(
            days / 365.25 < age, course(days / 365.25)[2] * hand * rng.normal(1.0, READ_SD, n) / base, np.nan
        )
        for days in ROUNDS_DAYS
    ]
    float_v = -6.0 / 11.0 * np.log(ageing.float_current_ratio(worn, current)) + rng.normal(0, FLOAT_SD_V, n)
    sulfated = (mechanism == 2) * worn
    found = {
        "soh": 100.0 * soh, "age": age, "accepted": 120.0 * initial * rng.normal(1.0, recipe.acceptance_sd, n),
        "float_v": float_v, "charge_v": SULFATE_V * sulfated * rng.uniform(0.5, 1.5, n) + rng.normal(0, CHARGE_SD_V, n),
        "mechanism": mechanism,
    } | {f"ratio_{k}": ratio for k, ratio in enumerate(ratios)}  # fmt: skip
    return {name: values[there] for name, values in found.items()}


def estimated(jars: dict[str, np.ndarray], voltages: bool = True) -> pl.DataFrame:
    """`state_of_health` of a population, with truth_pct and mechanism; strings of 24 jars."""
    n = len(jars["soh"])
    names = [f"jar-{k:05d}" for k in range(n)]
    born = [(AT - timedelta(days=float(age) * 365.25)).date() for age in jars["age"]]
    master = pl.DataFrame(
        {"battery_id": names, "string_id": [f"s{k // JARS_IN_STRING:04d}" for k in range(n)],
         "capacity_ah": [120.0] * n, "installed_date": born, "initial_capacity_ah": jars["accepted"],
         "initial_resistance_mohm": [OHM] * n}
    )  # fmt: skip
    rounds = pl.concat(
        pl.DataFrame(
            {"battery_id": names, "measured_at": [AT - timedelta(days=days)] * n,
             "resistance_mohm": OHM * jars[f"ratio_{k}"], "temperature_c": [25.0] * n},
            schema_overrides={"measured_at": pl.Datetime("us", "UTC")},
        ).filter(pl.col("resistance_mohm").is_not_nan())
        for k, days in enumerate(ROUNDS_DAYS)
    )  # fmt: skip
    warmth = pl.DataFrame({"battery_id": names, "temperature_c": [25.0] * n})
    if voltages:
        warmth = warmth.with_columns(float_v=13.62 + jars["float_v"], charge_v=14.4 + jars["charge_v"])
    no_tests = pl.DataFrame(
        schema={
            "string_id": pl.String,
            "test_date": pl.Datetime("us", "UTC"),
            "capacity_pct_of_rated": pl.Float64,
        }
    )
    found = state_of_health(master, rounds, no_tests, warmth, AT)
    return found.with_columns(truth_pct=pl.Series(jars["soh"]), mechanism=pl.Series(jars["mechanism"]))


def scored(found: pl.DataFrame, below: float = 200.0, mechanism: int | None = None) -> dict[str, float]:
    """Jars truly below a health (and of a mechanism): how many, bias, rms error, share inside the 90 %."""
    rows = found.filter(pl.col("truth_pct") < below)
    rows = rows if mechanism is None else rows.filter(pl.col("mechanism") == mechanism)
    off = (rows["soh_pct"] - rows["truth_pct"]).to_numpy()
    inside = rows["truth_pct"].is_between(rows["soh_lower_pct"], rows["soh_upper_pct"])
    return {
        "jars": float(rows.height), "bias": float(off.mean()), "rms": float(np.sqrt(np.mean(off**2))),
        "inside": float(np.mean(inside.to_numpy())),
    }  # fmt: skip
