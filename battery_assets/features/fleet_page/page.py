"""The page of a month, whole: one file without scripts that asks no other file or host for anything."""

from functools import cache
from pathlib import Path

import polars as pl

from battery_assets.features.fleet_page import sections
from battery_assets.features.fleet_page.changes import END_OF_LIFE_PCT, compared
from battery_assets.features.fleet_page.contents import FleetMonth, name_of
from battery_assets.features.fleet_page.heat_map import heat_map
from battery_assets.features.fleet_page.markup import Html, day, escaped, note, number, section
from battery_assets.features.fleet_page.site_map import site_map

FLEET, ORDERS = "fleet.html", "work-orders.csv"
# A browser holds the page to it: no script, no font, no picture, no form, no other host.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(at: FleetMonth, *, of_fleet: bool) -> str:
    """The page of a fleet's month, or of a site's, as HTML."""
    title = f"Fleet, {at.month}" if of_fleet else f"{at.sites[0]}, {at.month}"
    others = (
        [f'<a href="{escaped(name_of(site))}">{escaped(site)}</a>' for site in at.sites]
        if of_fleet
        else [f'<a href="{FLEET}">the whole fleet</a>']
    )
    parts = [
        f"<h1>{escaped(title)}</h1>",
        note(f"As of {day(at.until)}, UTC. Health is capacity in per cent of what is rated."),
        f'<nav>{"".join(others)}<a href="{ORDERS}">work orders as CSV</a></nav>',
        _warnings(at),
        _figures(at),
        section("changes", "What changed since the month before", compared(at)),
        section("health", "Health of every jar", heat_map(at.jars)),
        section("risk", "Jars at risk", sections.jars_at_risk(at.jars)),
        section("ride", "Ride-through, and when it ends", sections.ride_through(at.strings)),
        section("incidents", "Open incidents", sections.open_incidents(at.incidents, at.until)),
        section("rules", "What the alerts of twelve months were worth", sections.rules(at.rules)),
    ]
    if of_fleet:
        parts.insert(5, section("map", "Where the sites lie", site_map(at)))
        parts.append(section("decisions", "What decisions would have cost", sections.decisions(at)))
        parts.append(section("models", "Remaining-life models, on jars held out", sections.models(at)))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escaped(title)}</title>\n<style>\n{_style()}</style></head>\n<body>\n"
        f"{chr(10).join(part for part in parts if part)}\n</body></html>\n"
    )


def _warnings(at: FleetMonth) -> str:
    """What a reader has to know before the rest: months without data, rows that are outdated."""
    said = []
    if not at.sites or len(at.silent) == len(at.sites):
        said.append(f"The month is empty: no state of any jar of {at.month} is there.")
    elif at.silent:
        said.append(f"Nothing of {at.month} is there of {', '.join(at.silent)}.")
    if at.stale:
        said.append(f"Outdated, to be made again: {', '.join(at.stale)}.")
    return "".join(f'<p class="alarm">{escaped(words)}</p>' for words in said)


def _figures(at: FleetMonth) -> Html:
    """The numbers that a manager asks first."""
    jars = at.jars
    worn = jars.filter(pl.col("soh_pct") < END_OF_LIFE_PCT).height
    faults = jars.drop_nulls("fault").height
    open_ = at.incidents.filter(pl.col("open"))
    late = open_.filter(pl.col("due_date") < at.until).height
    short = at.strings.filter(pl.col("p") < 0.9).height
    mean = jars["soh_pct"].mean()
    figures = [
        (number(jars.height), "jars in service"),
        (number(mean if isinstance(mean, float) else None, 1), "mean health, %"),
        (number(worn), "jars below 80 %"),
        (number(faults), "jars with a fault"),
        (number(short), "strings with P(carried) below 90 %"),
        (number(open_.height), f"open incidents, {late} late"),
        (number(sum(at.orders.get(site, 0) for site in at.sites)), "work orders to do"),
    ]
    boxes = "".join(f"<div><b>{value}</b>{escaped(said)}</div>" for value, said in figures)
    return Html(f'<div class="figures">{boxes}</div>')


@cache
def _style() -> str:
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")
