"""Alerts that belong together, as incidents with a suspected cause.

Alerts are grouped by what they share: the string for voltages, the room or the string for heat, the rectifier
system for ripple and charge current, the jar for ageing, the string for doubts about its data. Alerts of info
severity join an incident of their group but do not open one.
"""

import polars as pl

from battery_assets import tables as t
from battery_assets.features.health.faults import BROKEN_RATIO
from battery_assets.features.operations.alert_rules import SEVERITIES
from battery_assets.features.operations.causes import CAUSES
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

_TIME = pl.Datetime("us", "UTC")
SCHEMA = polars_schema(t.incident)
# Events within 30 min of each other can carry hour labels that are an hour apart.
CHAIN = pl.duration(minutes=90)
RECURRENCE = pl.duration(days=7)
BROKEN_PCT = (BROKEN_RATIO - 1.0) * 100.0
# Incident severity and escalation level of the ITIL priority (impact x urgency, SOURCES 5).
SEVERITY_OF = {1: "critical", 2: "high", 3: "medium", 4: "low"}
ESCALATION_OF = {1: 3, 2: 2, 3: 1, 4: 1}
_FAMILIES = {
    "voltage_low": "voltage",
    "voltage_high": "voltage",
    "temperature_high": "thermal",
    "current_high": "thermal",
    "ripple_high": "ripple",
    "resistance_drift": "ageing",
    "soh_degraded": "ageing",
    "rul_warning": "ageing",
    "rul_critical": "ageing",
    "anomaly_detected": "anomaly",
    "data_quality": "data",
}


