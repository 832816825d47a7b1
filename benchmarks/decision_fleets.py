"""Fleets of named worlds, learned from as the product learns: the gate decides what serves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

import polars as pl

from battery_assets.learning.life.examples import snapshots
from battery_assets.learning.life.forward import forward_predictions
from battery_assets.learning.life.gate import verdict
from battery_assets.learning.life.labels import ends_known, labelled
from battery_assets.learning.life.model import Recipe, TooFewFailures, fit, predict
from battery_assets.learning.life.probes import probes
from battery_assets.synthetic.worlds import WORLDS
from battery_assets_tests.worlds.estimation.life_fleet import LifeFleet, life_fleet, months_of
from battery_assets_tests.worlds.site_hours import bounds

LATER = 6  # months after a cut-off on which its predictions are judged
LEARNED_SHARE = 0.5  # of a site's strings; the others are never learned from


@dataclass(frozen=True)
class Sizes:
    """How large a fleet is: `months` are learned, LATER more are lived through.

    tested: the strings' yearly tests are evidence of their jars.
    """

    sites: int
    strings: int
    months: int
    tested: bool = True

    @property
    def lived(self) -> list[str]:
        """Every month of the fleet."""
        return months_of(self.months + LATER)

    @property
    def cutoffs(self) -> list[int]:
        """Months learned at the cut-offs: the half of them, and all."""
        return [self.months // 2, self.months]


@dataclass(frozen=True)
class Cut:
    """A cut-off: months learned, ends proven by then, whether the gate let the model serve, its words, and
    what serves from then on (rows of `snaps`, in order).
    """

    months: int
    at: datetime
    ends: int
    passed: bool
    words: str
    served: pl.DataFrame


@dataclass(frozen=True)
class Lived:
    """A fleet with the snapshots of its jars, their true lives beside them, and its cut-offs.

    snaps: also `left` (true days to the end; null beyond the generator's horizon), `sudden`, `mechanism`,
    `unseen` (a string that no model learned from).
    """

    world: str
    seed: int
    sizes: Sizes
    fleet: LifeFleet
    snaps: pl.DataFrame
    posterior: pl.DataFrame
    cuts: list[Cut]

    def served(self) -> pl.DataFrame:
        """What serves at each snapshot: the posterior, then what passed at the cut-offs."""
        number = self.snaps.select(
            pl.sum_horizontal(pl.col("snapshot_at") >= pl.lit(cut.at) for cut in self.cuts)
        ).to_series()
        frames = [self.posterior, *(cut.served for cut in self.cuts)]
        chosen = [
            frame.filter(number == n).with_columns(row=_rows(number == n)) for n, frame in enumerate(frames)
        ]
        return pl.concat(chosen).sort("row").drop("row")


def _rows(mask: pl.Series) -> pl.Series:
    return mask.arg_true()


def lived(world: str, seed: int, sizes: Sizes) -> Lived:
    """A fleet of a world, its snapshots, and what is served after each cut-off."""
    months = len(sizes.lived)
    fleet = life_fleet(seed, sizes.sites, sizes.strings, months, WORLDS[world], tested=sizes.tested)
    snaps = _with_truth(snapshots(fleet.features, fleet.twins, fleet.batteries), fleet)
    posterior = forward_predictions(snaps)
    cuts = [_cut(fleet, snaps, posterior, count) for count in sizes.cutoffs]
    return Lived(world, seed, sizes, fleet, snaps, posterior, cuts)


def _with_truth(snaps: pl.DataFrame, fleet: LifeFleet) -> pl.DataFrame:
    order = pl.col("string_id").rank("dense").over("site")
    seen = fleet.batteries.select("battery_id", "site", "string_id", unseen=order > _learned(fleet.batteries))
    end = pl.col("failure_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    left = (end - pl.col("snapshot_at")).dt.total_seconds() / 86_400.0
    joined = snaps.join(seen, on="battery_id", how="left", validate="m:1", maintain_order="left")
    return joined.join(
        fleet.truth, on="battery_id", how="left", validate="m:1", maintain_order="left"
    ).with_columns(left=left)


def _learned(batteries: pl.DataFrame) -> int:
    return ceil(
        LEARNED_SHARE * batteries.group_by("site").agg(pl.col("string_id").n_unique())["string_id"].max()
    )


def _cut(fleet: LifeFleet, snaps: pl.DataFrame, posterior: pl.DataFrame, months: int) -> Cut:
    """Learn from some of each site's strings as the asset does, and judge by its gate."""
    at = bounds(months_of(months)[-1])[1]
    ends = ends_known(fleet.batteries, fleet.twins, fleet.events, fleet.tests, at)
    known = snaps.filter(~pl.col("unseen")).drop("left", "sudden", "mechanism", "profile", "failure_date",
                                                 "unseen", "site", "string_id")  # fmt: skip
    examples = labelled(known, fleet.batteries, ends, at)
    count = examples.filter(pl.col("upper_days").is_not_null())["battery_id"].n_unique()
    recipe = Recipe()
    try:
        model, metrics = fit(examples, recipe, lambda *_: None)
    except TooFewFailures as few:
        return Cut(months, at, count, False, str(few), posterior)
    red = [probe.name for probe in probes(examples, recipe) if not probe.green]
    judged = verdict(metrics, red)
    return Cut(
        months, at, count, judged.passed, judged.words, predict(model, snaps) if judged.passed else posterior
    )


def spread(values: Sequence[float | None], digits: int) -> str:
    """Mean of the seeds with the least and the greatest; "-" where there is nothing."""
    numbers = [value for value in values if value is not None and value == value]
    if not numbers:
        return "-"
    mean = f"{sum(numbers) / len(numbers):,.{digits}f}"
    low, high = (f"{end(numbers):,.{digits}f}" for end in (min, max))
    return mean if len(numbers) == 1 or low == high else f"{mean} ({low} to {high})"
