"""Remaining lives, alerts and work orders of fleets of named worlds, against the truth.

Fleets of synthetic sites are learned from as the product learns, on half of each site's strings. Lives are
judged on the other strings, in the half year after each cut-off, against true ends that nobody waits for. A
site's year of telemetry then goes through alert rules, incidents and work orders. No rule, number or recipe
was chosen on these seeds, and none may be. `python -m benchmarks.decisions` takes ten minutes of CPU and
writes docs/figures.md; `--full` is nine sites, 24 months and five seeds in each world.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from battery_assets.synthetic.site import PLACES
from battery_assets.synthetic.worlds import WORLDS
from benchmarks.decision_fleets import LATER, Lived, Sizes, lived, spread
from benchmarks.decision_lives import BANDS, foreseen, scores
from benchmarks.decision_work import Work, work_of

SEEDS = (14100, 14200, 14300, 14400, 14500)  # a fleet's sites take as many seeds from each on
IN_WORLDS = tuple(world for world in WORLDS if not world.startswith("blocks"))
DEFAULT, FULL = Sizes(9, 4, 24), Sizes(9, 6, 24)
PAGE = Path(__file__).resolve().parents[1] / "docs" / "figures.md"
MARKS = "<!-- decisions_by_world -->", "<!-- /decisions_by_world -->"
LINES = {"posterior": "twin", "health_line": "health line", "resistance_line": "resistance line",
         "ohmic_rule": "ohmic rule", "calendar": "calendar"}  # fmt: skip
Column = tuple[str, Callable[[list[dict]], str]]


@dataclass(frozen=True)
class Asked:
    """What is measured: sizes, seeds, worlds, and how many sites of each fleet are worked for a year."""

    sizes: Sizes
    seeds: Sequence[int]
    worlds: Sequence[str]
    worked_sites: int


@dataclass(frozen=True)
class Measured:
    """A row for each world, seed and cut-off; for each fleet what its alerts of life were worth; its work."""

    lives: list[dict]
    alerts: list[dict]
    work: list[tuple[str, Work]]


def measured(asked: Asked) -> Measured:
    """Every fleet that is asked for, one after the other."""
    found = Measured([], [], [])
    for world in asked.worlds:
        for seed in asked.seeds:
            _add(found, lived(world, seed, asked.sizes), asked.worked_sites)
    return found


def _add(found: Measured, of: Lived, worked_sites: int) -> None:
    """Add a fleet to what was measured, and print a line on how far that is."""
    for cut in of.cuts:
        told = {"world": of.world, "months": cut.months, "proven": cut.ends, "passed": float(cut.passed)}
        found.lives.append(told | scores(of, cut))
        print(f"# {of.world} {of.seed}, {cut.months} months, {cut.ends} ends: {cut.words}", flush=True)
    found.alerts.append({"world": of.world} | foreseen(of))
    found.work.extend((of.world, work_of(of, number)) for number in range(worked_sites))


def _mean(name: str, digits: int, scale: float = 1.0) -> Callable[[list[dict]], str]:
    return lambda rows: spread([row[name] * scale for row in rows], digits)


def _rank_columns() -> list[Column]:
    best = lambda row: max(row[f"c_{name}"] for name in LINES)  # noqa: E731
    return [
        ("ends proven", _mean("proven", 0)),
        ("gate passed", lambda rows: f"{sum(row['passed'] for row in rows):.0f} of {len(rows)}"),
        ("C of what serves", _mean("c_served", 3)),
        ("within a month", _mean("c_month", 3)),
        *((f"C, {words}", _mean(f"c_{name}", 3)) for name, words in LINES.items()),
        ("over the best of these", lambda rows: spread([row["c_served"] - best(row) for row in rows], 3)),
    ]


def _day_columns() -> list[Column]:
    far = "365_730"
    return [
        *((f"MAE {low}-{high} d", _mean(f"mae_served_{low}_{high}", 0)) for low, high in BANDS),
        ("health line 365-730", _mean(f"mae_health_line_{far}", 0)),
        ("resistance line 365-730", _mean(f"mae_resistance_line_{far}", 0)),
        ("95 % holds, %", _mean("covers", 1, 100.0)),
        ("of ends < 2 y, %", _mean("covers_near", 1, 100.0)),
        ("by wear < 2 y, %", _mean("covers_wear", 1, 100.0)),
        ("width at 180-365, d", _mean("width", 0)),
    ]


def lives_tables(rows: list[dict]) -> list[str]:
    """Ranks and days of lives, a row for each world and cut-off, the worst first."""
    groups: dict[tuple[str, int], list[dict]] = {}
    for row in rows:
        groups.setdefault((row["world"], row["months"]), []).append(row)
    ranked = sorted(groups.values(), key=partial(_average, name="c_served"))
    off = sorted(groups.values(), key=partial(_average, name="mae_served_365_730"), reverse=True)
    return [_table(ranked, _rank_columns()), _table(off, _day_columns())]


def _average(rows: list[dict], name: str) -> float:
    known = [row[name] for row in rows if row[name] == row[name]]
    return sum(known) / len(known) if known else 0.0


def _table(groups: list[list[dict]], columns: list[Column]) -> str:
    heads = ["world", "months learned", *(title for title, _ in columns)]
    body = [
        [group[0]["world"], str(group[0]["months"]), *(shown(group) for _, shown in columns)]
        for group in groups
    ]
    return _markdown(heads, body)


def _markdown(heads: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in body)])


def work_table(found: Measured) -> str:
    """Alerts of life, incidents and orders of each world, most orders for a true end first."""
    body = []
    for world in dict.fromkeys(row["world"] for row in found.alerts):
        told = [row for row in found.alerts if row["world"] == world]
        done = [work for name, work in found.work if name == world]
        total = {name: sum(getattr(work, name) for work in done)
                 for name in ("incidents", "again", "orders", "ends", "in_time")}  # fmt: skip
        each = total["orders"] / total["ends"] if total["ends"] else float("inf")
        seen = sum(row["foreseen"] * row["ends"] for row in told if row["ends"])
        sulfated = sum(row["sulfated_foreseen"] * row["sulfated"] for row in told if row["sulfated"])
        body.append((each, [
            world, f"{seen:.0f} of {sum(row['ends'] for row in told)}",
            f"{sulfated:.0f} of {sum(row['sulfated'] for row in told)}",
            _mean("false_new", 1)(told), _mean("false_active", 1)(told),
            str(total["orders"]), str(total["ends"]), f"{each:.1f}" if total["ends"] else "-",
            f"{total['in_time']} of {total['ends']}", f"{total['again']} of {total['incidents']}",
        ]))  # fmt: skip
    heads = ["world", "wear foreseen 30 d", "sulfation foreseen", "false, new", "false, active",
             "work orders", "true ends", "orders for an end", "ends with an order in time",
             "incidents again"]  # fmt: skip
    return _markdown(heads, [row for _, row in sorted(body, key=lambda pair: -pair[0])])


def rules_table(found: Measured) -> str:
    """Precision of each rule in all worlds, the least first; then rules that have a truth of their own."""
    rules = pl.concat(work.rules for _, work in found.work).group_by("alert_type", "signal").sum()
    rules = rules.with_columns(precision=pl.col("right") / pl.col("alerts")).sort("precision", "signal")
    body = [
        [
            row["alert_type"],
            f"`{row['signal']}`",
            str(row["alerts"]),
            str(row["right"]),
            f"{row['precision']:.2f}",
        ]
        for row in rules.to_dicts()
    ]
    troubles = pl.DataFrame([row for _, work in found.work for row in work.troubles])
    own = troubles.drop("world").group_by("rule", maintain_order=True).sum().to_dicts()
    strict = [
        [f"`{row['rule']}`", str(row["named"]), str(row["right"]),
         f"{row['right'] / row['named']:.2f}" if row["named"] else "-",
         f"{row['found']} of {row['troubles']}"]
        for row in own
    ]  # fmt: skip
    return "\n\n".join(
        [
            _markdown(["alert", "rule", "alerts of warning or worse", "right", "precision"], body),
            _markdown(["rule against its own trouble", "alerts", "right", "precision", "found"], strict),
        ]
    )


def page(found: Measured, asked: Asked) -> str:
    """All tables, with a line on what was made."""
    sizes = asked.sizes
    work = f"Work: {asked.worked_sites} site(s) of each fleet for a year."
    tests = "Strings are tested once a year." if sizes.tested else "No string is tested."
    made = (
        f"{len(asked.worlds)} worlds, {len(asked.seeds)} seed(s), {sizes.sites} sites of "
        f"{sizes.strings} strings, {sizes.months} months learned and {LATER} more. {tests} {work}"
    )
    return "\n\n".join([made, *lives_tables(found.lives), work_table(found), rules_table(found)])


def write(text: str, at: Path = PAGE) -> None:
    """Put the tables between their marks on the page of figures."""
    whole = at.read_text(encoding="utf-8")
    before, after = whole.split(MARKS[0])[0], whole.split(MARKS[1])[1]
    at.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


def asked_for(arguments: Sequence[str] | None = None) -> tuple[Asked, bool]:
    """What the command line asks for, and whether it is to be written into the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decisions", description=__doc__)
    parser.add_argument(
        "--world", action="append", choices=IN_WORLDS, help="this world alone; may be repeated"
    )
    parser.add_argument(
        "--seeds", type=int, choices=range(1, len(SEEDS) + 1), help="how many fleets of a world"
    )
    parser.add_argument("--sites", type=int, choices=range(1, len(PLACES) + 1), help="sites of a fleet")
    parser.add_argument("--strings", type=int, help="strings of a site; half of them are learned from")
    parser.add_argument("--months", type=int, help="months learned at the last cut-off; the first has half")
    parser.add_argument("--worked-sites", type=int, help="sites of each fleet whose year is worked")
    parser.add_argument(
        "--full", action="store_true", help="9 sites, 24 months, 5 seeds in each world: hours"
    )
    parser.add_argument("--untested", action="store_true", help="fleets whose strings nobody tests")
    parser.add_argument("--print-only", action="store_true", help="leave the page as it is")
    given = parser.parse_args(arguments)
    base = FULL if given.full else DEFAULT
    sizes = Sizes(
        given.sites or base.sites,
        given.strings or base.strings,
        given.months or base.months,
        tested=not given.untested,
    )
    seeds = SEEDS[: given.seeds or (len(SEEDS) if given.full else 1)]
    worked = given.worked_sites if given.worked_sites is not None else 1
    asked = Asked(sizes, seeds, given.world or IN_WORLDS, min(worked, sizes.sites))
    return asked, not given.print_only


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write the tables."""
    asked, keep = asked_for(arguments)
    text = page(measured(asked), asked)
    print(text)
    if keep:
        write(text)


if __name__ == "__main__":
    main()
