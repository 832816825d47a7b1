"""What a battery engineer objects to in the data itself, before any verdict on a battery is drawn from it.

`telemetry_evidence` lays hours of jars and strings together, `findings` judges those of a month. What is
measured stands in `data_objections`; the severity ladder is threshold data, alert type data_quality.
"""

import polars as pl

from battery_assets.features.operations.alert_rules import SEVERITIES, Threshold, thresholds
from battery_assets.features.operations.data_objections import measures
from battery_assets.features.operations.signal_frames import BLOCK_V, JAR_C, highest_v

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "unit_kind": pl.String,
    "unit_id": pl.String,
    "code": pl.String,
    "severity": pl.String,
    "message": pl.String,
    "from_ts": pl.Datetime("us", "UTC"),
    "to_ts": pl.Datetime("us", "UTC"),
    "rows": pl.Int64,
    "evidence_json": pl.String,
}

_TEXTS = {
    "float_below_charged_voltage": "float is reported while half of the jars stay below 12.89 V, the open "
    "circuit voltage of a full jar: check mode, scaling and charger",
    "float_not_regulated": "the float voltage wanders beyond a charger's regulation: a jar that loses "
    "voltage must raise its neighbours",
    "equalize_below_boost": "equalize is flagged while the voltage stays below the boost band without a "
    "current limit to explain it: check the flag",
    "sum_mismatch": "the string voltage is not the sum of jars and connectors: check scaling and jar mapping",
    "charging_while_falling": "current flows in on float while the voltage falls: check the current "
    "sensor's sign and offset",
    "ripple_impedance": "ripple voltage and current contradict the string's impedance: check their scaling",
    "mode_contradiction": "the mode contradicts the sign of the current (positive charges): check the sign",
    "resistance_every_sample": "the resistance changes with the samples; instruments read it daily at most: "
    "it is noise or derived",
    "conductance_not_inverse": "conductance is not 1000/resistance: another instrument's unit",
    "temperature_stuck": "the temperature does not move: check the sensor",
    "temperature_too_fast": "the temperature moves faster than a jar can: check the sensor",
    "voltage_stuck": "the voltage does not move by a millivolt: check the sensor",
    "outside_physics": "values lie outside what physics allows",
    "missing_share": "samples are missing",
    "longest_gap": "a long stretch without samples",
}


def telemetry_evidence(jar: pl.DataFrame, strings: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """UTC days of both raw series as one row per unit and hour, for `findings`.

    jar: `jar_hours.jar_hours`. strings: `profiles.string_hours` of the same days. Either may be empty. jars:
    `profiles.jars_in_places`. Columns: unit_kind, unit_id, string_id and those of both. Rows of unknown units
    are left out.
    """
    home = jars.select("battery_id", "string_id")
    jar = _of_large_ones(jar.join(home, on="battery_id", validate="m:1"), jars)
    jar = jar.rename({"battery_id": "unit_id"})
    string = strings.join(home.select("string_id").unique(), on="string_id", how="semi")
    string = string.with_columns(unit_id=pl.col("string_id"))
    frames = [jar.with_columns(unit_kind=pl.lit("jar")), string.with_columns(unit_kind=pl.lit("string"))]
    return pl.concat(frames, how="diagonal")


def _of_large_ones(hours: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """Hours of jars, in which no row of one above 12 V is outside for volts that are usual for it."""
    if "nominal_v" not in jars.columns:
        return hours
    large = jars.filter(pl.col("nominal_v") > BLOCK_V).select("battery_id", limit=highest_v())
    if large.is_empty():
        return hours
    hours = hours.join(large.unique("battery_id"), on="battery_id", how="left", maintain_order="left")
    usual = (
        (pl.col("v_max").fill_null(0.0) <= pl.col("limit"))
        & pl.col("t_min").fill_null(0.0).is_between(*JAR_C)
        & pl.col("t_max").fill_null(0.0).is_between(*JAR_C)
    )
    inside = pl.when(usual.fill_null(value=False)).then(0).otherwise("outside_rows")
    return hours.with_columns(outside_rows=inside.cast(hours["outside_rows"].dtype)).drop("limit")


def findings(
    evidence: pl.DataFrame, jars: pl.DataFrame, rules: list[Threshold] | None = None
) -> pl.DataFrame:
    """Objections to the data of a month: one row per unit and code, the highest severity reached.

    evidence: `telemetry_evidence`. jars: `profiles.jars_in_places`. rules: `thresholds()` by
    default. Returns unit_kind, unit_id, code, severity, message, from_ts, to_ts, rows, evidence_json.
    """
    ladder = [rule for rule in (rules or thresholds()) if rule.alert_type == "data_quality"]
    measured = measures(evidence, jars)
    if measured.height == 0 or not ladder:
        return pl.DataFrame(schema=SCHEMA)
    limits = pl.DataFrame(
        {
            "code": [rule.signal for rule in ladder],
            "unit_kind": [rule.unit_kind for rule in ladder],
            "severity": [rule.severity for rule in ladder],
            "limit": [rule.value for rule in ladder],
            "unit": [rule.unit for rule in ladder],
            "source": [rule.source for rule in ladder],
        },
        schema_overrides={"limit": pl.Float64},
    )
    codes = pl.concat(
        [
            jars.select(unit_id="battery_id", unit_code="battery_code"),
            jars.select(unit_id="string_id", unit_code="string_code").unique(),
        ]
    )
    reached = (
        measured.join(limits, on=["code", "unit_kind"])
        .filter(pl.col("value") > pl.col("limit"))
        .sort("unit_kind", "unit_id", "code", pl.col("severity").cast(pl.Enum(SEVERITIES)), descending=False)
        .unique(["unit_kind", "unit_id", "code"], keep="last", maintain_order=True)
        .join(codes, on="unit_id", how="left", validate="m:1")
    )
    about = pl.col("value").round_sig_figs(3)
    return reached.select(
        "unit_kind",
        "unit_id",
        "code",
        "severity",
        pl.format(
            "{}: {} ({}: {} {}, limit {})",
            pl.col("unit_code").fill_null(pl.col("unit_id")),
            pl.col("code").replace_strict(_TEXTS),
            "code",
            about,
            "unit",
            "limit",
        ).alias("message"),
        "from_ts",
        "to_ts",
        "rows",
        pl.struct("value", "limit", "unit", "worst", "source").struct.json_encode().alias("evidence_json"),
    ).cast(SCHEMA)  # type: ignore[arg-type]
