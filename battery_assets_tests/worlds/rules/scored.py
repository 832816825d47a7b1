"""What the rules say of synthetic sites against the generator's truth: named, right, missed, alerts in all.

Eight sites of nine strings, a year each, sampled every 900 s, in seven of the named worlds.
`python -m battery_assets_tests.worlds.rules.scored` prints the table and writes it into the page of figures.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from battery_assets.features.operations.alert_rules import thresholds
from battery_assets.features.operations.alerts import alerts
from battery_assets.features.operations.replay import onsets
from battery_assets.synthetic.calendar import DAY_S
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import NEVER, PARTIAL, SHORT, lives
from battery_assets.synthetic.overcharge import overcharges
from battery_assets.synthetic.signals.weather import rooms
from battery_assets.synthetic.site import PLACES, SyntheticSite
from battery_assets.synthetic.worlds import WORLDS
from battery_assets_tests.worlds.site_hours import SiteHours, bounds, site_hours

SEED, STRINGS, STEP_S, START = 7, 9, 900, "2024-01"
IN_WORLDS = (
    "matched", "rates_x1.5", "half_the_rise", "matched", "another_maker", "mix_60_30_10", "scatter_20",
    "weak_jars_stay",
)  # fmt: skip
MONTHS = [f"2024-{month:02d}" for month in range(1, 13)]
# What holds at a month's turn is carried over it: the whole month before is looked at.
TAIL = timedelta(days=31)
PAGE = Path(__file__).resolve().parents[3] / "docs" / "figures.md"
MARKS = "<!-- rules_by_world -->", "<!-- /rules_by_world -->"
WARNING = 1
SPELL = {"unit_id": pl.String, "from": pl.Datetime("us", "UTC"), "until": pl.Datetime("us", "UTC")}


def sites() -> list[SyntheticSite]:
    """The sites that are scored."""
    return [
        SyntheticSite(place, place, SEED, STEP_S, STRINGS, 24, START, WORLDS[world])
        for place, world in zip(PLACES, IN_WORLDS, strict=False)
    ]


def instant(day: float) -> datetime:
    """The instant of a day number."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=min(float(day), 40_000.0))


def troubles(site: SyntheticSite) -> dict[str, pl.DataFrame]:
    """Spells (unit_id, from, until) of what each rule is to find: shorts, overcharged strings, failed units."""
    jars, ids, plan = lives(site), battery_ids(site), layout(site)
    shorts = [
        (ids[n], instant(jars.sudden_day[n]), instant(jars.replaced[n]))
        for n in range(len(ids))
        if jars.sudden[n] in (SHORT, PARTIAL) and jars.sudden_day[n] < min(jars.replaced[n], NEVER)
    ]
    strings = [
        (plan.string_ids[string], instant(spell.start_s / DAY_S), instant(spell.end_s / DAY_S))
        for spell in overcharges(site)
        for string in plan.systems[spell.system].strings
    ]
    units = [
        (plan.location_id, instant(begin), instant(end))
        for room in rooms(site)
        for begin, end, _, failed in room.warm_spells
        if failed > 0
    ]
    return {
        name: pl.DataFrame(spells, schema=SPELL, orient="row")
        for name, spells in (("cell_short", shorts), ("float_current", strings), ("hvac_fault", units))
    }


def said(hours: SiteHours) -> pl.DataFrame:
    """Every alert of the site's year as rows of alert, month by month."""
    rules = thresholds()
    return pl.concat(alerts(hours.inputs(month, TAIL), rules) for month in MONTHS)


