"""Objections that need no telemetry to be worked out: jars outside of the estimates, tests that cannot be."""

from datetime import date, timedelta

import polars as pl

from battery_assets.features.operations.alert_rules import Threshold, thresholds
from battery_assets.features.operations.data_quality import SCHEMA
from battery_assets.features.operations.scale_objections import midnight
from battery_assets.features.samples.blocks import LEAD_ACID

_WORDS = {"other": "of another chemistry", "": "of no known model and of the voltage of LFP"}


def outside_findings(
    jars: pl.DataFrame, start: date, end: date, rules: list[Threshold] | None = None
) -> pl.DataFrame:
    """An objection for each string whose jars are no lead-acid ones: what is not told of them.

    jars: string_id, string_code, chemistry, lead_acid.
    """
    rule = _rule("outside_estimation", rules)
    findings = []
    for (string, code), of in jars.filter(~pl.col("lead_acid")).group_by("string_id", "string_code"):
        kinds = ", ".join(
            sorted({_WORDS.get(kind, kind) for kind in of["chemistry"].cast(pl.String).fill_null("")})
        )
        words = (
            f"{code or string}: {of.height} jars are {kinds}, not {LEAD_ACID}: thresholds watch them, and "
            "their charge, health and life are not told"
        )
        findings.append(_row(rule, str(string), words, float(of.height), start, end))
    return pl.DataFrame(findings, schema=SCHEMA, orient="row")


def claim_findings(
    doubted: pl.DataFrame, jars: pl.DataFrame, rules: list[Threshold] | None = None
) -> pl.DataFrame:
    """An objection for each string that has tests which cannot have been.

    doubted: as `discharge_claims.doubted_tests` returns it. jars: string_id, string_code.
    """
    rule = _rule("test_disproved", rules)
    codes = dict(jars.select("string_id", "string_code").unique().iter_rows())
    findings = []
    for (string,), of in doubted.filter(pl.col("string_id").is_in(list(codes))).group_by("string_id"):
        words = "; ".join(
            f"the capacity test of {test['test_date']:%Y-%m-%d %H:%M} UTC is no evidence: {test['words']}"
            for test in of.sort("test_date").to_dicts()
        )
        days = of["test_date"].min().date(), of["test_date"].max().date()  # type: ignore[union-attr]
        findings.append(
            _row(rule, str(string), f"{codes[string] or string}: {words}", float(of.height), *days)
        )
    return pl.DataFrame(findings, schema=SCHEMA, orient="row")


def _rule(signal: str, rules: list[Threshold] | None) -> Threshold:
    return next(rule for rule in rules or thresholds() if rule.signal == signal)


def _row(rule: Threshold, string: str, words: str, value: float, start: date, end: date) -> tuple:
    facts = pl.DataFrame(
        {"value": value, "limit": rule.value, "unit": rule.unit, "worst": value, "source": rule.source,
         "stays": True}
    )  # fmt: skip
    return (
        "string", string, rule.signal, rule.severity,
        f"{words} ({rule.signal}: {value:g} {rule.unit}, limit {rule.value:g})",
        midnight(start), midnight(end) + timedelta(days=1), 0,
        facts.select(pl.struct(pl.all()).struct.json_encode()).item(),
    )  # fmt: skip
