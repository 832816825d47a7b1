"""What was known at a cut-off of the end of each jar: between which instants it came, and how anyone knows.

The end is that of the jar's duty: 80 % of its rated capacity, or a sudden failure. People find it late, or
take a jar out that had not ended. So a label is an interval (last known good, first known bad], and a jar
that left for a reason that proves nothing is censored where it was last known good. A jar is one life.
"""

from datetime import datetime, timedelta

import polars as pl

from battery_assets.learning.life.examples import slots

# Raised whenever the same facts give other labels.
DEFINITION = 2
END_OF_LIFE_PCT = 80.0
# Reasons that prove an end by wear, those that prove a sudden end, and those that prove none.
WORN = ("capacity_test", "failed_under_load", "health", "replaced")
SUDDEN = ("shorted_cell", "broken_connection", "thermal_runaway")
CENSORED = ("in_service", "silent", "high_resistance", "string_renewal", "retired", "withdrawn")
REASONS = (*WORN, *SUDDEN, *CENSORED)
# What visits are filed under. Other words, and none, say that the jar was replaced by itself.
FILED = {
    "low_capacity": "capacity_test",
    "failed_under_load": "failed_under_load",
    "shorted_cell": "shorted_cell",
    "thermal_runaway": "thermal_runaway",
    "high_resistance": "high_resistance",
    "string_renewal": "string_renewal",
}
FAULTS = {
    "shorted_cell": "shorted_cell",
    "broken_connection": "broken_connection",
    "open_connection": "broken_connection",
}
# A string is tested once a year; what is ordered after a test is there within a season, or half a year.
BETWEEN_TESTS, ORDERED_WITHIN, LONGEST_ORDER = timedelta(days=365), timedelta(days=90), timedelta(days=180)
SILENT_AFTER = timedelta(days=45)
SHORTEST_DAYS = 0.5
INSTANT = pl.Datetime("us", "UTC")


def ends_known(
    batteries: pl.DataFrame,
    twins: pl.DataFrame,
    events: pl.DataFrame,
    tests: pl.DataFrame,
    cutoff: datetime,
) -> pl.DataFrame:
    """battery_id, reason (of REASONS), good_at, bad_at (null: no end is proven), doubt_at, seen_at; a row per
    jar of `twins` that was ever known to be good, or to have ended. At doubt_at a reading alone took it out.

    batteries: battery_id, string_id, status, replaced_date. twins: battery_id, captured_at, soh_lower_pct,
    soh_upper_pct, evidence, fault. events: maintenance_event rows. tests: string_id, test_date. Only what was
    known at the cut-off counts. Raises ValueError for a naive cut-off.
    """
    if cutoff.tzinfo is None:
        raise ValueError("the cut-off must carry a time zone")
    limit = pl.lit(cutoff).cast(INSTANT)
    states = twins.select(
        "battery_id",
        pl.col("fault").cast(pl.String),
        pl.col("evidence").fill_null("").alias("evidence"),
        pl.col("captured_at").cast(INSTANT).alias("at"),
        *(pl.col(f"soh_{end}_pct").cast(pl.Float64).alias(end) for end in ("lower", "upper")),
    ).filter(pl.col("at") <= limit)
    held = _tests_of(batteries, tests, limit)
    ends = _proven(states, _left(batteries, events, limit), held, limit)
    good = _with_good(ends, states, held)
    return good.select("battery_id", "reason", "good_at", "bad_at", "doubt_at", "seen_at")


def _tests_of(batteries: pl.DataFrame, tests: pl.DataFrame, limit: pl.Expr) -> pl.DataFrame:
    """battery_id, test_at: a row per jar and test of its string before the cut-off, in order."""
    held = tests.select("string_id", test_at=pl.col("test_date").cast(INSTANT)).filter(
        pl.col("test_at") <= limit
    )
    placed = batteries.filter(pl.col("string_id").is_not_null()).select("battery_id", "string_id")
    return placed.join(held, on="string_id").select("battery_id", "test_at").sort("test_at")


