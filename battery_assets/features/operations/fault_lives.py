"""How long a fault lasts: from its first warning, from month to month, until work or time ends it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from battery_assets import tables as t
from battery_assets.features.operations.faults import JAR
from battery_assets.features.operations.signatures import (
    EVIDENCE,
    joined,
    known_before,
    rca_code,
    shown_by_groups,
)
from battery_assets.tables.projections import empty

OPEN, RESOLVED, CLOSED = "open", "resolved", "closed"
# A fault that comes back before the next quarterly round never went away; after that its incident is closed.
RETURNS_WITHIN = timedelta(days=92)
# Rooms and jars cool for half a day after a repair, and alerts have their hysteresis.
SETTLES_IN = timedelta(hours=24)
# What was critical of a jar is closed once somebody has looked at it, and not by time alone.
LOOKS = ("impedance_test", "capacity_test")
_GROUP = ["fault", "turn"]
_TIME = pl.Datetime("us", "UTC")
# What a month hands to the next one, besides the evidence.
_KEPT = (
    "incident_id", "created_at", "resolved_at", "status", "severity", "title", "description", "worsened_at",
    "last_alert_at", "location_id", "string_id",
)  # fmt: skip


@dataclass(frozen=True)
class Month:
    """What a month's incidents are made from, besides its alerts.

    jars: `jars_in_places`. start, end: the month, [start, end), UTC. before: rows of incident of the month
    before. alerts_before: its rows of alert. work: rows of maintenance_event of both months. systems:
    system_id, system_code. with_data: jars of which the month has data; None: all.
    """

    site: str
    jars: pl.DataFrame
    start: datetime
    end: datetime
    before: pl.DataFrame
    alerts_before: pl.DataFrame
    work: pl.DataFrame
    systems: pl.DataFrame
    with_data: pl.Series | None = None

    @property
    def faults_before(self) -> pl.Series:
        """The faults that the month before left."""
        return self.before.filter(pl.col("status") != CLOSED)["fault"]

    @classmethod
    def first(cls, site: str, jars: pl.DataFrame, start: datetime, end: datetime) -> "Month":
        """A month before which nothing is known, and in which nobody worked."""
        systems = pl.DataFrame(schema={"system_id": pl.String, "system_code": pl.String})
        return cls(
            site, jars, start, end, empty(t.incident), empty(t.alert), empty(t.maintenance_event), systems
        )


def lives(rows: pl.DataFrame, ended: pl.DataFrame, month: Month) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Faults worth an incident with their state at the month's end, and of which the alerts speak.

    rows: `with_faults`. ended: `repairs` of the month. A fault has a row for each `turn`: how many repairs of
    it the month had seen.
    """
    rows = _turns(rows, ended)
    now = _alerts_of(rows).join(
        shown_by_groups(rows, _GROUP, known_before(month.alerts_before)), on=_GROUP, validate="1:1"
    )
    continued = _continued(now, month.before).join(_repaired(ended), on=_GROUP, how="left", validate="1:1")
    continued = continued.filter(pl.col("created_at").is_not_null())
    kind = pl.col("fault").str.split("|").list.first()
    continued = continued.with_columns(rca_code=rca_code(kind, pl.col("evidence")))
    continued = continued.join(_looks(month.work), on="string_id", how="left", validate="m:1")
    return _ends(continued, month).sort("created_at", *_GROUP), rows.select("alert_id", *_GROUP)


def _turns(rows: pl.DataFrame, ended: pl.DataFrame) -> pl.DataFrame:
    """The alerts with `turn`."""
    count = ended.sort("fault", "at").with_columns(turn=pl.int_range(1, pl.len() + 1).over("fault"))
    counted = rows.sort("triggered_at").join_asof(
        # What is still hot, or still settles, when the repair is over belongs to what was repaired.
        count.select("fault", pl.col("at") + SETTLES_IN, "turn").sort("at"),
        left_on="triggered_at",
        right_on="at",
        by="fault",
        check_sortedness=False,
    )
    return counted.with_columns(turn=pl.col("turn").fill_null(0)).drop("at")


def _repaired(ended: pl.DataFrame) -> pl.DataFrame:
    """Which repair ends a turn."""
    turn = pl.int_range(0, pl.len()).over("fault")
    return ended.sort("fault", "at").select("fault", turn=turn, repaired_at="at", work="work")


