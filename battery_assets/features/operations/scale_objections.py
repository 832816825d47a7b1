"""What was left out of a month's days, as objections: one for each unit and kind of doubt.

A string whose columns have a scale that no jar can have gets one critical objection with the likely unit and
the term of the source's contract that mends it. Severities are threshold data, as of every objection.
"""

from datetime import UTC, date, datetime, timedelta

import polars as pl

from battery_assets.features.credible.scales import SCALES
from battery_assets.features.operations.alert_rules import Threshold, thresholds
from battery_assets.features.operations.data_quality import SCHEMA

# What a string's volts are missing for, once they were left out.
FOLLOWS = ("missing_share", "longest_gap")
_TIME = pl.Datetime("us", "UTC")
_WORDS = {
    "scale": "{column} shows {shown} {unit} where no jar can: likely {likely}; nothing is computed from it. "
    "Mend it at the source, or import again with --contract {term}",
    "copied_channel": "shows the voltages of {likely}, to the last digit or but for an offset: one channel "
    "stands for two jars, and neither is believed. Correct the mapping of the monitor's channels",
    "no_sensor": "{column} shows {shown} {unit} and nothing else: {likely}. Check sensor and leads",
    "red_law": "not told, because the law {column} is red: {likely}. Charge, health, life and alerts of its "
    "jars are left out this month, those of safety go on. Next step: {term}",
    "fault_code": "{column} shows {shown} {unit} now and then: {likely}. Check sensor and leads",
}


def scale_findings(
    left_out: pl.DataFrame, jars: pl.DataFrame, rules: list[Threshold] | None = None
) -> pl.DataFrame:
    """Rows as of `data_quality.findings`, from SCALES with their `day`, and `stays` if no day ends it.

    jars: battery_id, battery_code, string_id, string_code, location_id, location_code.
    """
    ladder = {
        (rule.signal, rule.unit_kind): rule
        for rule in (rules or thresholds())
        if rule.alert_type == "data_quality"
    }
    if left_out.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    rows = pl.concat([left_out, _strings_of_copies(left_out)], how="diagonal")
    codes = _codes(jars)
    findings = []
    for (kind, unit, code), of in rows.partition_by(["unit_kind", "unit_id", "code"], as_dict=True).items():
        rule = ladder.get((str(code), str(kind)))
        if rule is not None:
            findings.append(
                _finding(str(kind), str(unit), str(code), of, rule, codes.get(str(unit), str(unit)))
            )
    return pl.DataFrame(findings, schema=SCHEMA, orient="row")


def _strings_of_copies(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each string in which jars share a channel a row that names them."""
    copies = rows.filter(pl.col("code") == "copied_channel")
    return copies.group_by("string_id", "day", maintain_order=True).agg(
        pl.col("column", "code", "term", "shown", "unit").first(),
        unit_kind=pl.lit("string"),
        unit_id=pl.col("string_id").first(),
        likely=pl.col("likely").str.split(", ").explode().unique().sort().str.join(" and "),
        rows=pl.col("rows").sum(),
    ).select([*SCALES, "day"]) if copies.height else rows.clear()  # fmt: skip


def _codes(jars: pl.DataFrame) -> dict[str, str]:
    codes: dict[str, str] = {}
    for kind in ("battery", "string", "location"):
        if {f"{kind}_id", f"{kind}_code"} <= set(jars.columns):
            codes |= dict(
                jars.select(pl.col(f"{kind}_id").cast(pl.String), f"{kind}_code").drop_nulls().iter_rows()
            )
    return codes


def _finding(kind: str, unit: str, code: str, of: pl.DataFrame, rule: Threshold, name: str) -> tuple:
    of = of.sort("column", "day")
    first = of.unique(["column", "likely"], keep="first", maintain_order=True)
    sentences = [
        _sentence(code, kind, row) for row in first.with_columns(pl.col("shown").round_sig_figs(4)).to_dicts()
    ]
    days = of["day"].n_unique()
    start, end = of.select(first=pl.col("day").min(), last=pl.col("day").max()).row(0)
    facts = pl.DataFrame(
        {"value": float(days), "limit": rule.value, "unit": rule.unit, "worst": of["shown"][0],
         "source": rule.source, "likely": first["likely"][0], "term": first["term"][0],
         "stays": bool("stays" in of.columns and of["stays"].any())}
    )  # fmt: skip
    return (
        kind, unit, code, rule.severity,
        f"{name}: {'; '.join(sentences)} ({code}: {days} {rule.unit}, limit {rule.value:g})",
        midnight(start), midnight(end) + timedelta(days=1), int(of["rows"].sum()),
        facts.select(pl.struct(pl.all()).struct.json_encode()).item(),
    )  # fmt: skip


def _sentence(code: str, kind: str, row: dict) -> str:
    if code == "copied_channel" and kind == "string":
        return (
            f"jars {row['likely']} show one channel: two instruments never agree so, and neither is believed"
        )
    return _WORDS[code].format(**row)


def midnight(day: date) -> datetime:
    """The first instant of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def without_consequences(objections: pl.DataFrame, judged: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """Objections less those that only say again that volts were left out.

    objections: as `data_quality.findings` returns it. judged: SCALES of the month's days.
    """
    doubted = judged.filter(pl.col("code").is_in(["scale", "copied_channel", "no_sensor"]))
    strings = doubted.filter(pl.col("unit_kind") == "string")["unit_id"].to_list()
    of_strings = jars.filter(pl.col("string_id").is_in(strings))["battery_id"].to_list()
    units = [*doubted["unit_id"].to_list(), *of_strings]
    return objections.filter(~(pl.col("unit_id").is_in(units) & pl.col("code").is_in(list(FOLLOWS))))
