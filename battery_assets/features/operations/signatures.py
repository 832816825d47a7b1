"""What was seen of a fault since it began, and the cause that fits it first (SOURCES 3.2).

Evidence only grows: a month adds to what the months before it saw, so that a cause does not change back.
"""

import polars as pl

from battery_assets.features.operations.faults import (
    AGED,
    BROKEN_PCT,
    CHARGE,
    CHARGER,
    DATA,
    HEAT,
    JAR,
    LOW,
    RIPPLE,
    ROOM,
)

# A whole cell is 2.27 V of a jar's float voltage. A jar that is only dry or sulfated floats up to 0.5 V low
# by the Tafel law: beyond this it is a cell.
WHOLE_CELL_V = 1.0
# A short takes its volts at once: wear is 0.1 V a month at most.
JUMP_V = 0.3
# A weld cracks within days (Cellwatch); what dries out rises by some per cent a month.
JUMP_PCT = 40.0
EVIDENCE = pl.Struct(
    {
        "signals": pl.List(pl.String),
        "rank": pl.Int64,
        "below_v": pl.Float64,
        "growth_pct": pl.Float64,
        "units": pl.Int64,
        "half_low": pl.Boolean,
        "half_high": pl.Boolean,
        "crept": pl.Boolean,
        "jumped": pl.Boolean,
        "broke": pl.Boolean,
        "half_hot": pl.Boolean,
    }
)
_MARKS = ("half_low", "half_high", "crept", "jumped", "broke", "half_hot")
_FLOATS_LOW = ("float_below_median", "float_voltage_25c")
_LIFE = ("soh", "rul_days", "failure_probability_90d", "failure_probability_30d")
_GROWTH = ("r_vs_baseline", "r_vs_median")


def shown_by_groups(rows: pl.DataFrame, over: list[str], before: pl.DataFrame) -> pl.DataFrame:
    """`over`, evidence: what the alerts of each group show.

    rows: `with_faults`. before: `known_before`.
    """
    leads = pl.col("signal")
    value = {
        "below_v": pl.col("value").filter(leads == "float_below_median").max(),
        "growth_pct": pl.col("value").filter(leads.is_in(_GROWTH)).max(),
    }
    own = pl.col("fault") == pl.format("jar|{}", "battery_id")
    # What a fault does to others is no sign of what it is.
    mine = own.fill_null(value=False) | ~pl.col("fault").str.starts_with("jar|")
    was_low = pl.col("was_v").is_not_null()
    jump = (pl.col("below_v") - pl.col("was_v") >= JUMP_V).fill_null(value=False)
    creeps = (pl.col("growth_pct") - pl.col("was_pct") < JUMP_PCT).fill_null(value=False)
    evidence = pl.struct(
        signals="signals",
        rank="rank",
        below_v="below_v",
        growth_pct="growth_pct",
        units="units",
        half_low="half_low",
        half_high="half_high",
        crept=was_low & ~jump,
        jumped=was_low & jump,
        broke=(pl.col("growth_pct") >= BROKEN_PCT) & ~creeps,
        half_hot="half_hot",
    )
    return (
        rows.join(before, on="battery_id", how="left", validate="m:1")
        .with_columns(signals=pl.when(mine).then("signals"), was_v=pl.when(mine).then("was_v"))
        .group_by(over)
        .agg(
            pl.col("signals").explode().drop_nulls().unique().sort(),
            **value,
            rank=pl.col("rank").max(),
            units=pl.col("unit").n_unique().cast(pl.Int64),
            half_low=pl.col("half_low").any(),
            half_high=pl.col("half_high").any(),
            half_hot=pl.col("half_hot").any(),
            was_v=pl.col("was_v").max(),
            was_pct=pl.col("was_pct").max(),
        )
        .select(*over, evidence=evidence)
    )


def joined(before: pl.Expr, now: pl.Expr) -> pl.Expr:
    """The evidence of two times; either may be null."""

    def most(name: str) -> pl.Expr:
        return pl.max_horizontal(before.struct.field(name), now.struct.field(name))

    signals = pl.concat_list(
        side.struct.field("signals").fill_null(pl.lit([], pl.List(pl.String))) for side in (before, now)
    )
    return pl.struct(
        signals.list.unique().list.sort().alias("signals"),
        *(most(name).alias(name) for name in ("rank", "below_v", "growth_pct", "units")),
        *(most(name).fill_null(value=False).alias(name) for name in _MARKS),
    )


