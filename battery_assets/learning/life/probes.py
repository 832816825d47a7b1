"""Leakage probes: what must not be able to foretell an end is asked to, and a probe that can turns red.

A red probe says that a score cannot be believed, not where the leak is. Chance is judged by the number of
jars whose end was proven.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from battery_assets.learning.life.booster import Recipe, lives_of, raw_output, trained_booster
from battery_assets.learning.life.examples import FEATURES
from battery_assets.learning.life.folds import fold_unit, jar_folds
from battery_assets.learning.life.forward import AS_TOLD, failed_by
from battery_assets.learning.life.metrics import month_concordance

SHUFFLED_TREES = 40
YEAR_DAYS = 365.0
# A rank at random scatters by sqrt(1 / 12) a jar; a thousandth of such ranks lie 3.3 deviations out.
CHANCE = 3.3 / np.sqrt(12.0)
# Noise may grow a little with wear; from here on it tells more than a resistance of 10 % scatter.
SCATTER_AT_MOST, AGE_AT_MOST = 0.20, 0.40
SCATTER = ("v_std_168h", "v_std_24h")
Snapshots = Callable[[pl.DataFrame, pl.DataFrame, pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Probe:
    """A probe's name, whether it is green, and a sentence with its figure."""

    name: str
    green: bool
    words: str

    @property
    def tag(self) -> str:
        """What MLflow's runs say of it."""
        return f"{'green' if self.green else 'red'}: {self.words}"


def probes(examples: pl.DataFrame, recipe: Recipe) -> list[Probe]:
    """Every probe of rows of `labels.labelled`, those of the recipe's own folds included."""
    fold = jar_folds(examples, recipe.folds, recipe.seed)
    return [
        group_overlap(examples, fold),
        jar_index(examples),
        age_only(examples),
        readings_scatter(examples),
        shuffled_labels(examples, recipe, fold),
    ]


def group_overlap(examples: pl.DataFrame, fold: np.ndarray) -> Probe:
    """No jar, no slot and nothing else that is held out together lies in two folds."""
    rows = examples.with_columns(fold=pl.Series(fold))
    units = ("battery_id", "group", fold_unit(examples, len(np.unique(fold))))
    torn = [u for u in units if (rows.group_by(u).agg(pl.col("fold").n_unique())["fold"] > 1).any()]
    return Probe("group_overlap", not torn, f"in two folds: {', '.join(torn) or 'nothing'}")


def jar_index(examples: pl.DataFrame) -> Probe:
    """The order of the jars' names within their string ranks no lives."""
    name = pl.col("battery_id").rank("dense").over("string_id")
    order = examples.select((name / name.max().over("string_id")).cast(pl.Float64)).to_series().to_numpy()
    return _ranked("jar_index", examples, order, 0.0)


def age_only(examples: pl.DataFrame) -> Probe:
    """Age alone ranks lives as poorly as the calendar does anywhere."""
    age = examples["age_days"].fill_null(strategy="mean").fill_null(0.0).to_numpy()
    return _ranked("age_only", examples, -age, AGE_AT_MOST)


def readings_scatter(examples: pl.DataFrame) -> Probe:
    """The noise of readings alone ranks lives hardly better than chance."""
    judged = [
        _ranked("readings_scatter", examples, examples[name].fill_null(0.0).to_numpy(), SCATTER_AT_MOST)
        for name in SCATTER
    ]
    # The second difference of three readings: a course that rises in a line leaves nothing of it.
    ohms = pl.col("r_internal_latest_168h")
    before, twice = (ohms.shift(months).over("battery_id") for months in (1, 2))
    rough = (ohms - 2.0 * before + twice).abs() / ohms
    noise = examples.sort("battery_id", "snapshot_at").select(
        "battery_id", "snapshot_at", rough=rough
    ).with_columns(noise=pl.col("rough").rolling_mean(12, min_samples=3).over("battery_id"))  # fmt: skip
    joined = examples.select("battery_id", "snapshot_at").join(
        noise, on=["battery_id", "snapshot_at"], how="left", maintain_order="left"
    )["noise"]
    present = joined.is_not_null().to_numpy()
    judged.append(
        _ranked(
            "readings_scatter",
            examples.filter(pl.Series(present)),
            joined.to_numpy()[present],
            SCATTER_AT_MOST,
        )
    )
    return next((probe for probe in judged if not probe.green), judged[0])


def shuffled_labels(examples: pl.DataFrame, recipe: Recipe, fold: np.ndarray) -> Probe:
    """Trees that learn from ends of other jars of the same month foretell none of them."""
    rng = np.random.default_rng(recipe.seed)
    place = np.arange(examples.height)
    month = examples["snapshot_at"].rank("dense").to_numpy()
    for one in np.unique(month):
        own = np.flatnonzero(month == one)
        place[own] = rng.permutation(own)
    shuffled = examples.select(FEATURES)[place]
    lied = examples.drop(FEATURES).hstack(shuffled)
    lives, raw = lives_of(lied), np.zeros(examples.height)
    for number in np.unique(fold):
        out = fold == number
        booster = trained_booster(
            lives.only(~out), recipe, recipe.distributions[0], recipe.scales[0], SHUFFLED_TREES
        )
        raw[out] = raw_output(booster, lives.matrix[out], recipe.threads)
    risk = failed_by(lives.time, raw, AS_TOLD, YEAR_DAYS)
    return _ranked("shuffled_labels", lied, -risk, 0.0)


def future_perturbation(
    made: Snapshots, features: pl.DataFrame, twins: pl.DataFrame, batteries: pl.DataFrame, at: datetime
) -> Probe:
    """What is stored after an instant changes no snapshot up to it, nor does any jar's fate."""
    before = made(features, twins, batteries).filter(pl.col("snapshot_at") <= at)
    past = made(
        features.filter(pl.col("feature_ts") <= at),
        twins.filter(pl.col("captured_at") <= at),
        batteries.with_columns(
            status=pl.lit("active"), replaced_date=pl.lit(None, batteries.schema["replaced_date"])
        ),
    ).filter(pl.col("snapshot_at") <= at)
    keys = ["battery_id", "snapshot_at"]
    same = before.sort(keys).equals(past.sort(keys))
    verdict = "equal" if same else "others"
    words = f"{before.height} snapshots up to {at:%Y-%m-%d}, without what came later: {verdict}"
    return Probe("future_perturbation", same, words)


def _ranked(name: str, examples: pl.DataFrame, days: np.ndarray, allowed: float) -> Probe:
    """Green where `days` rank a month's jars no better than chance and `allowed` give, either way round."""
    ended = examples.filter(pl.col("upper_days").is_not_null())["battery_id"].n_unique()
    bound = max(allowed, CHANCE / max(ended, 1) ** 0.5)
    concordance = month_concordance(examples, days)
    green = not abs(concordance - 0.5) > bound
    return Probe(
        name,
        green,
        f"C {concordance:.3f} within a month, {ended} ends; 0.5 +- {min(bound, 0.5):.2f} is allowed",
    )
