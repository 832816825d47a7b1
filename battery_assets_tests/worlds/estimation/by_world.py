"""Health in every world: the product's own estimate against the truth, by true health, worst row first.

Jars of synthetic sites, with what people know of them: age, quarterly ohmic rounds, the string's yearly test;
and with what a monitor adds (`monitored`). `python -m battery_assets_tests.worlds.estimation.by_world` prints the table and writes it
into the page of figures; `python -m benchmarks --only health_by_world` writes it with the figures.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from battery_assets.features.health.capacity import capacity_results
from battery_assets.features.health.estimate import state_of_health
from battery_assets.synthetic.calendar import month_days
from battery_assets.synthetic.condition import Condition, condition
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import in_service, lives
from battery_assets.synthetic.master import master
from battery_assets.synthetic.signals.weather import SELF_HEAT_K, first_day, room_daily_c
from battery_assets.synthetic.site import PLACES, SyntheticSite
from battery_assets.synthetic.transactions import transactions
from battery_assets.synthetic.worlds import SULFATION, WORLDS
from battery_assets_tests.worlds.estimation.monitored import (
    at_end,
    fits_of_tests,
    float_signs,
    gains,
    levels,
    week_of_readings,
)

SEEDS, STRINGS, YEARS = (9101, 9102, 9103), 18, (2027, 2031, 2035)
CLASSES = ((0.0, 80.0), (80.0, 85.0), (85.0, 90.0), (90.0, 95.0), (95.0, 130.0))
NAMES = ("< 80", "80-85", "85-90", "90-95", ">= 95")
WORN_PCT = 85.0
SEEN_BY = PEOPLE, MONITOR = "people", "monitor"
FEWEST = 20  # jars of a row; a share of fewer says little and comes last
PAGE = Path(__file__).resolve().parents[3] / "docs" / "figures.md"
MARKS = "<!-- health_by_world -->", "<!-- /health_by_world -->"


def measure(small: bool) -> dict[str, float]:
    """The figures of this group: the worst world's coverage and bias among jars truly below 85 %."""
    rows = scored(small)
    if not small:
        write(rows)
    by_people = [row for row in rows if row["seen_by"] == PEOPLE]
    worn = [row for row in by_people if row["health"] == "< 85"]
    matched = next(row for row in worn if row["world"] == "matched")
    sulfated = next(row for row in by_people if row["health"] == "< 85, sulfation")
    enough = [row for row in worn if row["jars"] >= FEWEST] or worn
    return {
        "health_by_world": min(row["inside"] for row in enough),
        "health_by_world_bias": max((row["bias"] for row in enough), key=abs),
        "health_matched_worn_coverage_pct": matched["inside"],
        "health_matched_worn_bias": matched["bias"],
        "health_sulfation_worn_coverage_pct": sulfated["inside"],
        "health_sulfation_worn_bias": sulfated["bias"],
    }


def scored(small: bool = False) -> list[dict]:
    """Rows of the table, worst coverage first."""
    seeds, strings, years = (SEEDS[:1], 6, YEARS[:1]) if small else (SEEDS, STRINGS, YEARS)
    frames = {name: estimated(name, seeds, strings, years) for name in WORLDS}
    rows = []
    for seen_by in SEEN_BY:
        own = {name: frame.filter(pl.col("seen_by") == seen_by) for name, frame in frames.items()}
        sulfated = pl.concat(own.values()).filter(pl.col("sulfated"), pl.col("true") < WORN_PCT)
        told = [row for name, frame in own.items() for row in _rows(name, frame)]
        told.append(_row("every world", "< 85, sulfation", sulfated))
        rows += [{"seen_by": seen_by} | row for row in told]
    return sorted(rows, key=lambda row: (row["jars"] < FEWEST, row["inside"]))


def estimated(world: str, seeds: Sequence[int], strings: int, years: Sequence[int]) -> pl.DataFrame:
    """seed, seen_by, true, soh_pct, soh_lower_pct, soh_upper_pct, sulfated of jars in Junes of years."""
    places = list(PLACES)
    frames = []
    for n, seed in enumerate(seeds):
        terms = {"place": places[n % len(places)], "seed": seed, "strings": strings, "world": world}
        site = SyntheticSite.from_config("bench", terms)
        frames += [_of_june(site, year).with_columns(seed=pl.lit(seed)) for year in years]
    return pl.concat(frames)


@dataclass(frozen=True)
class June:
    """What is known of a site's jars at the end of June, of twelve months' rounds and tests, and their truth.

    rows: of `lives`, in the order of `known`. rounds: what people read. week, levels, fits, signs: what a monitor adds.
    """

    site: SyntheticSite
    end: int
    rows: np.ndarray
    known: pl.DataFrame
    rounds: pl.DataFrame
    results: pl.DataFrame
    warmth: pl.DataFrame
    week: pl.DataFrame
    levels: pl.DataFrame
    fits: pl.DataFrame
    signs: pl.DataFrame
    now: Condition

    @property
    def at(self) -> datetime:
        """The first instant of July."""
        return at_end(self.end)

    def readings(self, seen_by: str) -> pl.DataFrame:
        """The ohmic readings that there are."""
        return self.rounds if seen_by == PEOPLE else pl.concat([self.rounds, self.week])

    def health(self, seen_by: str) -> pl.DataFrame:
        """The product's estimate."""
        by_jar = (self.fits, self.signs, self.levels) if seen_by == MONITOR else ()
        return state_of_health(
            self.known, self.readings(seen_by), self.results, self.warmth, self.at, *by_jar
        )


