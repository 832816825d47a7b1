"""How far a month of telemetry is from what batteries, chargers and instruments can show.

Each objection is one function of hourly evidence that returns a value per unit; no severity is judged here.
"""

from typing import Any

import polars as pl
import polars.selectors as cs

from battery_assets.features.operations.alert_rules import HOUR
from battery_assets.features.operations.data_coverage import coverage
from battery_assets.features.samples.blocks import in_series
from battery_assets.features.samples.profiles import float_at_25c, working
from battery_assets.features.samples.rated_capacity import REFERENCE_AH

# Open circuit voltage of a full jar at 25 degC (SOURCES 1.2): nothing on float stands below it.
FULL_OCV_V = 12.89
FLOAT_SHARE = 0.9
# Connectors 0.06 mohm each and cables 8 mohm of a string; ohmic resistance of a 120 Ah jar (SOURCES 4).
CONNECTOR_MOHM, CABLE_MOHM, JAR_MOHM_AH = 0.06, 8.0, 4.25 * REFERENCE_AH


def measures(evidence: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """Every objection's value per unit, whatever its size.

    evidence: `data_quality.telemetry_evidence`. jars: `profiles.jars_in_places`. Returns unit_kind,
    unit_id, code, value and worst (in the code's unit), from_ts, to_ts, rows; empty without evidence.
    """
    if evidence.height == 0:
        return pl.DataFrame()
    # A month is sorted, joined and grouped by its units over and over: numbers compare faster than texts.
    units = pl.concat([evidence["unit_id"], evidence["string_id"], jars["battery_id"], jars["string_id"]])
    numbered = cs.by_name("unit_id", "string_id", "battery_id", require_all=False)
    kind = pl.Enum(units.drop_nulls().unique().sort())
    evidence, jars = (rows.with_columns(numbered.cast(kind)) for rows in (evidence, jars))
    evidence = evidence.sort("unit_kind", "unit_id", "hour")
    facts = jars.group_by("string_id").agg(
        count=in_series(jars),
        capacity_ah=pl.col("capacity_ah").median().fill_null(REFERENCE_AH),
        boost_min_v=pl.col("boost_voltage_min_v").median().fill_null(14.4),
        charge_limit_a=pl.col("max_charge_current_a").median().fill_null(36.0),
        lead_acid=(pl.col("lead_acid") if "lead_acid" in jars.columns else pl.lit(value=True)).all(),
    )
    as_sorted: Any = {"how": "left", "maintain_order": "left"}
    strings = evidence.filter(pl.col("unit_kind") == "string")
    strings = strings.join(facts, on="string_id", validate="m:1", maintain_order="left")
    jar_rows = evidence.filter(pl.col("unit_kind") == "jar")
    together = jar_rows.group_by("string_id", "hour").agg(
        jars_seen=pl.len(),
        jar_median_v=pl.col("v_mean").median(),
        jar_sum_v=pl.col("v_mean").sum(),
        jar_fill=(pl.col("v_rows") * pl.col("period_s") / 3600.0).min(),
        jar_t=pl.col("t_mean").mean(),
        jar_low_v=pl.col("v_mean").min(),
    )
    strings = strings.join(together, on=["string_id", "hour"], validate="1:1", **as_sorted)
    quiet = strings.select("string_id", "hour", string_active=working(pl.col("capacity_ah")))
    jar_rows = jar_rows.join(quiet, on=["string_id", "hour"], validate="m:1", **as_sorted)
    of_lead = strings.filter("lead_acid")
    frames = [
        check(of_lead if check in _LEAD_ACID_CHECKS else strings).with_columns(unit_kind=pl.lit("string"))
        for check in _STRING_CHECKS
    ]
    frames += [check(jar_rows).with_columns(unit_kind=pl.lit("jar")) for check in _JAR_CHECKS]
    frames += coverage(evidence, jars)
    values = pl.concat(frames, how="diagonal_relaxed").filter(pl.col("value").is_not_null())
    return values.with_columns(pl.col("unit_id").cast(pl.String))


def _share(rows: pl.DataFrame, code: str, eligible: pl.Expr, bad: pl.Expr, worst: pl.Expr) -> pl.DataFrame:
    """The share of eligible hours that are bad, per unit."""
    judged = rows.with_columns(eligible=eligible.fill_null(False)).with_columns(
        bad=(pl.col("eligible") & bad).fill_null(False)
    )
    return _over(judged, code, pl.col("bad").sum() / pl.col("eligible").sum(), worst)


def _over(judged: pl.DataFrame, code: str, value: pl.Expr, worst: pl.Expr) -> pl.DataFrame:
    """One row per unit that has a bad hour; `value` and `worst` are aggregations."""
    units = judged.filter("bad").select(pl.col("unit_id").unique())
    return (
        judged.join(units, on="unit_id", how="semi", maintain_order="left")
        .group_by("unit_id", maintain_order=True)
        .agg(
            code=pl.lit(code),
            value=value.cast(pl.Float64),
            worst=worst.cast(pl.Float64),
            from_ts=pl.col("hour").filter("bad").min(),
            to_ts=pl.col("hour").filter("bad").max() + HOUR,
            rows=pl.col("rows").filter("bad").sum(),
        )
    )


def _before(column: str) -> pl.Expr:
    """The same unit's value of the hour before, of rows sorted by unit and hour; null across a gap."""
    same_unit = pl.col("unit_id") == pl.col("unit_id").shift(1)
    return pl.when(same_unit & (pl.col("hour").diff() == HOUR)).then(pl.col(column).shift(1))


_ON_FLOAT = (pl.col("float_share") >= FLOAT_SHARE) & pl.col("float_voltage_v").is_not_null()


def _float_below_charged(strings: pl.DataFrame) -> pl.DataFrame:
    level = pl.coalesce(pl.col("jar_median_v"), pl.col("float_voltage_v") / pl.col("count"))
    lowest = pl.col("jar_low_v").filter("bad").min()
    return _share(strings, "float_below_charged_voltage", _ON_FLOAT, level < FULL_OCV_V, lowest)


def _float_not_regulated(strings: pl.DataFrame) -> pl.DataFrame:
    steady = _ON_FLOAT & (_before("float_share") >= FLOAT_SHARE)
    calm = pl.col("float_current_a").abs() < pl.col("capacity_ah") / 60.0
    level = strings.with_columns(bad=(steady & calm).fill_null(False)).with_columns(
        level=float_at_25c(pl.col("float_voltage_v") / pl.col("count"), pl.col("jar_t"))
    )
    bad_level = pl.col("level").filter("bad")
    return _over(
        level,
        "float_not_regulated",
        (bad_level.max() - bad_level.min()) / bad_level.median() * 100.0,
        bad_level.min(),
    )


def _equalize_below_boost(strings: pl.DataFrame) -> pl.DataFrame:
    flagged = pl.col("equalize_rows") * 2 > pl.col("rows")
    low = pl.col("equalize_max_v") / pl.col("count") < pl.col("boost_min_v") - 0.3
    free = pl.col("equalize_current_a") < 0.9 * pl.col("charge_limit_a")
    worst = (pl.col("equalize_max_v") / pl.col("count")).filter("bad").min()
    return _share(strings, "equalize_below_boost", flagged, low & free, worst)


def _sum_mismatch(strings: pl.DataFrame) -> pl.DataFrame:
    whole = (pl.col("jars_seen") == pl.col("count")) & (pl.col("jar_fill") > 0.99)
    off = (pl.col("v_mean") - pl.col("jar_sum_v")).abs()
    drop = (CONNECTOR_MOHM * pl.col("count") + CABLE_MOHM) / 1000.0 * pl.col("current_mean").abs()
    return _share(
        strings, "sum_mismatch", whole, off > 0.006 * pl.col("v_mean") + drop, off.filter("bad").max()
    )


def _charging_while_falling(strings: pl.DataFrame) -> pl.DataFrame:
    enough = 0.5 * pl.col("capacity_ah") / REFERENCE_AH
    flowing = (pl.col("current_mean") > enough) & (_before("current_mean") > enough)
    both = _ON_FLOAT & (_before("float_share") >= FLOAT_SHARE)
    fall = pl.col("v_mean") / _before("v_mean") - 1.0
    judged = strings.with_columns(fall=fall, bad=(both & flowing & (fall < -0.003)).fill_null(False))
    return _over(
        judged, "charging_while_falling", pl.col("bad").sum(), pl.col("fall").filter("bad").min() * 100.0
    )


def _ripple_impedance(strings: pl.DataFrame) -> pl.DataFrame:
    expected = (
        pl.col("count") * (JAR_MOHM_AH / pl.col("capacity_ah") + CONNECTOR_MOHM) + CABLE_MOHM
    ) / 1000.0
    # The stored resolution is 1 mA: a smaller current cannot be told from none.
    ohms = pl.col("ripple_voltage_v") / pl.col("ripple_current_a").clip(lower_bound=0.001)
    ratio = ohms / expected
    judged = strings.with_columns(ohms=ohms, factor=pl.max_horizontal(ratio, 1.0 / ratio)).with_columns(
        bad=(pl.col("ripple_voltage_v") > 0.01).fill_null(False)
    )
    bad_factor = pl.col("factor").filter("bad")
    return _over(judged, "ripple_impedance", bad_factor.median(), pl.col("ohms").filter("bad").median())


def _mode_contradiction(strings: pl.DataFrame) -> pl.DataFrame:
    judged = strings.with_columns(bad=pl.col("contradiction_rows") > 0)
    active = pl.col("active_rows").sum()
    share = pl.when(active >= 12).then(pl.col("contradiction_rows").sum() / active)
    return _over(judged, "mode_contradiction", share, pl.col("current_max").filter("bad").max())


def _resistance_every_sample(jars: pl.DataFrame) -> pl.DataFrame:
    judged = jars.with_columns(bad=pl.col("r_changes") > 0)
    per_day = pl.col("r_changes").sum() / pl.len() * 24.0
    return _over(judged, "resistance_every_sample", per_day, pl.col("r_changes").max())


def _conductance_not_inverse(jars: pl.DataFrame) -> pl.DataFrame:
    judged = jars.with_columns(bad=pl.col("g_off") > 0)
    share = pl.col("g_off").sum() / pl.col("g_rows").sum()
    return _over(judged, "conductance_not_inverse", share, pl.col("g_off").max())


def _stuck(jars: pl.DataFrame, code: str, low: str, high: str) -> pl.DataFrame:
    """Hours of the longest stretch in which one value was shown, two hours at least."""
    same = (
        (pl.col(low) == pl.col(high)) & (pl.col(low) == _before(low)) & (pl.col(high) == _before(high))
    ).fill_null(False)
    runs = (
        jars.select("unit_id", "hour", "rows", low, same=same)
        .with_columns(stretch=(~pl.col("same")).cum_sum().over("unit_id"))
        # Hardly an hour shows what the one before it showed: the others are no stretch.
        .filter(pl.col("same") | pl.col("same").shift(-1, fill_value=False))
        .group_by("unit_id", "stretch", maintain_order=True)
        .agg(
            value=pl.len().cast(pl.Float64),
            worst=pl.col(low).first(),
            from_ts=pl.col("hour").min(),
            to_ts=pl.col("hour").max() + HOUR,
            rows=pl.col("rows").sum(),
        )
        .filter(pl.col("value") > 1)
    )
    longest = runs.sort("unit_id", "value", "from_ts").unique("unit_id", keep="last", maintain_order=True)
    return longest.drop("stretch").with_columns(code=pl.lit(code))


def _temperature_stuck(jars: pl.DataFrame) -> pl.DataFrame:
    return _stuck(jars, "temperature_stuck", "t_min", "t_max")


def _voltage_stuck(jars: pl.DataFrame) -> pl.DataFrame:
    return _stuck(jars, "voltage_stuck", "v_min", "v_max")


def _temperature_too_fast(jars: pl.DataFrame) -> pl.DataFrame:
    move = (pl.col("t_mean") - _before("t_mean")).abs()
    quiet = ~pl.col("string_active").fill_null(False) & ~_before("string_active").fill_null(False)
    return _share(
        jars, "temperature_too_fast", quiet & move.is_not_null(), move > 3.0, move.filter("bad").max()
    )


def _outside_physics(units: pl.DataFrame) -> pl.DataFrame:
    judged = units.with_columns(bad=pl.col("outside_rows") > 0)
    share = pl.col("outside_rows").sum() / pl.col("rows").sum() * 100.0
    return _over(judged, "outside_physics", share, pl.col("outside_rows").max())


_STRING_CHECKS = (
    _float_below_charged,
    _float_not_regulated,
    _equalize_below_boost,
    _sum_mismatch,
    _charging_while_falling,
    _ripple_impedance,
    _mode_contradiction,
    _outside_physics,
)
_JAR_CHECKS = (
    _resistance_every_sample,
    _conductance_not_inverse,
    _temperature_stuck,
    _temperature_too_fast,
    _voltage_stuck,
    _outside_physics,
)
# What is known of chargers, open circuits and impedances of lead-acid strings.
_LEAD_ACID_CHECKS = (_float_below_charged, _float_not_regulated, _equalize_below_boost, _ripple_impedance)
