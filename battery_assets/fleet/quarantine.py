"""Strings of a month from which nothing is computed, since their telemetry breaks a law of physics.

The other strings of the site go on, and so do the rules of safety of these.
"""

from datetime import timedelta

import polars as pl

from battery_assets import tables as t
from battery_assets.features.credible.days import RED_LAW
from battery_assets.features.credible.scales import SCALES
from battery_assets.features.laws.verdict import Finding
from battery_assets.fleet.jars import MASTER, jar_facts
from battery_assets.fleet.telemetry_laws import current_sign, jar_sum
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.platform.warehouse.unchanged_rows import of_unchanged_rows

LAWS = (current_sign, jar_sum)
JUDGED = (t.telemetry_jar_raw, t.telemetry_string_raw, *MASTER)


def broken_laws(warehouse: Warehouse, part: Part) -> list[tuple[str, Finding, str]]:
    """Law, finding and next step of each string of a month that breaks one; a string may break both.

    Days that were judged before, by the laws' own checks, are not read again, and many steps of a run ask.
    """
    # Only its writer judges a month from scratch.
    return of_unchanged_rows(warehouse, JUDGED, Part(part.site, part.month), _broken_laws)


def _broken_laws(warehouse: Warehouse, part: Part) -> list[tuple[str, Finding, str]]:
    broken = []
    for law in LAWS:
        verdict = law(warehouse, part)
        broken += [(law.__name__, each, verdict.next_step) for each in verdict.findings if each.string_id]
    return broken


def judged_jars(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """`jar_facts` with `quarantined`: the laws that a jar's string breaks in the month, NULL where none."""
    return with_quarantined(jar_facts(warehouse, part), broken_laws(warehouse, part))


def with_quarantined(jars: pl.DataFrame, broken: list[tuple[str, Finding, str]]) -> pl.DataFrame:
    """Jars with the laws that their strings break, as `judged_jars` has them."""
    laws: dict[str, str] = {}
    for law, finding, _ in broken:
        of = str(finding.string_id)
        laws[of] = f"{laws[of]} and {law}" if law not in laws.get(of, law) else law
    string = pl.col("string_id").cast(pl.String)
    reason = string.replace_strict(laws, default=None, return_dtype=pl.String) if laws else None
    return jars.with_columns(quarantined=pl.lit(None, pl.String) if reason is None else reason)


def quarantine_objections(broken: list[tuple[str, Finding, str]]) -> pl.DataFrame:
    """SCALES with their `day`, one row for each string, law and day from the first to the last it breaks."""
    rows = []
    for law, finding, step in broken:
        string = finding.string_id
        head = (
            "string",
            string,
            string,
            law,
            RED_LAW,
            finding.words,
            step,
            finding.measured,
            finding.unit,
            0,
        )
        if finding.days is not None:
            first, last = finding.days
            rows += [(*head, first + timedelta(days=n)) for n in range((last - first).days + 1)]
    return pl.DataFrame(rows, schema={**SCALES, "day": pl.Date}, orient="row")


def told_not(broken: list[tuple[str, Finding, str]]) -> dict[str, list[str]]:
    """What a month's run shows of strings that are left out, as metadata; empty where none is."""
    words = [
        f"{finding.where}: not told, because {law} is red: {finding.words}" for law, finding, _ in broken
    ]
    return {"not told": words} if words else {}
