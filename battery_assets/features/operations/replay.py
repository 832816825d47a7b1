"""What the alerts of a rule were worth, held against what came true: replacements, repairs, known faults.

An alert came true where its unit ended, or its trouble was repaired, while it held or within HORIZON of its
end. It was false where that time has passed, and undecided before. Jars of a string that was renewed are
neither.
"""

from datetime import datetime, timedelta

import polars as pl

from battery_assets.features.operations.alert_rules import SEVERITIES

HORIZON = timedelta(days=180)
SPAN_MONTHS = 12
RENEWED = "string_renewal"
_TIME = pl.Datetime("us", "UTC")
_KEY = ["alert_type", "signal"]
OUTCOMES: dict[str, pl.DataType | type[pl.DataType]] = {"unit_id": pl.String, "at": _TIME, "kind": pl.String}
JUDGED = (
    "voltage_low", "voltage_high", "temperature_high", "current_high", "ripple_high", "resistance_drift",
    "rul_warning", "rul_critical", "soh_degraded", "anomaly_detected",
)  # fmt: skip


def onsets(alerts: pl.DataFrame) -> pl.DataFrame:
    """One row for each thing that a rule said, however many months it lasted: alert_type, signal, battery_id,
    string_id, location_id, at (when it began), over (until when it held), rank (0 info to 2 critical).

    alerts: rows of alert of consecutive months. What data quality says of data foretells nothing.
    """
    context = pl.col("context_json")
    since = context.str.json_path_match("$.since").str.to_datetime(time_unit="us", time_zone="UTC")
    highest = context.str.json_path_match("$.highest").fill_null(pl.col("severity"))
    units = ["battery_id", "string_id", "location_id"]
    rows = alerts.filter(pl.col("alert_type").is_in(JUDGED)).with_columns(
        signal=context.str.json_path_match("$.signal"),
        at=pl.coalesce(since, "triggered_at"),
        rank=highest.cast(pl.Enum(SEVERITIES)).to_physical().cast(pl.Int64),
        over=pl.col("resolved_at").fill_null(pl.col("triggered_at").dt.offset_by("1mo").dt.truncate("1mo")),
    )
    # A month's turn cuts an alert in two; the second part begins where the first one ends.
    rows = rows.sort(*_KEY, *units, "triggered_at")
    unit = [*_KEY, *units]
    lasts = (pl.col("triggered_at") <= pl.col("over").shift(1)).over(unit).fill_null(value=False)
    return (
        rows.with_columns(number=(~lasts).cum_sum().over(unit))
        .group_by(*unit, "number", maintain_order=True)
        .agg(pl.col("at").min(), pl.col("over").max(), pl.col("rank").max())
        .drop("number")
    )


def outcomes(events: pl.DataFrame, faults: pl.DataFrame) -> pl.DataFrame:
    """What came true: unit_id (jar or place), at, kind (jar, hvac, rectifier).

    events: rows of maintenance_event. faults: battery_id, at of jars in which the twin knows a fault.
    """
    done = events.filter(pl.col("status") == "completed", pl.col("completed_date").is_not_null())
    subtype = pl.col("event_subtype").fill_null("")
    left = done.filter(pl.col("event_type") == "replacement", subtype != RENEWED).select(
        unit_id="battery_id", at="completed_date", kind=pl.lit("jar")
    )
    mended = done.filter(pl.col("event_type") == "corrective", subtype.is_in(["hvac", "rectifier"])).select(
        unit_id="location_id", at="completed_date", kind="event_subtype"
    )
    shorted = faults.select(unit_id="battery_id", at="at", kind=pl.lit("jar"))
    joined = pl.concat([rows.cast(OUTCOMES) for rows in (left, mended, shorted)])  # type: ignore[arg-type]
    jars = joined.filter(pl.col("kind") == "jar").group_by("unit_id", "kind").agg(pl.col("at").min())
    return pl.concat([joined.filter(pl.col("kind") != "jar"), jars.select(*OUTCOMES)]).sort("at", "unit_id")


def renewed(events: pl.DataFrame) -> pl.DataFrame:
    """Jars that left with their string, still serviceable: battery_id, left_at."""
    gone = events.filter(pl.col("event_type") == "replacement", pl.col("event_subtype") == RENEWED)
    return gone.group_by("battery_id").agg(left_at=pl.col("completed_date").min().cast(_TIME))


