"""Bias among worn jars that the generator's own law has as well: the oracle beside the product, on the same jars.

A stratum chosen by its truth reads too high by any estimate that draws back to a population, and the more the
weaker its evidence is. `python -m battery_assets_tests.worlds.estimation.bound` prints both for each world that it
is given (matched where none), on the seeds of the table of health by world, jars truly below 85 %.
"""

import sys
from collections.abc import Sequence

import numpy as np
import polars as pl

from battery_assets.synthetic.lives import lives
from battery_assets.synthetic.site import PLACES, SyntheticSite
from battery_assets_tests.worlds.estimation.by_world import (
    SEEDS,
    SEEN_BY,
    STRINGS,
    WORN_PCT,
    YEARS,
    June,
    june,
)
from battery_assets_tests.worlds.estimation.oracle import Oracle

ESTIMATES = PRODUCT, ORACLE = "product", "oracle"


def worn_jars(
    world: str, seeds: Sequence[int] = SEEDS, strings: int = STRINGS, years: Sequence[int] = YEARS
) -> pl.DataFrame:
    """estimate, seen_by, true, soh_pct, soh_lower_pct, soh_upper_pct of jars truly below 85 %, in points."""
    places, frames = list(PLACES), []
    for n, seed in enumerate(seeds):
        terms = {"place": places[n % len(places)], "seed": seed, "strings": strings, "world": world}
        site = SyntheticSite.from_config("bench", terms)
        for year in years:
            frames += _of_june(june(site, year), np.random.default_rng([seed, year, 2]))
    return pl.concat(frames)


def _of_june(then: June, rng: np.random.Generator) -> list[pl.DataFrame]:
    """Worn jars of a June by both estimates. The oracle reads whole strings, since a test is of a string."""
    string = lives(then.site).position[then.rows] // then.site.jars_per_string
    worn = 100.0 * then.now.soh < WORN_PCT
    jars = np.flatnonzero(np.isin(string, string[worn]))
    if not jars.size:
        return []
    oracle = Oracle(then, jars, rng)
    told = []
    for seen_by in SEEN_BY:
        product = then.health(seen_by).with_columns(true=pl.Series(100.0 * then.now.soh))
        for name, rows in ((PRODUCT, product), (ORACLE, oracle.health(seen_by))):
            own = rows.select("true", "soh_pct", "soh_lower_pct", "soh_upper_pct").filter(
                pl.col("true") < WORN_PCT
            )
            told.append(
                own.select(pl.lit(name).alias("estimate"), pl.lit(seen_by).alias("seen_by"), pl.all())
            )
    return told


def shares(rows: pl.DataFrame) -> pl.DataFrame:
    """Jars, bias and its standard error, RMSE and width in points, share inside the 90 % in %."""
    off = pl.col("soh_pct") - pl.col("true")
    return rows.group_by("seen_by", "estimate", maintain_order=True).agg(
        jars=pl.len(), bias=off.mean(), error_of_bias=off.std() / pl.len().sqrt(), rmse=(off**2).mean().sqrt(),
        width=(pl.col("soh_upper_pct") - pl.col("soh_lower_pct")).mean(),
        inside=100.0 * pl.col("true").is_between("soh_lower_pct", "soh_upper_pct").mean(),
    )  # fmt: skip


if __name__ == "__main__":
    for world in sys.argv[1:] or ["matched"]:
        print(world)
        for row in shares(worn_jars(world)).sort("seen_by", "estimate").to_dicts():
            print(
                f"{row['seen_by']:8} {row['estimate']:8} {row['jars']:4} jars: bias {row['bias']:+.2f} "
                f"(error {row['error_of_bias']:.2f}), RMSE {row['rmse']:.1f}, width {row['width']:.0f}, "
                f"inside {row['inside']:.0f} %"
            )