def _left(batteries: pl.DataFrame, events: pl.DataFrame, limit: pl.Expr) -> pl.DataFrame:
    """battery_id, left_at (end of that day, null: not dated), filed: the jars that had left."""
    done = events.filter(
        (pl.col("event_type") == "replacement")
        & (pl.col("status") == "completed")
        & pl.col("battery_id").is_not_null()
        & pl.col("completed_date").is_not_null()
    )
    first = (
        done.sort("completed_date")
        .group_by("battery_id")
        .agg(visited=pl.col("completed_date").first().dt.date(), words=pl.col("event_subtype").first())
    )
    joined = batteries.select("battery_id", "status", "replaced_date").join(
        first, on="battery_id", how="left"
    )
    day = pl.coalesce("replaced_date", "visited").cast(pl.Datetime("us"))
    left_at = (day + pl.duration(days=1)).dt.replace_time_zone("UTC").cast(INSTANT)
    alone = pl.when(pl.col("status") == "retired").then(pl.lit("retired")).otherwise(pl.lit("replaced"))
    filed = pl.coalesce(pl.col("words").replace_strict(FILED, default=None, return_dtype=pl.String), alone)
    gone = pl.col("status").is_in(["replaced", "retired"]) | left_at.is_not_null()
    left = joined.filter(gone).select(
        "battery_id",
        left_at=left_at,
        filed=pl.when(left_at.is_null()).then(pl.lit("withdrawn")).otherwise(filed),
    )
    return left.filter(pl.col("left_at").is_null() | (pl.col("left_at") <= limit))


def _proven(states: pl.DataFrame, left: pl.DataFrame, held: pl.DataFrame, limit: pl.Expr) -> pl.DataFrame:
    """battery_id, seen_at, reason, bad_at: the first proof of an end, or why there is none."""
    measured = pl.col("evidence").str.contains("discharge|capacity_test")
    broken, worn = pl.col("fault").is_not_null(), measured & (pl.col("upper") < END_OF_LIFE_PCT)
    observed = states.sort("at").group_by("battery_id", maintain_order=True).agg(
        seen_at=pl.col("at").last(),
        broken_at=pl.col("at").filter(broken).first(),
        fault=pl.col("fault").filter(broken).first(),
        worn_at=pl.col("at").filter(worn & ~broken).first(),
    )  # fmt: skip
    dated = observed.join(left, on="battery_id", how="left").sort("left_at")
    tested = dated.filter(pl.col("filed") == "capacity_test").join_asof(
        held, left_on="left_at", right_on="test_at", by="battery_id", tolerance=LONGEST_ORDER,
        check_sortedness=False,
    )  # fmt: skip
    dated = dated.join(tested.select("battery_id", found_at="test_at"), on="battery_id", how="left")
    by_people = pl.when(pl.col("filed").is_in([*WORN, *SUDDEN])).then(pl.coalesce("found_at", "left_at"))
    bad_at = pl.min_horizontal("broken_at", "worn_at", by_people)
    silent = pl.col("seen_at") < limit - pl.duration(seconds=int(SILENT_AFTER.total_seconds()))
    reason = (
        pl.when(pl.col("broken_at") == bad_at)
        .then(pl.col("fault").replace_strict(FAULTS, default="broken_connection", return_dtype=pl.String))
        .when(pl.col("worn_at") == bad_at)
        .then(pl.lit("health"))
        .when(pl.col("filed").is_not_null())
        .then("filed")
        .otherwise(pl.when(silent).then(pl.lit("silent")).otherwise(pl.lit("in_service")))
    )
    doubt_at = pl.when(bad_at.is_null() & (pl.col("filed") == "high_resistance")).then("left_at")
    return dated.select("battery_id", "seen_at", reason=reason, bad_at=bad_at, doubt_at=doubt_at)


