"""Remaining lives of the reference's fleet: seconds to learn them, and to tell and explain those of a month.

Learning is what the asset of the model does with its examples: candidates, folds, five seeds, an unseen site,
the probes and the gate. Telling is what the asset of predictions does with a month of a fleet.
"""

import polars as pl

from battery_assets.learning.life.examples import snapshots
from battery_assets.learning.life.explanation import explanations, feature_snapshot_json
from battery_assets.learning.life.gate import verdict
from battery_assets.learning.life.labels import ends_known, labelled
from battery_assets.learning.life.model import Recipe, fit, predict
from battery_assets.learning.life.probes import probes
from battery_assets.synthetic.worlds import WORLDS
from battery_assets_tests.worlds.estimation.life_fleet import life_fleet, months_of
from battery_assets_tests.worlds.site_hours import bounds
from benchmarks.world import clocked

# Nine sites of nine strings of 24: 1,944 jars. Two years; few of them would fail in one.
FLEET, SMALL = (9, 9, 24), (3, 2, 24)
SEED = 18100


def measure(small: bool) -> dict[str, float]:
    """Seconds to learn from every month of the fleet, and to tell and explain the lives of its last."""
    sites, strings, months = SMALL if small else FLEET
    world = WORLDS["rates_x1.5" if small else "matched"]
    fleet = life_fleet(SEED, sites, strings, months, world, tested=True)
    snaps = snapshots(fleet.features, fleet.twins, fleet.batteries)
    cut = bounds(months_of(months)[-1])[1]
    ends = ends_known(fleet.batteries, fleet.twins, fleet.events, fleet.tests, cut)
    examples = labelled(snaps, fleet.batteries, ends, cut)
    recipe = Recipe(min_failures=4, seeds=2) if small else Recipe()
    with clocked() as learned:
        model, metrics = fit(examples, recipe, lambda *_: None)
        verdict(metrics, [probe.name for probe in probes(examples, recipe) if not probe.green])
    last = snaps.filter(pl.col("snapshot_at") == pl.col("snapshot_at").max())
    with clocked() as told:
        predict(model, last)
        explanations(model, last)
        feature_snapshot_json(last)
    return {
        "rul_learning_seconds": learned.seconds,
        "rul_told_seconds": told.seconds,
        "rul_jars_told": float(last.height),
    }
