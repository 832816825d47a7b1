"""What anomaly models find of the faults that the rules miss, on sites that they never saw.

An isolation forest of months and an autoencoder of days learn from all jars of four sites of the matched
world, sound and not. On six sites of two other worlds they are asked for the faults of which no rule said
anything: jars that end within half a year, and jars of overcharged strings. Each may name RATE of the sound
jar-months there. A model earns its place where it then finds more than chance would, and more than the
largest of the month's numbers. `python -m benchmarks.anomalies` takes five minutes of CPU and writes
docs/figures.md.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import poisson_binom

from battery_assets.features.operations.replay import JUDGED
from battery_assets.learning.anomaly.autoencoder import Recipe, fit_autoencoder
from battery_assets.learning.anomaly.forest import fit_forest
from battery_assets.learning.anomaly.windows import NUMBERS, Days, jar_days, month_numbers
from battery_assets.physics.ageing import MECHANISMS
from battery_assets.synthetic.calendar import DAY_S
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.lives import SUDDEN_NAMES, lives
from battery_assets.synthetic.site import SyntheticSite
from battery_assets_tests.worlds.incidents.fault_months import truths, worked
from battery_assets_tests.worlds.rules.scored import TAIL
from battery_assets_tests.worlds.site_hours import SiteHours, bounds, facts, site_hours
from benchmarks.decision_fleets import Lived, Sizes, lived
from benchmarks.decision_work import Foretold, site_of

SIZES = Sizes(9, 2, 2)
LEARNED = ("matched", 15100, (0, 1, 2, 3))
HELD_OUT = (("mix_60_30_10", 15200, (4, 5, 6)), ("half_sulfation", 15300, (6, 7, 8)))
RATE = 0.01  # of jar-months: ten false alarms in 1,000
HIGH = 0.9  # of a month's days: one odd day is no odd month
AHEAD, SOUND = timedelta(days=180), timedelta(days=365)
PAGE = Path(__file__).resolve().parents[1] / "docs" / "figures.md"
MARKS = "<!-- anomalies -->", "<!-- /anomalies -->"
DETECTORS = {
    "forest": "isolation forest",
    "days": "autoencoder",
    "distance": "largest of the month's numbers",
}


@dataclass(frozen=True)
class Seen:
    """A site's jar-months with their numbers, and its jar-days."""

    numbers: pl.DataFrame
    days: Days


def seen(hours: SiteHours) -> Seen:
    """What the models see of a site."""
    months = hours.jar["hour"].dt.strftime("%Y-%m").unique().sort().to_list()
    placed = [facts(hours.site, month).select("battery_id", "string_id") for month in months]
    of_all = pl.concat(placed).unique("battery_id")
    days = jar_days(hours.jar.join(of_all, on="battery_id"))
    return Seen(month_numbers(days, hours.readings.join(of_all, on="battery_id")), days)


def told(of: Lived, number: int, months: Sequence[str], hours: SiteHours) -> pl.DataFrame:
    """battery_id, month, cause (null: no fault), sound, said: whether a rule warned of the jar.

    An overcharge is said where a rule warned of the jar or of its string. What is said of data is no warning.
    """
    site = site_of(of, number)
    done = worked(site, months, Foretold(of).of_month, TAIL, hours)
    rank = pl.col("context_json").str.json_path_match("$.highest").fill_null(pl.col("severity"))
    warned = done.alerts.filter(rank != "info", pl.col("alert_type").is_in(JUDGED)).with_columns(
        month=pl.col("triggered_at").dt.strftime("%Y-%m")
    )
    jar = warned.select("battery_id", "month", jar=pl.lit(value=True)).drop_nulls().unique()
    string = warned.filter(pl.col("battery_id").is_null()).select(
        "string_id", "month", string=pl.lit(value=True)
    )
    rows = pl.concat([_fates(site, month) for month in months])
    charged = pl.col("string").fill_null(value=False) & (pl.col("cause") == "overcharge").fill_null(
        value=False
    )
    return (
        rows.join(jar, on=["battery_id", "month"], how="left")
        .join(string.drop_nulls().unique(), on=["string_id", "month"], how="left")
        .with_columns(said=pl.col("jar").fill_null(value=False) | charged)
        .drop("jar", "string")
    )


def _fates(site: SyntheticSite, month: str) -> pl.DataFrame:
    """Of each jar of the month: string_id, cause (of an end within half a year, or an overcharge), sound."""
    start, end = bounds(month)
    jars, ids = lives(site), battery_ids(site)
    wear = [MECHANISMS[n].name for n in jars.mechanism.tolist()]
    why = [SUDDEN_NAMES[n] if n else wear[k] for k, n in enumerate(jars.sudden.tolist())]
    ends = pl.DataFrame({"battery_id": ids, "why": why, "end": jars.end_day.astype(float)})
    last = end.timestamp() / DAY_S
    troubled = [one for one in truths(site, _around(month)) if one.begin < end and one.end > start]
    strings = [one.unit.split("|")[1] for one in troubled if one.unit.split("|")[0] in ("string", "data")]
    charged = [one.unit.split("|")[1] for one in troubled if one.name in ("overcharge", "thermal_runaway")]
    near = pl.col("end") < last + AHEAD.days
    return (
        facts(site, month)
        .select("battery_id", "string_id")
        .join(ends, on="battery_id", how="left")
        .with_columns(
            month=pl.lit(month),
            cause=pl.when(near)
            .then("why")
            .when(pl.col("string_id").is_in(charged))
            .then(pl.lit("overcharge")),
            sound=(pl.col("end") > last + SOUND.days) & ~pl.col("string_id").is_in(strings),
        )
        .drop("why", "end")
    )