def _with_good(ends: pl.DataFrame, states: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """`ends` with good_at: the last state or test that showed the jar good, before the first proof.

    A jar that wore out while its twin took it for sound proves its twin wrong: there only tests count.
    """
    sudden, proven = pl.col("reason").is_in(SUDDEN), pl.col("bad_at").is_not_null()
    sure = pl.col("fault").is_null() & pl.when(proven).then(sudden).otherwise(
        pl.col("lower") >= END_OF_LIFE_PCT
    )
    until = ~proven | (pl.col("at") < pl.col("bad_at"))
    shown = states.join(ends, on="battery_id").filter(until & sure)
    by_state = shown.group_by("battery_id").agg(state_good=pl.col("at").max())
    # A test before which nothing was ordered was passed.
    within = pl.duration(seconds=int(ORDERED_WITHIN.total_seconds()))
    passed = held.join(ends, on="battery_id").filter(
        pl.when(pl.col("bad_at").is_null())
        .then(pl.col("test_at") <= pl.col("seen_at") - within)
        .otherwise(pl.col("test_at") < pl.col("bad_at") - within)
    )
    by_test = passed.group_by("battery_id").agg(test_good=pl.col("test_at").max())
    joined = ends.join(by_state, on="battery_id", how="left").join(by_test, on="battery_id", how="left")
    earliest = pl.col("bad_at") - pl.duration(seconds=int(BETWEEN_TESTS.total_seconds()))
    good_at = pl.max_horizontal("state_good", "test_good", earliest)
    return joined.with_columns(good_at=good_at).filter(pl.col("good_at").is_not_null()).sort("battery_id")


def labelled(
    snaps: pl.DataFrame, batteries: pl.DataFrame, ends: pl.DataFrame, cutoff: datetime
) -> pl.DataFrame:
    """`snaps` before the cut-off with what `ends_known` tells of the end of each jar.

    Adds lower_days and upper_days (the jar ended between them; upper null = no end is proven), followup_days
    (how long an end would have been seen), doubt_days (a reading took it out then), reason, group (the jar's
    slot through all replacements), string_id, and site where batteries has one. Snapshots after the first
    proof are left out, and those after
    the last sign that a jar was good if no end was ever proven. A lower_days of 0: it may have ended before.
    """
    placed = batteries.select(
        "battery_id",
        "string_id",
        *(["site"] if "site" in batteries.columns else []),
        group=pl.Series("group", slots(batteries)),
    )
    instant, limit = snaps.schema["snapshot_at"], pl.lit(cutoff)
    dates = [pl.col(name).cast(instant) for name in ("good_at", "bad_at", "doubt_at")]
    lives_ended = placed.join(ends.select("battery_id", "reason", *dates), on="battery_id")
    rows = snaps.filter(pl.col("snapshot_at") < limit.cast(instant)).join(
        lives_ended, on="battery_id", maintain_order="left", validate="m:1"
    )
    upper, lower = _days(pl.col("bad_at")), _days(pl.col("good_at")).clip(0.0)
    proven = pl.col("bad_at").is_not_null()
    rows = rows.with_columns(
        upper_days=upper,
        lower_days=pl.when(proven).then(pl.min_horizontal(lower, upper - SHORTEST_DAYS)).otherwise(lower),
        doubt_days=_days(pl.col("doubt_at")),
        followup_days=pl.when(proven).then(_days(limit.cast(instant))).otherwise(lower),
    )
    serves = (
        pl.when(proven)
        .then(pl.col("upper_days") >= 2 * SHORTEST_DAYS)
        .otherwise(pl.col("lower_days") >= SHORTEST_DAYS)
    )
    return rows.filter(serves).drop("good_at", "bad_at", "doubt_at")


def _days(instant: pl.Expr) -> pl.Expr:
    return (instant - pl.col("snapshot_at")).dt.total_seconds() / 86_400