def replay(
    said: pl.DataFrame,
    came: pl.DataFrame,
    left: pl.DataFrame,
    strings: pl.DataFrame,
    jar_months: int,
    until: datetime,
) -> pl.DataFrame:
    """One row for each rule that spoke: alert_type, signal, jar_months, alerts, alerts_per_1000_jar_months,
    came_true, false_alarms, undecided, ends, foreseen, precision, recall, lead_days.

    said: `onsets`. came: `outcomes`. left: `renewed`. strings: battery_id, string_id. ends are the outcomes
    that the rule could have foretold, foreseen those before which it spoke, lead_days the median of how long
    before. precision and recall are null where nothing was decided.
    """
    judged = _judged(said, came, left, strings, until)
    kinds = {kind: came.filter(pl.col("kind") == kind).height for kind in ("jar", "hvac", "rectifier")}
    true, false = pl.col("verdict") == "true", pl.col("verdict") == "false"
    first = judged.filter(true).group_by(*_KEY, "ended").agg(lead=pl.col("lead").max())
    leads = first.group_by(_KEY).agg(foreseen=pl.len(), lead_days=pl.col("lead").median())
    rows = judged.group_by(_KEY).agg(
        alerts=pl.len(),
        came_true=true.sum(),
        false_alarms=false.sum(),
        undecided=(~true & ~false).sum(),
        locations=pl.col("battery_id").is_null().all() & pl.col("string_id").is_null().all(),
    )
    own = pl.when(pl.col("alert_type") == "ripple_high").then(kinds["rectifier"])
    ends = own.when(pl.col("locations")).then(kinds["hvac"]).otherwise(kinds["jar"])
    decided = pl.col("came_true") + pl.col("false_alarms")
    return (
        rows.join(leads, on=_KEY, how="left", validate="1:1")
        .with_columns(
            ends=ends, foreseen=pl.col("foreseen").fill_null(0), jar_months=pl.lit(jar_months, pl.Int64)
        )
        .with_columns(
            alerts_per_1000_jar_months=1000.0 * pl.col("alerts") / max(jar_months, 1),
            precision=pl.when(decided > 0).then(pl.col("came_true") / decided),
            recall=pl.when(pl.col("ends") > 0).then(pl.col("foreseen") / pl.col("ends")),
        )
        .drop("locations")
        .sort(_KEY)
    )


def _judged(
    said: pl.DataFrame, came: pl.DataFrame, left: pl.DataFrame, strings: pl.DataFrame, until: datetime
) -> pl.DataFrame:
    """The onsets with `verdict` (true, false, undecided), `ended` (of what came true) and `lead` in days."""
    numbered = said.with_row_index("one")
    own = came.with_row_index("ended").join(strings, left_on="unit_id", right_on="battery_id", how="left")
    of_jar = own.filter(pl.col("kind") == "jar")
    jar = pl.col("battery_id").is_not_null()
    string = pl.col("battery_id").is_null() & pl.col("string_id").is_not_null()
    hits = [
        numbered.filter(jar, pl.col("alert_type") != "ripple_high").join(
            of_jar, left_on="battery_id", right_on="unit_id"
        ),
        numbered.filter(string, pl.col("alert_type") != "ripple_high").join(of_jar, on="string_id"),
    ]
    of_place = own.filter(pl.col("kind") != "jar").drop("string_id")
    for kinds, which in (
        ("rectifier", pl.col("alert_type") == "ripple_high"),
        ("hvac", (pl.col("alert_type") == "temperature_high") & pl.col("string_id").is_null()),
    ):
        named = of_place.filter(pl.col("kind") == kinds)
        hits.append(numbered.filter(which).join(named, left_on="location_id", right_on="unit_id"))
    ahead = pl.col("at_right") - pl.col("at")
    joined = pl.concat([rows.select("one", "ended", "at", "over", "at_right") for rows in hits])
    in_time = (pl.col("at_right") >= pl.col("at")) & (pl.col("at_right") <= pl.col("over") + HORIZON)
    joined = joined.filter(in_time).sort("one", "at_right")
    nearest = joined.group_by("one", maintain_order=True).agg(
        pl.col("ended").first(), lead=ahead.first().dt.total_seconds() / 86_400.0
    )
    rows = numbered.join(nearest, on="one", how="left", validate="1:1")
    rows = rows.join(left, on="battery_id", how="left", validate="m:1")
    # A jar that left with its string before the time had passed proves nothing.
    open_still = (pl.col("over") + HORIZON > until) | (pl.col("left_at") < pl.col("over") + HORIZON)
    verdict = (
        pl.when(pl.col("ended").is_not_null())
        .then(pl.lit("true"))
        .when(open_still.fill_null(value=False))
        .then(pl.lit("undecided"))
        .otherwise(pl.lit("false"))
    )
    return rows.with_columns(verdict=verdict)
