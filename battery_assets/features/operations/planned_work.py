"""What recorded work says of alerts and faults: planned work suppresses alerts, repairs end a fault."""

from datetime import datetime, timedelta

import polars as pl

from battery_assets.features.operations.faults import (
    AGED,
    AGED_SHARE,
    CHARGE,
    CHARGER,
    DATA,
    HEAT,
    JAR,
    RIPPLE,
    ROOM,
)

_TIME = pl.Datetime("us", "UTC")
BEFORE = timedelta(hours=1)
# How long work is felt after its end: a tested string is recharged for two days, a new jar settles for one.
FELT_FOR = {
    "capacity_test": timedelta(hours=48),
    "replacement": timedelta(hours=24),
    "corrective": timedelta(hours=2),
    "torque_check": timedelta(hours=2),
    "impedance_test": timedelta(hours=2),
}
# What work on a string disturbs; health, life and resistance are no disturbance of a day.
DISTURBED = (
    "voltage_low",
    "voltage_high",
    "temperature_high",
    "current_high",
    "ripple_high",
    "anomaly_detected",
    "data_quality",
)
# What a discharge says of a jar beside its neighbours is what a test is made for.
FINDING = "discharge_below_median"
REPAIRS = ("replacement", "corrective")
REPAIR_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "fault": pl.String,
    "at": _TIME,
    "work": pl.String,
}


def suppressed(alerts: pl.DataFrame, work: pl.DataFrame) -> pl.DataFrame:
    """The alerts; those that came and went with planned work on their unit have the status `suppressed`.

    alerts: rows of alert. work: rows of maintenance_event of the month and the one before. An alert that
    lasts longer than the work is felt stays what it is.
    """
    felt = pl.col("event_type").replace_strict(FELT_FOR, default=None, return_dtype=pl.Duration("us"))
    windows = work.filter(felt.is_not_null() & (pl.col("status") != "cancelled")).select(
        work_on=pl.coalesce("string_id", "location_id"),
        begin=pl.coalesce("scheduled_date", "completed_date") - BEFORE,
        end=pl.coalesce("completed_date", "scheduled_date") + felt,
    )
    over = alerts.filter(
        pl.col("resolved_at").is_not_null(),
        pl.col("alert_type").is_in(DISTURBED),
        ~pl.col("context_json").fill_null("").str.contains(FINDING, literal=True),
    )
    units = [
        over.filter(pl.col(name).is_not_null()).with_columns(work_on=name)
        for name in ("string_id", "location_id")
    ]
    inside = (pl.col("triggered_at") >= pl.col("begin")) & (pl.col("resolved_at") <= pl.col("end"))
    hit = pl.concat(units).join(windows, on="work_on").filter(inside)["alert_id"].unique()
    planned = pl.col("alert_id").is_in(hit.to_list())
    # Of a month that is made again, what was suppressed before is looked at anew.
    own = pl.when(pl.col("status") == "suppressed").then(pl.lit("resolved")).otherwise("status")
    return alerts.with_columns(status=pl.when(planned).then(pl.lit("suppressed")).otherwise(own))


def repairs(work: pl.DataFrame, jars: pl.DataFrame, systems: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """fault, at, work: when recorded work ended a fault, whether it was one or not; sorted by both.

    work: rows of maintenance_event of the month. jars: `jars_in_places`; one that was replaced has ended,
    with or without a record. systems: system_id, system_code. A repair of rectifiers is of those systems that
    its notes name, of all of the place where they name none.
    """
    done = work.filter(
        pl.col("event_type").is_in(REPAIRS),
        pl.col("status") == "completed",
        pl.col("completed_date") < until,
    ).with_columns(work=_words())
    of_jar = done.filter(pl.col("battery_id").is_not_null())
    of_string = done.filter(pl.col("battery_id").is_null() & pl.col("string_id").is_not_null())
    of_place = done.filter(pl.col("battery_id").is_null() & pl.col("string_id").is_null())
    cooled = of_place.filter(pl.col("event_subtype") == "hvac")
    frames = [
        _ended(of_jar, JAR, "battery_id"),
        *(_ended(of_string, kind, "string_id") for kind in (CHARGER, HEAT, DATA)),
        *(_ended(_renewals(of_jar, jars), kind, "string_id") for kind in (AGED, CHARGER, HEAT)),
        _ended(cooled, ROOM, "location_id"),
        *_rectifiers(of_place.filter(pl.col("event_subtype") == "rectifier"), jars, systems),
        _taken_out(jars, of_jar, until),
    ]
    return pl.concat(frames).unique(["fault", "at"], keep="first", maintain_order=True).sort("fault", "at")


def _words() -> pl.Expr:
    kind = pl.coalesce("event_subtype", "event_type").str.replace_all("_", " ")
    return pl.concat_str(kind, pl.lit(": "), pl.coalesce("notes", "event_type"))


def _ended(work: pl.DataFrame, kind: str, unit: str) -> pl.DataFrame:
    fault = pl.format("{}|{}", pl.lit(kind), unit)
    return work.select(fault=fault, at="completed_date", work="work").cast(REPAIR_SCHEMA)  # type: ignore[arg-type]


def _renewals(work: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """When a quarter of a string's jars or more was replaced on one day."""
    sizes = jars.group_by("string_id").agg(jars=pl.col("position_in_string").n_unique())
    days = work.filter(pl.col("event_type") == "replacement").join(sizes, on="string_id")
    return (
        days.group_by("string_id", pl.col("completed_date").dt.date().alias("day"))
        .agg(
            pl.col("completed_date").max(), count=pl.col("battery_id").n_unique(), jars=pl.col("jars").first()
        )
        .filter(pl.col("count") >= AGED_SHARE * pl.col("jars"))
        .with_columns(work=pl.format("string renewal: {} jars replaced", "count"))
    )


def _taken_out(jars: pl.DataFrame, recorded: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """Jars that are no longer there and of which nobody recorded why: they ended with their last day."""
    if "replaced_date" not in jars.columns:
        return pl.DataFrame(schema=REPAIR_SCHEMA)
    gone = jars.filter(
        pl.col("replaced_date") < until.date(), ~pl.col("battery_id").is_in(recorded["battery_id"].to_list())
    )
    last = pl.col("replaced_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + timedelta(hours=23)
    return gone.with_columns(completed_date=last, work=pl.lit("replaced")).pipe(_ended, JAR, "battery_id")


def _rectifiers(work: pl.DataFrame, jars: pl.DataFrame, systems: pl.DataFrame) -> list[pl.DataFrame]:
    here = jars.select("location_id", "system_id").unique().join(systems, on="system_id")
    pairs = work.join(here, on="location_id").with_columns(
        named=pl.col("notes").fill_null("").str.contains(pl.col("system_code"), literal=True)
    )
    meant = pairs.filter(pl.col("named") | ~pl.col("named").any().over("event_id"))
    return [_ended(meant, kind, "system_id") for kind in (RIPPLE, CHARGE)]
