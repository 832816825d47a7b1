"""What people have to do about incidents, by when, and who: one order for each incident, until it is done."""

from datetime import timedelta

import polars as pl

from battery_assets import tables as t
from battery_assets.features.operations.causes import CAUSES
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import empty, polars_schema

_TIME = pl.Datetime("us", "UTC")
SCHEMA = polars_schema(t.work_order)
# Priority and time to fix of an incident's severity, P1 to P4 (SOURCES 5); P4 waits for the monthly round,
# and has no order of its own.
PRIORITIES = {
    "critical": ("urgent", timedelta(hours=24)),
    "high": ("high", timedelta(days=3)),
    "medium": ("medium", timedelta(days=14)),
    "low": ("low", timedelta(days=30)),
}
# What is still looked after once its alerts are gone.
FOLLOWED_UP = ("critical", "high")
# What is medium is no reason to drive before it has lasted (operations policy).
LASTED = timedelta(days=3)
ROUNDS = ("impedance_test", "capacity_test")


def work_orders(
    incidents: pl.DataFrame,
    users: pl.DataFrame | None = None,
    before: pl.DataFrame | None = None,
    work: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Rows of work_order: one for each incident that needs hands, or needed them in the month before.

    incidents: rows of incident of a month. users: rows of user; an active engineer of the location takes
    urgent and high work, an operator the rest (either where the other is missing), always the same for the
    same incident; without users nobody is named. before: the work orders of the month before, whose due dates
    stay. work: rows of maintenance_event of the month. Raises where a cause is unknown.
    """
    before = empty(t.work_order) if before is None else before
    lasted = pl.col("last_alert_at") - pl.col("created_at") >= LASTED
    needed = pl.col("severity").is_in(FOLLOWED_UP) | ((pl.col("severity") == "medium") & lasted)
    begun = before.filter(~pl.col("status").is_in(["completed", "closed"]))
    rows = incidents.filter(
        needed.fill_null(value=False) | pl.col("incident_id").is_in(begun["incident_id"].to_list())
    )
    if rows.height == 0:
        return pl.DataFrame(schema=SCHEMA)
    rows = _states(_assigned(_due(_asked(rows), begun), users), begun, _retests(work))
    ids = [identity("work_order", incident) for incident in rows["incident_id"]]
    rows = rows.with_columns(pl.Series("work_order_id", ids, pl.String), external_id=pl.lit(None, pl.String))
    return rows.select(list(SCHEMA)).cast(SCHEMA).sort("due_date", "work_order_id")  # type: ignore[arg-type]


def _asked(rows: pl.DataFrame) -> pl.DataFrame:
    """The incidents with title, description and priority of what is to be done."""
    code = pl.col("rca_code")
    action = code.replace_strict({cause.code: cause.action for cause in CAUSES}, return_dtype=pl.String)
    steps = code.replace_strict({cause.code: cause.steps for cause in CAUSES}, return_dtype=pl.String)
    return rows.with_columns(
        description=pl.format("{} Incident {}: {}", steps, "incident_code", "description"),
        title=pl.format("{} - {}", action, "title").str.slice(0, 200),
        priority=pl.col("severity").replace_strict({name: word for name, (word, _) in PRIORITIES.items()}),
    )


def _due(rows: pl.DataFrame, begun: pl.DataFrame) -> pl.DataFrame:
    """With due_date: that of the month before, or an earlier one where the incident became more severe."""
    within = pl.col("severity").replace_strict(
        {name: time for name, (_, time) in PRIORITIES.items()}, return_dtype=pl.Duration("us")
    )
    kept = begun.select("incident_id", kept_due="due_date")
    rows = rows.join(kept, on="incident_id", how="left", validate="1:1", maintain_order="left")
    due = pl.coalesce("worsened_at", "created_at") + within
    return rows.with_columns(due_date=pl.min_horizontal("kept_due", due)).drop("kept_due")


def _retests(work: pl.DataFrame | None) -> pl.DataFrame:
    """The last ohmic round or capacity test of each string in the month, and what it was."""
    done = (empty(t.maintenance_event) if work is None else work).filter(
        pl.col("event_type").is_in(ROUNDS), pl.col("status") == "completed", pl.col("string_id").is_not_null()
    )
    return (
        done.sort("completed_date")
        .group_by("string_id", maintain_order=True)
        .agg(retested_at=pl.col("completed_date").last(), retest=pl.col("event_type").last())
    )


def _states(rows: pl.DataFrame, begun: pl.DataFrame, retests: pl.DataFrame) -> pl.DataFrame:
    """With status, completed_at and resolution_notes.

    An order is completed by recorded work that ended the incident, or by a retest after which its alerts went
    away; it is closed where they went away by themselves.
    """
    was = begun.select("incident_id", was="status", noted="resolution_notes")
    rows = rows.join(was, on="incident_id", how="left", validate="1:1", maintain_order="left")
    rows = rows.join(retests, on="string_id", how="left", validate="m:1", maintain_order="left")
    worked = (pl.col("status") == "closed") & pl.col("description").str.contains("Ended by recorded work: ")
    retested = (pl.col("retested_at") >= pl.col("created_at")).fill_null(value=False)
    looked_at = retested | (pl.col("was") == "in_progress")
    gone = pl.col("status") != "open"
    idle = (pl.col("status") == "closed") | (gone & ~pl.col("severity").is_in(FOLLOWED_UP))
    done = worked | (gone & looked_at)
    state = (
        pl.when(done)
        .then(pl.lit("completed"))
        .when(idle)
        .then(pl.lit("closed"))
        .when(looked_at)
        .then(pl.lit("in_progress"))
        .when(pl.col("assigned_to").is_not_null())
        .then(pl.lit("assigned"))
        .otherwise(pl.lit("open"))
    )
    words = pl.col("retest").str.replace_all("_", " ")
    round_of = pl.format("Retested: {} of {}.", words, pl.col("retested_at").dt.strftime("%Y-%m-%d"))
    notes = (
        pl.when(worked)
        .then(pl.col("description").str.extract(r"Ended by recorded work: (.*)$"))
        .when(retested)
        .then(round_of)
        .otherwise("noted")
    )
    return rows.with_columns(
        status=state,
        completed_at=pl.when(done).then(
            pl.when(worked).then("closed_at").otherwise(pl.max_horizontal("resolved_at", "retested_at"))
        ),
        resolution_notes=notes,
    )


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
