"""Each leakage probe: green on a sound fleet, red where its leak is planted."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from battery_assets.learning.life import probes as room
from battery_assets.learning.life.examples import snapshots
from battery_assets.learning.life.folds import jar_folds
from battery_assets_tests.learning.conftest import QUICK, Fleet
from battery_assets_tests.worlds.estimation.ageing import month_ends

RECIPE = replace(QUICK, distributions=("Normal",))


@pytest.fixture(scope="module")
def doomed(known: Fleet) -> np.ndarray:
    """Of each example how soon its end comes, and far off where none was proven."""
    return known.examples["upper_days"].fill_null(1e4).to_numpy()


def test_a_sound_fleet_is_green_throughout(known: Fleet) -> None:
    probed = room.probes(known.examples, RECIPE)
    assert {probe.name for probe in probed} == {
        "group_overlap", "jar_index", "age_only", "readings_scatter", "shuffled_labels"
    }  # fmt: skip
    assert [probe.tag for probe in probed if not probe.green] == []


def test_a_jar_in_two_folds_is_red(known: Fleet) -> None:
    fold = jar_folds(known.examples, RECIPE.folds, RECIPE.seed).copy()
    fold[0] = (fold[0] + 1) % RECIPE.folds
    probe = room.group_overlap(known.examples, fold)
    assert (probe.green, "battery_id" in probe.tag) == (False, True)


def test_names_in_the_order_of_lives_are_red(known: Fleet, doomed: np.ndarray) -> None:
    named = pl.Series("battery_id", [f"{days:012.3f}" for days in doomed])
    assert not room.jar_index(known.examples.with_columns(named)).green


def test_an_age_that_tells_the_end_is_red(known: Fleet, doomed: np.ndarray) -> None:
    assert not room.age_only(known.examples.with_columns(age_days=pl.Series(-doomed))).green


@pytest.mark.parametrize("column", room.SCATTER)
def test_noise_that_tells_the_end_is_red(known: Fleet, doomed: np.ndarray, column: str) -> None:
    leaking = known.examples.with_columns(pl.Series(column, 1.0 / doomed))
    assert not room.readings_scatter(leaking).green


def test_readings_that_scatter_by_the_fate_of_the_jar_are_red(known: Fleet) -> None:
    fated = pl.col("upper_days").is_not_null().any().over("battery_id")
    swing = pl.int_range(pl.len()).over("battery_id") % 2
    ohms = 4.0 + pl.when(fated).then(0.4 * swing).otherwise(0.004 * swing)
    assert not room.readings_scatter(known.examples.with_columns(r_internal_latest_168h=ohms)).green


def test_ends_that_come_along_with_the_features_are_red(
    known: Fleet, doomed: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leak: what trees are handed holds the label of the row itself."""
    real = room.lives_of

    def leaking(examples: pl.DataFrame):
        lives = real(examples)
        matrix = lives.matrix.copy()
        matrix[:, 0] = examples["upper_days"].fill_null(1e4).to_numpy()
        return replace(lives, matrix=matrix)

    monkeypatch.setattr(room, "lives_of", leaking)
    fold = jar_folds(known.examples, RECIPE.folds, RECIPE.seed)
    assert not room.shuffled_labels(known.examples, RECIPE, fold).green


def test_snapshots_that_see_ahead_are_red(known: Fleet) -> None:
    world, at = known.world, month_ends(6)[-1]
    frames = world.features, world.twins, world.batteries
    assert room.future_perturbation(snapshots, *frames, at).green

    def ahead(features: pl.DataFrame, twins: pl.DataFrame, batteries: pl.DataFrame) -> pl.DataFrame:
        last = twins.sort("captured_at").group_by("battery_id").agg(soh_next=pl.col("soh_pct").last())
        return snapshots(features, twins, batteries).join(last, on="battery_id", how="left")

    def fated(features: pl.DataFrame, twins: pl.DataFrame, batteries: pl.DataFrame) -> pl.DataFrame:
        return snapshots(features, twins, batteries).join(
            batteries.select("battery_id", "status"), on="battery_id", how="left"
        )

    assert not room.future_perturbation(ahead, *frames, at).green
    assert not room.future_perturbation(fated, *frames, at).green