def _around(month: str) -> list[str]:
    """The year before a month, and the month after: faults that touch it began there."""
    year, number = int(month[:4]), int(month[5:])
    return [f"{year - 1}-{number:02d}", f"{year + number // 12}-{number % 12 + 1:02d}"]


def measured() -> pl.DataFrame:
    """Jar-months of the held-out sites: cause, sound, said, each detector's score; `_beyond`: is it beyond
    the threshold of training.
    """
    world, seed, numbers = LEARNED
    learned = lived(world, seed, SIZES)
    known = [seen(site_hours(site_of(learned, number), SIZES.lived)) for number in numbers]
    stacked = np.concatenate([one.numbers.select(NUMBERS).to_numpy() for one in known])
    values = np.concatenate([one.days.values for one in known])
    forest, (network, losses) = fit_forest(stacked, 7), fit_autoencoder(values, Recipe())
    print(
        f"# {len(stacked)} jar-months, {len(values)} jar-days; loss {losses[0]:.2f} to {losses[-1]:.2f}",
        flush=True,
    )
    middle, step = (
        np.median(stacked, axis=0),
        np.maximum(np.ptp(np.quantile(stacked, (0.25, 0.75), axis=0), axis=0), 1e-6),
    )

    def scored(one: Seen) -> pl.DataFrame:
        rows = one.numbers.select(NUMBERS).to_numpy()
        daily = one.days.keys.with_columns(
            month=one.days.months(), days=pl.Series(network.errors(one.days.values))
        )
        of_days = daily.group_by("battery_id", "month").agg(pl.col("days").quantile(HIGH))
        apart = np.abs((rows - middle) / step).max(axis=1)
        found = one.numbers.select("battery_id", "month").with_columns(
            forest=pl.Series(forest.score(rows)), distance=pl.Series(apart)
        )
        return found.join(of_days, on=["battery_id", "month"], how="left")

    usual = pl.concat([scored(one) for one in known])
    limits = {name: float(usual[name].quantile(1.0 - RATE)) for name in DETECTORS}
    parts = []
    for world, seed, numbers in HELD_OUT:
        of = lived(world, seed, SIZES)
        for number in numbers:
            hours = site_hours(site_of(of, number), SIZES.lived)
            fates = told(of, number, SIZES.lived, hours)
            rows = fates.join(scored(seen(hours)), on=["battery_id", "month"])
            beyond = [(pl.col(name) > limits[name]).alias(f"{name}_beyond") for name in DETECTORS]
            parts.append(rows.with_columns(beyond))
            print(f"# {world} {number}: {rows.height} jar-months", flush=True)
    return pl.concat(parts)


def table(rows: pl.DataFrame) -> str:
    """False alarms of each detector on sound jars, and what it found of the faults that no rule named."""
    faults = rows.filter(pl.col("cause").is_not_null())
    missed = faults.filter(~pl.col("said").any().over("battery_id", "cause"))
    sound = rows.filter(pl.col("sound") & pl.col("cause").is_null())
    spoken = float(sound["said"].mean() or 0.0)
    lines = [
        f"{rows.height} jar-months, {sound.height} of sound jars. The rules warned of {1000 * spoken:.0f} in "
        f"1,000 of these. Faults: {_count(faults)}. Without a word of any rule: {_count(missed)} "
        f"({_named(missed)}).",
        "",
        "| detector | missed faults found at 10 false in 1,000 | by chance | p | all faults found "
        "| false in 1,000 at the threshold of training |",
        "|---|---|---|---|---|---|",
    ]
    for name, words in DETECTORS.items():
        limit = sound[name].quantile(1.0 - RATE)
        found, chance, tail = _found(missed, name, limit)
        every, _, _ = _found(faults, name, limit)
        shown = f"{found} of {_count(missed)} | {chance:.1f} | {tail:.3f} | {every} of {_count(faults)}"
        lines.append(f"| {words} | {shown} | {1000 * float(sound[f'{name}_beyond'].mean() or 0.0):.0f} |")
    return "\n".join(lines)


def _found(faults: pl.DataFrame, name: str, limit: float | None) -> tuple[int, float, float]:
    """Faults named in a month at least, how many chance names, and how likely it names so many."""
    own = faults.group_by("battery_id", "cause").agg((pl.col(name) > limit).any(), pl.len())
    if own.is_empty():
        return 0, 0.0, 1.0
    chance, found = 1.0 - (1.0 - RATE) ** own["len"].to_numpy(), int(own[name].sum())
    return found, float(chance.sum()), float(poisson_binom.sf(found - 1, chance))


def _count(rows: pl.DataFrame) -> int:
    return rows.select("battery_id", "cause").n_unique()


def _named(rows: pl.DataFrame) -> str:
    counts = (
        rows.unique(["battery_id", "cause"])
        .group_by("cause")
        .len()
        .sort("len", "cause", descending=[True, False])
    )
    return ", ".join(f"{number} {cause}" for cause, number in counts.iter_rows())


def write(text: str, at: Path = PAGE) -> None:
    """Put the table between its marks on the page of figures."""
    whole = at.read_text(encoding="utf-8")
    before, after = whole.split(MARKS[0])[0], whole.split(MARKS[1])[1]
    at.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.anomalies", description=__doc__)
    parser.add_argument("--print-only", action="store_true", help="leave the page as it is")
    given = parser.parse_args()
    text = table(measured())
    print(text)
    if not given.print_only:
        write(text)


if __name__ == "__main__":
    main()