def rca_code(kind: pl.Expr, evidence: pl.Expr) -> pl.Expr:
    """The first signature that fits, by the kind of fault."""
    field = {name.name: evidence.struct.field(name.name) for name in EVIDENCE.fields}
    signals = field["signals"].list.join(";")
    jar = kind == JAR

    def shows(names: tuple[str, ...], *severities: str) -> pl.Expr:
        return signals.str.contains(f"(^|;)({'|'.join(names)}) ({'|'.join(severities)})")

    any_rank, bad = ("info", "warning", "critical"), ("warning", "critical")
    grown = shows(_GROWTH, *any_rank)
    below = field["below_v"].fill_null(0.0)
    # A short takes its volts within hours and lowers the resistance; wear takes months and raises it.
    sudden = field["jumped"] | (~grown & ~field["crept"])
    short = (
        (below >= WHOLE_CELL_V)
        | shows(("cell_short",), "critical")
        | (shows(_FLOATS_LOW, "critical") & sudden)
    )
    weak = shows(("discharge_below_median", "discharge_voltage"), *bad)
    hot, hot_far = shows(("jar_above_room", "jar_temperature"), *bad), shows(("jar_above_room",), "critical")
    floats = shows(("float_current", "float_current_rise"), *any_rank)
    signatures = [
        ((kind == CHARGER) & field["half_low"], "CHARGER-LOW"),
        (kind == CHARGER, "CHARGER-HIGH"),
        (jar & field["broke"], "OPEN-WELD"),
        (jar & short, "CELL-SHORT"),
        (kind == AGED, "STRING-AGED"),
        (jar & shows(("discharge_below_median", "discharge_voltage"), "critical"), "WEAK-JAR"),
        (jar & (shows(_LIFE, *bad) | (weak & shows(_GROWTH, *bad))), "JAR-AGEING"),
        (jar & weak, "WEAK-JAR"),
        (jar & shows(_GROWTH, *bad), "DRY-OUT"),
        (jar & shows(_FLOATS_LOW, *bad), "LOW-FLOAT"),
        ((kind == HEAT) & hot_far & (floats | field["half_hot"]), "THERMAL-RUNAWAY"),
        (kind == ROOM, "HVAC"),
        ((kind == HEAT) & hot, "HOT-JAR"),
        (kind == HEAT, "FLOAT-CURRENT"),
        (jar & hot, "HOT-JAR"),
        (jar & shows(("float_above_median", "float_above_band"), *bad), "HIGH-FLOAT"),
        (kind == CHARGE, "CHARGE-LIMIT"),
        (kind == RIPPLE, "RECTIFIER-FILTER"),
        (kind == DATA, "DATA-QUALITY"),
    ]
    return pl.coalesce(
        *(pl.when(fits).then(pl.lit(code)) for fits, code in signatures), pl.lit("UNEXPLAINED")
    )


def known_before(alerts: pl.DataFrame) -> pl.DataFrame:
    """battery_id, was_v, was_pct: by how much jars floated low in the month before, where that was no short,
    and by how much their resistance had grown.

    alerts: rows of alert of the month before.
    """
    signals = pl.col("context_json").str.json_path_match("$.signals")
    low = (pl.col("alert_type") == LOW) & signals.str.contains(f'"({"|".join(_FLOATS_LOW)}) ')
    short = signals.str.contains(f'"({"|".join(_FLOATS_LOW)}) critical')
    jars = alerts.filter(pl.col("battery_id").is_not_null()).group_by("battery_id")
    leads = pl.col("context_json").str.json_path_match("$.signal")
    value = pl.col("context_json").str.json_path_match("$.value").cast(pl.Float64)
    levels = jars.agg(
        low=low.any(),
        short=(low & short).any(),
        was_v=value.filter(low & (leads == "float_below_median")).max(),
        was_pct=value.filter(leads.is_in(_GROWTH)).max(),
    )
    creeping = pl.when(pl.col("low") & ~pl.col("short")).then(pl.col("was_v").fill_null(0.0))
    return levels.select("battery_id", was_v=creeping, was_pct="was_pct")


__all__ = ["EVIDENCE", "joined", "known_before", "rca_code", "shown_by_groups"]