def june(site: SyntheticSite, year: int) -> June:
    """The end of June of a year at a site."""
    months = [f"{year - (m > 6)}-{m:02d}" for m in (7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6)]
    of_year = [transactions(site, month) for month in months]
    readings = pl.concat([made["impedance_measurement_raw"] for made in of_year])
    tests = pl.concat([made["capacity_test_raw"] for made in of_year])
    end = month_days(year * 12 + 5)[1]
    rows = in_service(site, end - 1, after_switch=True)
    now = condition(site, rows, float(end))
    named = pl.DataFrame({"battery_id": [battery_ids(site)[n] for n in rows]})
    known = named.join(master(site, months[-1])["battery"], on="battery_id", maintain_order="left")
    known = known.with_columns(capacity_ah=pl.lit(site.product.rated_ah), cells=pl.lit(site.product.cells))
    results, warmth = _results(site, tests), _warmth(site, rows, end)
    rng = np.random.default_rng([site.seed, year])
    read = readings.select("battery_id", "measured_at", "resistance_mohm", "temperature_c")
    ids = known["battery_id"].to_list()
    gain = gains(rng, len(ids))
    week = week_of_readings(rng, ids, now, end, gain).cast(dict(read.schema))
    earlier = levels(np.random.default_rng([site.seed, year, 1]), site, ids, rows, end, gain)
    fits = fits_of_tests(rng, site, known, rows, results)
    signs = float_signs(rng, site, known, now, end)
    return June(site, end, rows, known, read, results, warmth, week, earlier, fits, signs, now)


def _of_june(site: SyntheticSite, year: int) -> pl.DataFrame:
    """The estimate at the end of June beside the truth."""
    then = june(site, year)
    truth = {
        "true": 100 * then.now.soh,
        "sulfated": lives(site).mechanism[then.rows] == SULFATION,
    }
    return pl.concat(
        then.health(name)
        .select("soh_pct", "soh_lower_pct", "soh_upper_pct", seen_by=pl.lit(name))
        .with_columns(pl.Series(column, values) for column, values in truth.items())
        for name in SEEN_BY
    )


def _results(site: SyntheticSite, tests: pl.DataFrame) -> pl.DataFrame:
    """What the product makes of the tests, with string and date as its health reads them."""
    strings = layout(site).string_ids
    jars, cells = dict.fromkeys(strings, site.jars_per_string), dict.fromkeys(strings, site.product.cells)
    results = capacity_results(tests, dict.fromkeys(strings, site.product.rated_ah), jars, cells=cells)
    told = ("test_id", "string_id", "test_date", "discharge_duration_min", "cutoff_voltage_v")
    return results.join(tests.select(told), on="test_id")


def _warmth(site: SyntheticSite, rows: np.ndarray, end: int) -> pl.DataFrame:
    """Mean temperature of jars in the last year, as a monitor of the room would give it."""
    system = layout(site).system_of_string[lives(site).position[rows] // site.jars_per_string]
    last = room_daily_c(site)[:, end - first_day(site) - 365 : end - first_day(site)].mean(axis=1)
    warm = last[system] + lives(site).warmer_k[rows] + SELF_HEAT_K
    return pl.DataFrame({"battery_id": [battery_ids(site)[n] for n in rows], "temperature_c": warm})


def _rows(world: str, frame: pl.DataFrame) -> Iterator[dict]:
    for name, (low, high) in zip(NAMES, CLASSES, strict=True):
        yield _row(world, name, frame.filter(pl.col("true") >= low, pl.col("true") < high))
    yield _row(world, "< 85", frame.filter(pl.col("true") < WORN_PCT))
    yield _row(world, "all", frame)


def _row(world: str, health: str, own: pl.DataFrame) -> dict:
    """Jars, bias, RMSE, width of the interval (points), % inside it, and the least and most of it over the seeds."""
    scored = own.with_columns(
        off=pl.col("soh_pct") - pl.col("true"),
        inside=100.0 * pl.col("true").is_between("soh_lower_pct", "soh_upper_pct"),
    )
    by_seed = scored.group_by("seed").agg(pl.col("inside").mean())["inside"]
    if not own.height:
        return {"world": world, "health": health, "jars": 0} | dict.fromkeys(
            ("bias", "rmse", "width", "inside", "least", "most"), float("nan"))  # fmt: skip
    return {
        "world": world, "health": health, "jars": own.height, "bias": scored["off"].mean(),
        "rmse": (scored["off"] ** 2).mean() ** 0.5,
        "width": (scored["soh_upper_pct"] - scored["soh_lower_pct"]).mean(), "inside": scored["inside"].mean(),
        "least": by_seed.min(), "most": by_seed.max(),
    }  # fmt: skip


def table(rows: Sequence[dict]) -> str:
    """The rows as a table of Markdown."""
    lines = [
        "| world | seen by | true health, % | jars | bias, points | RMSE | width | inside the 90 %, % | by seed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row["jars"]:
            lines.append(
                f"| {row['world']} | {row['seen_by']} | {row['health']} | {row['jars']} | {row['bias']:+.1f} "
                f"| {row['rmse']:.1f} | {row['width']:.0f} | {row['inside']:.0f} | {row['least']:.0f}-{row['most']:.0f} |"
            )
    return "\n".join(lines)


def write(rows: Sequence[dict], page: Path = PAGE) -> None:
    """Put the table between its marks on the page of figures."""
    text = page.read_text(encoding="utf-8")
    before, after = text.split(MARKS[0])[0], text.split(MARKS[1])[1]
    page.write_text(f"{before}{MARKS[0]}\n{table(rows)}\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    made = scored("--small" in sys.argv)
    print(table(made))
    if "--small" not in sys.argv:
        write(made)
