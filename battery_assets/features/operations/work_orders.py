"""What people have to do about incidents, by when, and who."""

from datetime import timedelta

import polars as pl

from battery_assets import tables as t
from battery_assets.features.operations.causes import CAUSES
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

_TIME = pl.Datetime("us", "UTC")
SCHEMA = polars_schema(t.work_order)
# Priority and time to fix of an incident's severity, P1 to P4 (SOURCES 5); P4 waits for the monthly round.
PRIORITIES = {
    "critical": ("urgent", timedelta(hours=24)),
    "high": ("high", timedelta(days=3)),
    "medium": ("medium", timedelta(days=14)),
    "low": ("low", timedelta(days=30)),
}
# What is still looked after once its alerts are gone.
FOLLOWED_UP = ("critical", "high")


def work_orders(incidents: pl.DataFrame, users: pl.DataFrame | None = None) -> pl.DataFrame:
    """Rows of work_order: one for each incident that needs hands.

    incidents: rows of incident. Those that are resolved need hands only where they were high or critical.
    users: rows of user; an active engineer of the location takes urgent and high work, an operator the rest
    (either where the other is missing), always the same for the same incident; without users nobody is named.
    external_id stays empty: the ticket system gives it. Raises where a cause is unknown.
    """
    needed = (pl.col("status") == "open") | pl.col("severity").is_in(FOLLOWED_UP)
    rows = incidents.filter(needed & (pl.col("status") != "closed"))
    if rows.height == 0:
        return pl.DataFrame(schema=SCHEMA)
    code, severity = pl.col("rca_code"), pl.col("severity")
    action = code.replace_strict({cause.code: cause.action for cause in CAUSES}, return_dtype=pl.String)
    steps = code.replace_strict({cause.code: cause.steps for cause in CAUSES}, return_dtype=pl.String)
    within = severity.replace_strict(
        {name: time for name, (_, time) in PRIORITIES.items()}, return_dtype=pl.Duration("us")
    )
    ids = [identity("work_order", incident) for incident in rows["incident_id"]]
    rows = _assigned(rows, users).with_columns(
        pl.Series("work_order_id", ids, pl.String),
        external_id=pl.lit(None, pl.String),
        title=pl.format("{} - {}", action, "title").str.slice(0, 200),
        description=pl.format("{} Incident {}: {}", steps, "incident_code", "description"),
        priority=severity.replace_strict({name: word for name, (word, _) in PRIORITIES.items()}),
        status=pl.when(pl.col("assigned_to").is_null()).then(pl.lit("open")).otherwise(pl.lit("assigned")),
        due_date=pl.col("created_at") + within,
        completed_at=pl.lit(None, _TIME),
        resolution_notes=pl.lit(None, pl.String),
    )
    return rows.select(list(SCHEMA)).cast(SCHEMA).sort("due_date", "work_order_id")  # type: ignore[arg-type]


def _assigned(rows: pl.DataFrame, users: pl.DataFrame | None) -> pl.DataFrame:
    """The incidents with assigned_to; row order is kept."""
    rows = rows.drop("assigned_to")
    nobody = rows.with_columns(assigned_to=pl.lit(None, pl.String))
    if users is None or users.height == 0:
        return nobody
    able = users.filter(pl.col("is_active") & pl.col("role").is_in(["engineer", "operator"]))
    # A user without a list of locations serves all of them.
    everywhere = pl.col("location_ids").fill_null("").str.contains(r"[0-9a-f]{8}-").not_()
    here = everywhere | pl.col("location_ids").str.contains(pl.col("location_id"), literal=True)
    wanted = (
        pl.when(pl.col("severity").is_in(FOLLOWED_UP)).then(pl.lit("engineer")).otherwise(pl.lit("operator"))
    )
    pairs = (
        rows.select("incident_id", "location_id", "severity")
        .join(able.select("user_id", "role", "location_ids"), how="cross")
        .filter(here.fill_null(False))
        .with_columns(fits=pl.col("role") == wanted)
        .filter(pl.col("fits") | ~pl.col("fits").any().over("incident_id"))
        .sort("incident_id", "user_id")
    )
    turn = pl.col("incident_id").first().str.replace_all("-", "").str.slice(0, 8).str.to_integer(base=16)
    chosen = pairs.group_by("incident_id").agg(
        assigned_to=pl.col("user_id").gather((turn % pl.len()).cast(pl.UInt32)).first()
    )
    return rows.join(chosen, on="incident_id", how="left", validate="1:1", maintain_order="left")