def scored(site: SyntheticSite, rows: pl.DataFrame, months: Sequence[str] = MONTHS) -> list[dict]:
    """For each rule with a truth: named, right, spells of the truth, found."""
    begin, end = bounds(months[0])[0], bounds(months[-1])[1]
    context = pl.col("context_json")
    found = []
    for name, spells in troubles(site).items():
        words = f'"{name}(_rise)? (warning|critical)'
        named = rows.filter(context.str.json_path_match("$.signals").str.contains(words))
        ones = spans(named)
        spells = spells.filter(pl.col("from") < end, pl.col("until") > begin)
        hits = ones.with_row_index("one").join(spells.with_row_index("spell"), on="unit_id")
        hits = hits.filter(pl.col("at") <= pl.col("until"), pl.col("over") >= pl.col("from"))
        found.append(
            {
                "world": site.world.name,
                "rule": name,
                "named": ones.height,
                "right": hits["one"].n_unique(),
                "troubles": spells.height,
                "found": hits["spell"].n_unique(),
            }
        )
    return found


def spans(named: pl.DataFrame) -> pl.DataFrame:
    """Alerts, each once however many months it lasted: unit_id, at, over."""
    month_end = pl.col("triggered_at").dt.offset_by("1mo").dt.truncate("1mo")
    return (
        named.with_columns(
            unit_id=pl.coalesce("battery_id", "string_id", "location_id"),
            over=pl.col("resolved_at").fill_null(month_end),
        )
        .sort("unit_id", "triggered_at")
        .with_columns(
            fresh=(pl.col("triggered_at") > pl.col("over").shift(1)).over("unit_id").fill_null(value=True)
        )
        .with_columns(number=pl.col("fresh").cum_sum().over("unit_id"))
        .group_by("unit_id", "number", maintain_order=True)
        .agg(at=pl.col("triggered_at").min(), over=pl.col("over").max())
    )


def high_below(rows: pl.DataFrame) -> int:
    """Jars of which alerts say at once that they float low and high."""
    kinds = rows.filter(pl.col("alert_type").is_in(["voltage_low", "voltage_high"]))
    high = kinds.filter(pl.col("alert_type") == "voltage_high")
    low = kinds.filter(context_led("float_below_median"))
    ends = pl.col("resolved_at_low").fill_null(pl.col("triggered_at"))
    within = pl.col("triggered_at").is_between(pl.col("triggered_at_low"), ends)
    both = high.join(low, on="battery_id", suffix="_low").filter(within)
    return both["battery_id"].n_unique()


def context_led(signal: str) -> pl.Expr:
    """Alerts that this signal leads."""
    return pl.col("context_json").str.json_path_match("$.signal") == signal


def table(of_sites: Iterable[tuple[SyntheticSite, pl.DataFrame]]) -> str:
    """The table in Markdown, and a line with what there was in all."""
    rows, alerts_of, warnings, jar_months, contradictions = [], 0, 0, 0, 0
    for site, of_site in of_sites:
        rows += scored(site, of_site)
        once = onsets(of_site)
        alerts_of += once.height
        warnings += once.filter(pl.col("rank") >= WARNING).height
        contradictions += high_below(of_site)
        jar_months += len(MONTHS) * STRINGS * 24
    totals = pl.DataFrame(rows).group_by("rule", maintain_order=True).agg(pl.exclude("world").sum())
    lines = [
        "| rule | alerts | right | precision | troubles | found |",
        "|---|---|---|---|---|---|",
        *(
            f"| `{r['rule']}` | {r['named']} | {r['right']} | "
            f"{'' if not r['named'] else format(r['right'] / r['named'], '.2f')} | {r['troubles']} | {r['found']} |"
            for r in totals.iter_rows(named=True)
        ),
        "",
        f"{jar_months:,} jar-months: {1000 * alerts_of / jar_months:.0f} alerts per 1,000 of them, "
        f"{1000 * warnings / jar_months:.0f} of warning or worse; {contradictions} jars said to float high and "
        "low at once. Health, life and data quality are not among them: they need the twin.",
    ]
    return "\n".join(lines)


def write(shown: str) -> None:
    """Put the table between its marks of the page."""
    before, rest = PAGE.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    PAGE.write_text(f"{before}{MARKS[0]}\n{shown}\n{MARKS[1]}{after}", encoding="utf-8")


def main() -> None:
    """Make the sites, score the rules, print and write the table."""
    shown = table((site, said(site_hours(site, MONTHS))) for site in sites())
    print(shown)
    write(shown)


if __name__ == "__main__":
    main()