def incidents(
    alerts: pl.DataFrame, jars: pl.DataFrame, site: str, month: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of incident, and the alerts with incident_id filled where they belong to one.

    alerts: `alerting.alerts`. jars: `profiles.jars_in_places`. site, month ("YYYY-MM"): the partition, part
    of every id. An incident is open while one of its alerts is active, else resolved with the last of them.
    """
    grouped = _recurring(_clusters(_rooms(_families(alerts, jars))))
    worth = grouped.filter((pl.col("rank") > 0).any().over("group"))
    if worth.height == 0:
        return pl.DataFrame(schema=SCHEMA), alerts.with_columns(incident_id=pl.lit(None, pl.String))
    strings = jars.group_by("string_id").agg(
        pl.col("string_code").first(), jars_in_string=pl.col("position_in_string").n_unique()
    )
    places = jars.select("location_id", "location_code").unique()
    worth = worth.join(strings, on="string_id", how="left", validate="m:1")
    groups = _summaries(worth.join(places, on="location_id", how="left", validate="m:1"))
    groups = groups.with_columns(rca_code=_rca_code())
    ids = [
        identity("incident", site, month, *key)
        for key in groups.select(
            "family", "key", "root", pl.col("created_at").dt.to_string("iso")
        ).iter_rows()
    ]
    rows = _rows(groups.with_columns(pl.Series("incident_id", ids, pl.String)))
    linked = worth.select("alert_id", "group").join(
        groups.select("group", pl.Series("incident_id", ids)), on="group"
    )
    alerts = alerts.drop("incident_id").join(
        linked.drop("group"), on="alert_id", how="left", validate="1:1", maintain_order="left"
    )
    return rows, alerts


def _families(alerts: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """The alerts with what their context says, their family and the system they hang on."""
    told = pl.col("context_json")
    number = {name: told.str.json_path_match(f"$.{name}").cast(pl.Float64) for name in ("value", "threshold")}
    systems = jars.select("string_id", "system_id").unique("string_id")
    rows = alerts.drop("incident_id").join(systems, on="string_id", how="left", validate="m:1")
    rows = rows.with_columns(
        signal=told.str.json_path_match("$.signal"),
        signals=told.str.json_path_match("$.signals"),
        unit_code=told.str.json_path_match("$.unit_code"),
        value=number["value"],
        excess=((number["value"] - number["threshold"]) / number["threshold"].abs().clip(1e-9)).abs(),
        rank=pl.col("severity").cast(pl.Enum(SEVERITIES)).to_physical(),
        unit=pl.coalesce("battery_id", "string_id", "location_id"),
        family=pl.col("alert_type").replace_strict(_FAMILIES),
    )
    charge = (pl.col("alert_type") == "current_high") & (pl.col("signal") == "charge_current")
    rows = rows.with_columns(family=pl.when(charge).then(pl.lit("charge")).otherwise("family"))
    # A jar that stands apart is explained by what else is known of it.
    order = {"voltage": 0, "thermal": 1, "ageing": 2, "data": 3}
    known = rows.filter(pl.col("family").is_in(list(order)) & pl.col("battery_id").is_not_null())
    known = known.with_columns(at=pl.col("family").replace_strict(order, return_dtype=pl.Int64))
    better = known.group_by("battery_id").agg(better=pl.col("family").sort_by("at").first())
    rows = rows.join(better, on="battery_id", how="left", validate="m:1")
    explained = (pl.col("family") == "anomaly") & pl.col("better").is_not_null()
    rows = _with_their_short(rows)
    was_low = ((pl.col("alert_type") == "voltage_low") & (pl.col("rank") > 0)).any().over("battery_id")
    rows = rows.with_columns(was_low=was_low & pl.col("battery_id").is_not_null())
    return rows.with_columns(family=pl.when(explained).then("better").otherwise("family")).drop("better")


def _with_their_short(rows: pl.DataFrame) -> pl.DataFrame:
    """What health and life say of a jar with a shorted cell is said of the short, and when it was seen."""
    low, worst = pl.col("alert_type") == "voltage_low", pl.col("rank") == 2
    lasting = pl.col("resolved_at").is_null()
    short = low & worst & lasting & pl.col("signals").str.contains(r'"float_\w+ critical')
    since = pl.col("triggered_at").filter(short).min().over("battery_id")
    of_short = (
        pl.col("alert_type").is_in(["soh_degraded", "rul_warning", "rul_critical"])
        & pl.col("battery_id").is_not_null()
        & since.is_not_null()
    )
    return rows.with_columns(
        family=pl.when(of_short).then(pl.lit("voltage")).otherwise("family"),
        triggered_at=pl.when(of_short).then(since).otherwise("triggered_at"),
    )


def _chain(rows: pl.DataFrame, key: list[str], gap: pl.Expr) -> pl.Expr:
    """Number of the chain within a key; rows are sorted by key and time."""
    return ((pl.col("triggered_at").diff() > gap).fill_null(False)).cum_sum().over(key)


def _rooms(rows: pl.DataFrame) -> pl.DataFrame:
    """Heat of a whole room becomes its own family: the room is hot, or jars of two strings are."""
    rows = rows.sort("family", "location_id", "triggered_at", "alert_id")
    rows = rows.with_columns(chain=_chain(rows, ["family", "location_id"], CHAIN))
    over = ["family", "location_id", "chain"]
    hot = (pl.col("signal") == "jar_temperature") & (pl.col("rank") > 0)
    strings = pl.when(hot).then(pl.col("string_id")).n_unique().over(over) - (~hot).any().over(over).cast(
        pl.Int64
    )
    room = (pl.col("signal") == "room_temperature").any().over(over)
    whole = (pl.col("family") == "thermal") & (room | (strings >= 2))
    return rows.with_columns(family=pl.when(whole).then(pl.lit("room")).otherwise("family")).drop("chain")


def _clusters(rows: pl.DataFrame) -> pl.DataFrame:
    """Alerts of one family and key that follow each other closely; ageing and data span the month."""
    system = pl.coalesce("system_id", "string_id", "location_id")
    string = pl.coalesce("string_id", "location_id")
    key = (
        pl.when(pl.col("family") == "room")
        .then("location_id")
        .when(pl.col("family").is_in(["ripple", "charge"]))
        .then(system)
        .when(pl.col("family") == "ageing")
        .then(pl.col("unit"))
        .otherwise(string)
    )
    rows = rows.with_columns(key=key).sort("family", "key", "triggered_at", "alert_id")
    slow = pl.col("family").is_in(["ageing", "data"])
    chain = pl.when(slow).then(0).otherwise(_chain(rows, ["family", "key"], CHAIN))
    rows = rows.with_columns(chain=chain.cast(pl.Int64))
    # The worst alert is the root; of equals the low jar before its neighbours, the room before its jars.
    first = pl.col("alert_type").is_in(["voltage_low"]) | (pl.col("signal") == "room_temperature")
    order = ["family", "key", "chain", "rank", "first", "excess", "triggered_at", "alert_id"]
    falling = [False, False, False, True, True, True, False, False]
    rows = rows.with_columns(first=first).sort(order, descending=falling)
    return rows.with_columns(root=pl.col("unit").first().over("family", "key", "chain"))


def _recurring(rows: pl.DataFrame) -> pl.DataFrame:
    """Chains of one root that follow within a week are one incident: `group` numbers them."""
    over = ["family", "key", "root"]
    chains = rows.group_by(*over, "chain").agg(
        triggered_at=pl.col("triggered_at").min(), last=pl.col("triggered_at").max()
    )
    chains = chains.sort(*over, "triggered_at")
    pause = pl.col("triggered_at") - pl.col("last").cum_max().shift(1).over(over)
    fresh = (pause > RECURRENCE).fill_null(True)
    chains = chains.with_columns(group=fresh.cum_sum())
    return rows.join(
        chains.select(*over, "chain", "group"), on=[*over, "chain"], validate="m:1", maintain_order="left"
    )


def _summaries(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per group with what the cause is read from; rows are sorted root first."""
    rows = rows.sort(
        "group",
        "rank",
        "first",
        "excess",
        "triggered_at",
        "alert_id",
        descending=[False] + [True] * 3 + [False] * 2,
    )
    # A jar that stands apart and was low stands apart because it was.
    apart = (pl.col("alert_type") == "anomaly_detected") & pl.col("was_low") & (pl.col("family") == "voltage")
    low = ((pl.col("alert_type") == "voltage_low") & (pl.col("rank") > 0)) | apart
    high = pl.col("alert_type") == "voltage_high"
    kinds = rows.group_by("group", "alert_type").agg(n=pl.len()).sort("group", "alert_type")
    kinds = kinds.group_by("group").agg(kinds=pl.format("{} {}", "alert_type", "n").str.join(", "))
    active = pl.col("resolved_at").is_null()
    doubled = pl.col("signal").is_in(["r_vs_baseline", "r_vs_median"]) & (pl.col("value") >= BROKEN_PCT)
    return (
        rows.group_by("group", maintain_order=True)
        .agg(
            pl.col("family", "key", "root", "location_id", "location_code", "unit_code", "message").first(),
            pl.col("string_code").drop_nulls().first(),
            pl.col("jars_in_string").max(),
            rank=pl.col("rank").max(),
            created_at=pl.col("triggered_at").min(),
            resolved_at=pl.when(~active.any()).then(pl.col("resolved_at").max()),
            units=pl.col("unit").n_unique(),
            lows=pl.col("battery_id").filter(low).n_unique(),
            highs=pl.col("battery_id").filter(high).n_unique(),
            short=(low & pl.col("signals").str.contains(r'"float_\w+ critical')).any(),
            discharge=(low & pl.col("signals").str.contains('"discharge_')).any(),
            far_over_room=pl.col("signals").str.contains("jar_above_room critical").any(),
            float_current=(pl.col("alert_type") == "current_high").any(),
            warm=(pl.col("alert_type") == "temperature_high").any(),
            resistance=(pl.col("alert_type") == "resistance_drift").any(),
            life=pl.col("alert_type").is_in(["soh_degraded", "rul_warning", "rul_critical"]).any(),
            broken=doubled.any(),
        )
        .join(kinds, on="group", validate="1:1")
    )


def _rca_code() -> pl.Expr:
    """The first signature that fits (SOURCES 3.2), by family."""
    family = pl.col("family")
    half = pl.col("jars_in_string") / 2.0
    signatures = [
        ((family == "voltage") & (pl.col("lows") >= half), "CHARGER-LOW"),
        ((family == "voltage") & pl.col("short"), "CELL-SHORT"),
        ((family == "voltage") & pl.col("discharge"), "WEAK-JAR"),
        ((family == "voltage") & (pl.col("lows") > 0), "LOW-FLOAT"),
        ((family == "voltage") & (pl.col("highs") >= half), "CHARGER-HIGH"),
        ((family == "voltage") & (pl.col("highs") > 0), "HIGH-FLOAT"),
        ((family != "voltage") & pl.col("far_over_room") & pl.col("float_current"), "THERMAL-RUNAWAY"),
        (family == "room", "HVAC"),
        ((family == "thermal") & ~pl.col("warm"), "FLOAT-CURRENT"),
        (family == "thermal", "HOT-JAR"),
        (family == "charge", "CHARGE-LIMIT"),
        (family == "ripple", "RECTIFIER-FILTER"),
        ((family == "ageing") & pl.col("broken"), "OPEN-WELD"),
        ((family == "ageing") & pl.col("resistance") & ~pl.col("life"), "DRY-OUT"),
        (family == "ageing", "JAR-AGEING"),
        (family == "data", "DATA-QUALITY"),
    ]
    return pl.coalesce(
        *(pl.when(fits).then(pl.lit(code)) for fits, code in signatures), pl.lit("UNEXPLAINED")
    )


def _rows(groups: pl.DataFrame) -> pl.DataFrame:
    causes = pl.DataFrame([vars(cause) for cause in CAUSES])
    rows = groups.join(causes, left_on="rca_code", right_on="code", validate="m:1", maintain_order="left")
    more = pl.format(" and {} more", pl.col("units") - 1)
    others = pl.when(pl.col("units") > 1).then(more).otherwise(pl.lit(""))
    # What concerns a whole string or room is named after it, not after its worst jar.
    whole_string = pl.col("rca_code").is_in(
        ["CHARGER-LOW", "CHARGER-HIGH", "DATA-QUALITY", "THERMAL-RUNAWAY"]
    )
    place = (
        pl.when(whole_string)
        .then("string_code")
        .when(pl.col("rca_code") == "HVAC")
        .then("location_code")
        .otherwise(pl.format("{}{}", "unit_code", others))
    )
    priority = pl.when(pl.col("rank") == 2).then("priority_at_critical").otherwise("priority_at_warning")
    year = pl.col("created_at").dt.year().cast(pl.String)
    number = pl.col("incident_id").str.replace_all("-", "").str.slice(0, 12).str.to_uppercase()
    rows = rows.with_columns(
        incident_code=pl.format("INC-{}-{}", year, number),
        title=pl.format("{}: {}", "title", pl.coalesce(place, "unit_code")).str.slice(0, 200),
        description=pl.format("Alerts: {}; units concerned: {}. Worst: {}", "kinds", "units", "message"),
        severity=priority.replace_strict(SEVERITY_OF, return_dtype=pl.String),
        escalation_level=priority.replace_strict(ESCALATION_OF, return_dtype=pl.Int64),
        status=pl.when(pl.col("resolved_at").is_null()).then(pl.lit("open")).otherwise(pl.lit("resolved")),
        root_cause="text",
        closed_at=pl.lit(None, _TIME),
        assigned_to=pl.lit(None, pl.String),
    )
    return rows.select(list(SCHEMA)).cast(SCHEMA).sort("created_at", "incident_id")  # type: ignore[arg-type]