def _alerts_of(rows: pl.DataFrame) -> pl.DataFrame:
    """What the month's alerts of a fault come to; `begun_at` is null where none is worth an incident."""
    bad, lasts = pl.col("rank") > 0, pl.col("resolved_at").is_null()
    # The worst speaks for all; of equals the jar at fault before those that it disturbs.
    own = (pl.format("jar|{}", "battery_id") == pl.col("fault")).fill_null(value=False)
    order = [*_GROUP, "rank", "own", "excess", "triggered_at", "alert_id"]
    falling = [False, False, True, True, True, False, False]
    kinds = rows.group_by(*_GROUP, "alert_type").agg(n=pl.len()).sort(*_GROUP, "alert_type")
    kinds = kinds.group_by(_GROUP).agg(kinds=pl.format("{} {}", "alert_type", "n").str.join(", "))
    spoken = (
        rows.with_columns(own=own)
        .sort(order, descending=falling, nulls_last=True)
        .group_by(_GROUP, maintain_order=True)
        .agg(
            pl.col("location_id", "unit_code", "message").first(),
            pl.col("string_id").drop_nulls().first(),
            begun_at=pl.col("triggered_at").filter(bad).min(),
            worst_at=pl.col("triggered_at").filter(pl.col("rank") == pl.col("rank").max()).min(),
            holds=(bad & lasts).any(),
            over_at=pl.col("resolved_at").filter(bad).max(),
            units=pl.col("unit").n_unique(),
        )
    )
    return spoken.join(kinds, on=_GROUP, validate="1:1")


def _looks(work: pl.DataFrame) -> pl.DataFrame:
    """string_id, looked_at: when the jars of each string were last measured one by one."""
    done = work.filter(pl.col("event_type").is_in(LOOKS) & (pl.col("status") == "completed"))
    done = done.filter(pl.col("string_id").is_not_null())
    return done.group_by("string_id").agg(looked_at=pl.col("completed_date").max())


def _continued(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The month's faults and those of the month before that are not closed, one row each."""
    kept = before.filter(pl.col("status") != CLOSED).select(
        "fault",
        *_KEPT,
        turn=pl.lit(0, pl.Int64),
        evidence_before=pl.col("evidence_json").str.json_decode(EVIDENCE),
    )
    now = now.rename({"location_id": "location_now", "string_id": "string_now"})
    matched = now.join(kept, on=_GROUP, how="full", coalesce=True, validate="1:1")
    return matched.with_columns(
        created_at=pl.coalesce("created_at", "begun_at"),
        location_id=pl.coalesce("location_id", "location_now"),
        string_id=pl.coalesce("string_id", "string_now"),
        evidence=joined(pl.col("evidence_before"), pl.col("evidence")),
    ).drop("location_now", "string_now", "evidence_before")


def _ends(lives_found: pl.DataFrame, month: Month) -> pl.DataFrame:
    """The faults with status, resolved_at, closed_at and last_alert_at at the month's end."""
    start, end = pl.lit(month.start, _TIME), pl.lit(month.end, _TIME)
    warned, was_open = pl.col("begun_at").is_not_null(), pl.col("status") == OPEN
    silent = was_open.fill_null(value=False) & ~warned & ~_watched(month)
    holds = (warned & pl.col("holds").fill_null(value=False)) | silent
    # No alert of it in a month with data: it was over when the month began.
    over = pl.when(warned).then("over_at").when(was_open).then(start).otherwise("resolved_at")
    resolved = pl.coalesce("repaired_at", pl.when(~holds).then(over))
    away = resolved + RETURNS_WITHIN
    severe = (pl.col("evidence").struct.field("rank") == 2) & pl.col("fault").str.starts_with(f"{JAR}|")
    looked = pl.when(severe).then(pl.when(pl.col("looked_at") >= resolved).then("looked_at")).otherwise(away)
    closing = pl.when(looked.is_not_null()).then(pl.max_horizontal(away, looked))
    closed = pl.coalesce("repaired_at", pl.when(~holds & (closing < end)).then(closing))
    status = (
        pl.when(closed.is_not_null())
        .then(pl.lit(CLOSED))
        .when(holds)
        .then(pl.lit(OPEN))
        .otherwise(pl.lit(RESOLVED))
    )
    lasted = pl.when(holds & ~silent).then(end).otherwise(pl.max_horizontal("over_at", "last_alert_at"))
    return lives_found.with_columns(
        status=status,
        resolved_at=pl.when(status != OPEN).then(resolved),
        closed_at=closed,
        last_alert_at=pl.min_horizontal(lasted, pl.col("repaired_at")),
    )


def _watched(month: Month) -> pl.Expr:
    """Has the month data of the fault's jar, string, system or place? Without, its silence says nothing."""
    if month.with_data is None:
        return pl.lit(value=True)
    jars = month.jars.filter(pl.col("battery_id").is_in(month.with_data.to_list()))
    names = ("battery_id", "string_id", "system_id", "location_id")
    units = pl.concat([jars[name].drop_nulls() for name in names]).unique()
    return pl.col("fault").str.split("|").list.last().is_in(units.to_list())
