"""What a month changed: jars that fell below a limit, faults and incidents that came and went, renewals."""

from collections.abc import Sequence

import polars as pl

from battery_assets.features.fleet_page.contents import FleetMonth
from battery_assets.features.fleet_page.markup import Html, escaped, note

END_OF_LIFE_PCT, LIKELY, SURE = 80.0, 0.5, 0.9
MOST_NAMED = 8


def changes(at: FleetMonth) -> list[tuple[str, list[str]]]:
    """What changed in the month, each with the codes that it is about; nothing where nothing did."""
    jars, strings, incidents = at.jars, at.strings, at.incidents
    health, before = pl.col("soh_pct"), pl.col("soh_before_pct")
    fell = jars.filter((health < END_OF_LIFE_PCT) & (before >= END_OF_LIFE_PCT))
    likely = jars.filter((pl.col("p90") >= LIKELY) & (pl.col("p90_before") < LIKELY))
    calm = jars.filter((pl.col("p90") < LIKELY) & (pl.col("p90_before") >= LIKELY))
    unsure = strings.filter((pl.col("p") < SURE) & (pl.col("p_before") >= SURE))
    sure = strings.filter((pl.col("p") >= SURE) & (pl.col("p_before") < SURE))
    within = pl.col("created_at").is_between(at.start, at.until, closed="left")
    ended = pl.col("ended_at").is_between(at.start, at.until, closed="left")
    named = incidents.with_columns(named=pl.format("{} ({})", "title", "incident_code"))
    lists = [
        ("Jars that fell below 80 % of health", fell.sort("soh_pct")["jar"]),
        ("Jars now likely to fail within 90 days", likely.sort("p90", descending=True)["jar"]),
        ("Jars no longer likely to fail within 90 days", calm["jar"]),
        ("Strings that may no longer carry their load", unsure.sort("p")["string"]),
        ("Strings that carry their load again", sure["string"]),
        ("Renewed jars", at.renewed.sort("replaced_date")["jar"]),
        ("New incidents", named.filter(within)["named"]),
        ("Incidents that ended", named.filter(ended)["named"]),
    ]
    return [(said, codes.drop_nulls().to_list()) for said, codes in lists if codes.len()]


def compared(at: FleetMonth) -> Html:
    """The changes as a list, or the words that there is no month before."""
    differences = changes(at)
    if at.jars.drop_nulls("soh_before_pct").height == 0 and at.strings.drop_nulls("p_before").height == 0:
        first = note("Nothing of the month before is there to compare with.")
        return Html(first + (listed(differences) if differences else ""))
    return listed(differences)


def listed(lists: Sequence[tuple[str, list[str]]]) -> Html:
    """The changes as a list, the first codes of each named."""
    if not lists:
        return note("Nothing of what this page shows changed since the month before.")
    lines = []
    for said, codes in lists:
        rest = f" and {len(codes) - MOST_NAMED} more" if len(codes) > MOST_NAMED else ""
        named = ", ".join(map(escaped, codes[:MOST_NAMED]))
        lines.append(f"<li>{escaped(said)}, <b>{len(codes)}</b>: {named}{rest}</li>")
    return Html(f"<ul>{''.join(lines)}</ul>")
