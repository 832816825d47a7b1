"""Incidents: one for each fault, from its first warning until it is gone, however many months that takes.

A month continues what the month before it left. The identifier is that of the fault and the instant at which
it began, so that a month that is made again gives the same one.
"""

import polars as pl

from battery_assets import tables as t
from battery_assets.features.operations.causes import CAUSES
from battery_assets.features.operations.fault_lives import Month, lives
from battery_assets.features.operations.faults import with_faults
from battery_assets.features.operations.planned_work import repairs, suppressed
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

SCHEMA = polars_schema(t.incident)
# Incident severity and escalation level of the ITIL priority (impact x urgency, SOURCES 5).
SEVERITY_OF = {1: "critical", 2: "high", 3: "medium", 4: "low"}
ESCALATION_OF = {1: 3, 2: 2, 3: 1, 4: 1}
_RANKED = ["low", "medium", "high", "critical"]
# Of whole strings and rooms the name is theirs, not that of their worst jar.
OF_STRINGS = (
    "STRING-AGED",
    "CHARGER-LOW",
    "CHARGER-HIGH",
    "DATA-QUALITY",
    "THERMAL-RUNAWAY",
    "FLOAT-CURRENT",
)


def incidents(alerts: pl.DataFrame, month: Month) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of incident at the month's end, and its alerts with incident_id and what planned work explains.

    alerts: rows of alert of the month. An incident is open while a warning or worse holds, resolved with the
    last of them, and closed by recorded work or when it stayed away.
    """
    alerts = suppressed(alerts, month.work)
    ended = repairs(month.work, month.jars, month.systems, month.end).filter(pl.col("at") >= month.start)
    rows = with_faults(alerts, month.jars, month.faults_before)
    faults, members = lives(rows, ended, month)
    began = faults.select("fault", pl.col("created_at").dt.to_string("iso")).iter_rows()
    ids = pl.Series([identity("incident", month.site, *key) for key in began], dtype=pl.String)
    faults = faults.with_columns(incident_id=pl.coalesce("incident_id", ids))
    links = members.join(faults.select("fault", "turn", "incident_id"), on=["fault", "turn"])
    linked = alerts.drop("incident_id").join(
        links.select("alert_id", "incident_id"),
        on="alert_id",
        how="left",
        validate="1:1",
        maintain_order="left",
    )
    return _rows(faults, month.jars), linked.select(alerts.columns)


def _rows(faults: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    rows = _named(_weighed(faults), jars)
    year = pl.col("created_at").dt.year().cast(pl.String)
    number = pl.col("incident_id").str.replace_all("-", "").str.slice(0, 12).str.to_uppercase()
    alerts = pl.format("Alerts: {}; units concerned: {}. Worst: {}", "kinds", "units", "message")
    work = pl.format(" Ended by recorded work: {}", "work")
    rows = rows.with_columns(
        incident_code=pl.format("INC-{}-{}", year, number),
        description=pl.concat_str(
            pl.coalesce(alerts, "description"),
            pl.when(pl.col("work").is_not_null()).then(work).otherwise(pl.lit("")),
        ),
        root_cause="text",
        assigned_to=pl.lit(None, pl.String),
        evidence_json=pl.col("evidence").struct.json_encode(),
    )
    return rows.select(list(SCHEMA)).cast(SCHEMA).sort("created_at", "incident_id")  # type: ignore[arg-type]


def _weighed(faults: pl.DataFrame) -> pl.DataFrame:
    """With what is known of the cause, severity by its priority, and when the incident became as severe."""
    causes = pl.DataFrame([vars(cause) for cause in CAUSES]).rename({"title": "cause"})
    rows = faults.join(causes, left_on="rca_code", right_on="code", validate="m:1", maintain_order="left")
    worst = pl.col("evidence").struct.field("rank") == 2
    priority = pl.when(worst).then("priority_at_critical").otherwise("priority_at_warning")
    rows = rows.with_columns(
        was=pl.col("severity"),
        severity=priority.replace_strict(SEVERITY_OF, return_dtype=pl.String),
        escalation_level=priority.replace_strict(ESCALATION_OF, return_dtype=pl.Int64),
    )
    rank = {
        name: pl.col(name).cast(pl.Enum(_RANKED)).to_physical().cast(pl.Int64) for name in ("was", "severity")
    }
    risen = (rank["severity"] > rank["was"]).fill_null(value=True)
    since = pl.max_horizontal("created_at", pl.col("worst_at"))
    return rows.with_columns(worsened_at=pl.when(risen).then(since).otherwise("worsened_at"))


def _named(rows: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """With jar, string and place of the fault, and a title that names them."""
    kind, unit = (pl.col("fault").str.split("|").list.get(k) for k in (0, 1))
    jar = pl.when(kind == "jar").then(unit)
    of_jars = jars.select(battery_id="battery_id", jar_code="battery_code", of_string="string_id").unique(
        "battery_id"
    )
    strings = jars.select("string_id", "string_code").unique("string_id")
    places = jars.select("location_id", "location_code").unique("location_id")
    rows = rows.with_columns(battery_id=jar).join(of_jars, on="battery_id", how="left", maintain_order="left")
    within = kind.is_in(["jar", "aged", "charger", "heat", "data"])
    rows = (
        rows.with_columns(string_id=pl.when(within).then(pl.coalesce("of_string", "string_id")))
        .join(strings, on="string_id", how="left", maintain_order="left")
        .join(places, on="location_id", how="left", maintain_order="left")
    )
    more = (
        pl.when(pl.col("units") > 1)
        .then(pl.format(" and {} more", pl.col("units") - 1))
        .otherwise(pl.lit(""))
    )
    place = (
        pl.when(pl.col("rca_code").is_in(OF_STRINGS))
        .then("string_code")
        .when(pl.col("rca_code") == "HVAC")
        .then("location_code")
        .otherwise(pl.concat_str(pl.coalesce("jar_code", "unit_code"), more))
    )
    named = pl.format("{}: {}", "cause", pl.coalesce(place, "unit_code"))
    # A month without alerts of it names it as the month before did.
    return rows.with_columns(title=pl.coalesce(named, "title").str.slice(0, 200))
