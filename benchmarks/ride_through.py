"""Ride-through against the generator's truth, world by world: intervals, and which jar is the weakest.

Sites of every world, with two kinds of evidence. `records`: master data, a year of ohmic rounds and
capacity tests. `monitored`: beside them what a monitor shows at 300 s, the yearly test of each string and
the last week's ohmic readings. The truth is the same string, discharged with every jar's true capacity,
resistance, make and temperature. `python -m benchmarks.ride_through` writes the table into docs/figures.md.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from battery_assets.features.ride_through.ahead import LAST_DAY
from battery_assets.features.ride_through.loads import POWER, rated_level
from battery_assets.features.ride_through.riding import Load, ride
from battery_assets.features.ride_through.runtime import string_runtimes
from battery_assets.physics import ageing
from battery_assets.physics.discharge import Jars, State
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.synthetic.calendar import DAY_S, month_days, month_index
from battery_assets.synthetic.discharges import jars_of_event
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import in_service
from battery_assets.synthetic.schedule import Event
from battery_assets.synthetic.site import PLACES, SyntheticSite
from battery_assets.synthetic.worlds import WORLDS
from battery_assets_tests.worlds.noisy_strings import outcomes
from benchmarks.load_lost import lost_days
from benchmarks.ride_evidence import known
from benchmarks.world import clocked

SEEDS, MONTHS, STRINGS, INTERVAL_S = (9001, 9002), ("2027-06", "2031-06"), 4, 300
KINDS = {"monitored": True, "records": False}
NOISY_SEED = 20260
PAGE = Path(__file__).resolve().parents[1] / "docs" / "figures.md"
MARKS = "<!-- ride_by_world -->", "<!-- /ride_by_world -->"
YEAR_DAYS = 365.0
LOST = ("load_lost_lower_days", "load_lost_days", "load_lost_upper_days")
AWAY = ("open_connection", "missing_jar")  # known before any estimate


def measure(small: bool) -> dict[str, float]:
    """Coverage of the 90 % interval and share of weakest jars named first or second on monitored sites of all
    worlds and of the matched one, the worst world's coverage; the same of strings whose twins have the stated
    errors; seconds for a string with its three loads; what a worn jar has left of its minutes.
    """
    noisy = outcomes(NOISY_SEED, 15 if small else 150, 40 if small else 120)
    worlds = ("matched",) if small else tuple(world for world in WORLDS if not world.startswith("blocks"))
    rides = ridden(worlds, SEEDS[:1] if small else SEEDS, MONTHS[:1] if small else MONTHS)
    rows = scored(rides)
    if not small:
        write(rows)
    every = {row["kind"]: row for row in rows if row["world"] == "every world"}
    matched = {row["kind"]: row for row in rows if row["world"] == "matched"}
    seen = [row for row in rows if row["kind"] == "monitored"]
    return {
        "runtime_interval_coverage_pct": 100.0 * sum(o.held for o in noisy) / len(noisy),
        "runtime_weakest_named_pct": 100.0 * sum(o.named for o in noisy) / len(noisy),
        "runtime_site_coverage_pct": every["monitored"]["held"],
        "runtime_site_worst_world_pct": min(row["held"] for row in seen),
        "runtime_site_matched_coverage_pct": matched["monitored"]["held"],
        "runtime_site_named_pct": every["monitored"]["second"],
        "runtime_site_named_by_records_pct": every["records"]["second"],
        "runtime_lost_coverage_pct": every["monitored"]["lost"],
        "runtime_lost_days_off": every["monitored"]["days_off"],
        "runtime_lost_365d_brier": every["monitored"]["brier"],
        "runtime_lost_365d_share": every["monitored"]["year"],
        "runtime_site_bias_pct": every["monitored"]["bias"],
        "runtime_site_half_width_pct": every["monitored"]["half"],
        "runtime_seconds_per_string": float(rides["seconds"].mean() or 0.0),
        "runtime_at_76_pct_soh_pct": 100.0 * minutes_left(0.76),
    }


def minutes_left(soh: float) -> float:
    """Share of its 15 min at constant power that a corroding jar of a fast-ageing profile has left.

    The 10 h test gives it `soh` of its rating; its resistance has risen as `physics.ageing` says.
    """
    load = Load(POWER, rated_level(POWER, 15.0, 1.67), 1.67)
    [profile] = [one for one in ageing.PROFILES if one.name == "accelerated"]
    [mechanism] = [one for one in ageing.MECHANISMS if one.name == "corrosion"]
    worn = ageing.wear(soh, ageing.MEAN_INITIAL)
    ratio = ageing.resistance_ratio(worn, profile.rise_at_end, mechanism.lead_exponent, mechanism.rise)
    scale = float(ageing.capacity_scale(soh)) * HX12_120.acceptance_scale
    ran = ride(Jars.new(1, scale, float(ratio)), State.full(1), load, HX12_120)
    return ran.minutes / 15.0


def ridden(worlds: Sequence[str], seeds: Sequence[int], months: Sequence[str]) -> pl.DataFrame:
    """A row for each ride: world, kind, and what _rides tells of it."""
    places, rows = list(PLACES), []
    for world in worlds:
        for n, seed in enumerate(seeds):
            terms = {"place": places[(2 * n + seed) % len(places)], "seed": seed, "strings": STRINGS,
                     "world": world, "interval_s": INTERVAL_S}  # fmt: skip
            site = SyntheticSite.from_config("bench", terms)
            for month in months:
                for kind, monitored in KINDS.items():
                    rows += [{"world": world, "kind": kind, **one} for one in _rides(site, month, monitored)]
    return pl.DataFrame(rows)


def _rides(site: SyntheticSite, month: str, monitored: bool) -> Iterator[dict]:
    """Every string of a site at the end of a month, at its own load and at both ratings."""
    told = known(site, month, monitored=monitored)
    with clocked() as clock:
        rows = string_runtimes(told.strings, told.jars, told.loads, told.at)
    codes = layout(site).string_ids
    for row, load in zip(rows.to_dicts(), told.loads.to_dicts(), strict=True):
        if row["runtime_min"] is None or row["limited_by"] in AWAY:
            continue
        minutes, weakest = truth(site, month, codes.index(row["string_id"]), load)
        named = list(json.loads(row["weakest_json"]))
        lost = lost_days(site, month, codes.index(row["string_id"]), load)
        low, middle, high = (np.inf if row[name] is None else row[name] for name in LOST)
        yield {
            "held": row["runtime_lower_min"] <= minutes <= row["runtime_upper_min"],
            "first": named[0] == weakest,
            "second": weakest in named[:2],
            "half": (row["runtime_upper_min"] - row["runtime_lower_min"]) / 2 / row["runtime_min"],
            "off": row["runtime_min"] / max(minutes, 0.1) - 1.0,
            "lost": None if np.isnan(lost) else low <= lost <= high,
            "brier": None if np.isnan(lost) else (row["load_lost_365d"] - (lost <= YEAR_DAYS)) ** 2,
            "year": None if np.isnan(lost) else lost <= YEAR_DAYS,
            "days_off": abs(middle - lost) if max(middle, lost) < LAST_DAY else None,
            "seconds": clock.seconds / site.strings,
        }


def scored(rides: pl.DataFrame) -> list[dict]:
    """Shares in % by world and kind of evidence, worst coverage first."""
    together = rides.with_columns(world=pl.lit("every world"))
    shares = [
        (pl.col(name).cast(pl.Float64).mean() * 100.0) for name in ("held", "first", "second", "half", "lost")
    ]
    told = pl.concat([rides, together]).group_by("world", "kind").agg(
        *shares, rides=pl.len(), bias=100.0 * pl.col("off").median(), days_off=pl.col("days_off").median(),
        brier=pl.col("brier").mean(), year=pl.col("year").cast(pl.Float64).mean(),
    )  # fmt: skip
    return told.sort("held", "world", "kind").to_dicts()


def table(rows: Sequence[dict]) -> str:
    """The rows as a table of Markdown."""
    lines = [
        "| world | evidence | rides | inside the 90 %, % | half the interval, % | bias, % "
        "| weakest named first, % | first or second, % | day of loss inside its 90 %, % |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['world']} | {row['kind']} | {row['rides']} | {row['held']:.0f} | {row['half']:.0f} "
            f"| {row['bias']:+.1f} | {row['first']:.0f} | {row['second']:.0f} | {row['lost']:.0f} |"
        )
    return "\n".join(lines)


def write(rows: Sequence[dict], page: Path = PAGE) -> None:
    """Put the table between its marks on the page of figures."""
    text = page.read_text(encoding="utf-8")
    before, after = text.split(MARKS[0])[0], text.split(MARKS[1])[1]
    page.write_text(f"{before}{MARKS[0]}\n{table(rows)}\n{MARKS[1]}{after}", encoding="utf-8")


def truth(site: SyntheticSite, month: str, string: int, load: dict) -> tuple[float, str]:
    """Minutes that the string would truly carry a load, and the jar that is lowest then."""
    start_s = month_days(month_index(month))[1] * DAY_S - 3600.0
    power = load["load_kind"] == "constant_power"
    event = Event(
        "outage", string, start_s, 3600.0, 3600.0,
        watts=load["level"] if power else 0.0, amps=0.0 if power else load["level"],
    )  # fmt: skip
    asked = Load(load["load_kind"], load["level"], load["end_voltage_v_cell"])
    jars = jars_of_event(site, event)
    if jars.cells.size and site.product.cells != HX12_120.cells:
        raise ValueError("loads of blocks are those of jars of six cells: no truth for them here")
    ran = ride(jars, State.full(jars.cells.size), asked, site.product)
    rows = in_service(site, int(start_s // DAY_S), after_switch=True)
    return ran.minutes, battery_ids(site)[rows[string * site.jars_per_string + ran.weakest]]


if __name__ == "__main__":
    worlds = sys.argv[1:] or [world for world in WORLDS if not world.startswith("blocks")]
    made = scored(ridden(worlds, SEEDS, MONTHS))
    print(table(made))
    if not sys.argv[1:]:
        write(made)
