"""One small fleet to learn on and one to be judged on, trained once for all tests of this room."""

from dataclasses import dataclass

import polars as pl
import pytest

from battery_assets.learning.life.examples import snapshots
from battery_assets.learning.life.labels import labelled
from battery_assets.learning.life.model import Recipe, RulModel, fit
from battery_assets_tests.worlds.estimation.ageing import World, ageing_world

QUICK = Recipe(iterations=120, distributions=("Normal", "Extreme"), scales=(0.8,), folds=3)


@dataclass(frozen=True)
class Fleet:
    """A world, what a model may see of it, and the labels known at its cut-off."""

    world: World
    snaps: pl.DataFrame
    examples: pl.DataFrame


@dataclass(frozen=True)
class Trained:
    """A model, its scores, and what it reported while training."""

    model: RulModel
    metrics: dict[str, float]
    reported: list[tuple[str, float, int]]


def fleet(seed: int) -> Fleet:
    """A fleet of three sites with 72 jars each, twelve months long."""
    world = ageing_world(seed)
    snaps = snapshots(world.features, world.twins, world.batteries)
    return Fleet(world, snaps, labelled(snaps, world.batteries, world.ends(), world.cutoff))


@pytest.fixture(scope="session")
def known() -> Fleet:
    """The fleet to learn on."""
    return fleet(2)


@pytest.fixture(scope="session")
def unseen() -> Fleet:
    """Other jars of the same kind."""
    return fleet(102)


@pytest.fixture(scope="session")
def trained(known: Fleet) -> Trained:
    """A model of `known`, by a recipe that is quick rather than best."""
    reported: list[tuple[str, float, int]] = []
    model, metrics = fit(known.examples, QUICK, lambda *told: reported.append(told))
    return Trained(model, metrics, reported)
