"""Alerts of a month: every rule applied to its signal, overlapping episodes of one kind made one alert."""

from typing import Any

import polars as pl

from battery_assets import tables as t
from battery_assets.features.operations.alert_rules import SEVERITIES, Threshold, episodes
from battery_assets.features.operations.alert_signals import SAYINGS, AlertInputs, signals
from battery_assets.features.samples.blocks import SIX
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

__all__ = ["SCHEMA", "AlertInputs", "alerts", "not_evaluated"]

_TIME = pl.Datetime("us", "UTC")
SCHEMA = polars_schema(t.alert)
_SPAN: dict[str, pl.DataType | type[pl.DataType]] = {
    "unit_kind": pl.String,
    "unit_id": pl.String,
    "alert_type": pl.String,
    "signal": pl.String,
    "severity": pl.String,
    "opened_at": _TIME,
    "closed_at": _TIME,
    "worst": pl.Float64,
    "limit": pl.Float64,
    "unit": pl.String,
    "rule_source": pl.String,
    "said": pl.String,
}


def alerts(
    inputs: AlertInputs, thresholds: list[Threshold], frames: dict[str, pl.DataFrame] | None = None
) -> pl.DataFrame:
    """Rows of alert for the month, ordered by time; incident_id is empty.

    An alert opens at the start of the hour (or at the reading) that completes the persistence and resolves
    where the value is back past the hysteresis, or where its jar leaves. Its severity is that of what still
    holds, of a resolved one the highest reached (`highest` in its context either way). Episodes of one type
    and unit that overlap are one alert. One that began before the month opens at the month's start (`since`
    says when it began), and none later than the data. `frames` are the inputs' `signals`, where they are
    known already. Raises KeyError for a rule whose signal is unknown.
    """
    frames = signals(inputs) if frames is None else frames
    spans = [_spans(frames[rule.signal], rule) for rule in _rules(thresholds) if rule.signal in frames]
    if inputs.data_quality is not None and inputs.data_quality.height:
        spans.append(_finding_spans(inputs))
    stacked = pl.concat(spans) if spans else pl.DataFrame(schema=_SPAN)
    stacked = _of_month(_until_replaced(stacked, inputs.jars), inputs)
    if stacked.height == 0:
        return pl.DataFrame(schema=SCHEMA)
    return _rows(_without_doubles(_merged(stacked)), inputs, thresholds)


def _until_replaced(spans: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """What is said of a jar ends when it leaves; nothing is said of it from then on."""
    if "replaced_date" not in jars.columns:
        return spans
    left = jars.select(
        unit_id="battery_id",
        left_at=pl.col("replaced_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
    ).filter(pl.col("left_at").is_not_null())
    spans = spans.join(left, on="unit_id", how="left", validate="m:1")
    served = pl.col("left_at").is_null() | (pl.col("opened_at") < pl.col("left_at"))
    ended = pl.min_horizontal("closed_at", "left_at")
    return spans.filter(served).with_columns(closed_at=ended).drop("left_at")


def _of_month(spans: pl.DataFrame, inputs: AlertInputs) -> pl.DataFrame:
    """The spans that touch the month, with `since`: when they began. Nothing begins after the data end."""
    newest: list[Any] = [
        rows[at].max()
        for rows, at in ((inputs.hours, "feature_ts"), (inputs.strings_hours, "hour"))
        if rows is not None and rows.height
    ]
    last = min([inputs.end, *([max(newest)] if newest else [])])
    opened = pl.min_horizontal("opened_at", pl.lit(max(last, inputs.start), _TIME))
    lasting = pl.col("closed_at").is_null() | (pl.col("closed_at") > inputs.start)
    return (
        spans.filter((pl.col("opened_at") < inputs.end) & lasting)
        .with_columns(since=opened)
        .with_columns(
            opened_at=pl.max_horizontal("since", pl.lit(inputs.start, _TIME)),
            closed_at=pl.when(pl.col("closed_at") < inputs.end).then(pl.col("closed_at")),
        )
    )


def not_evaluated(
    inputs: AlertInputs, thresholds: list[Threshold], frames: dict[str, pl.DataFrame] | None = None
) -> list[str]:
    """Rules that had no evidence, as "alert type/signal: what is missing"; they raised nothing."""
    frames = signals(inputs) if frames is None else frames
    kinds = dict.fromkeys((rule.alert_type, rule.signal) for rule in _rules(thresholds))
    missing = [f"{kind}/{name}: no {SAYINGS[name][2]}" for kind, name in kinds if name not in frames]
    if inputs.data_quality is None:
        missing.append("data_quality: no findings were handed over")
    return missing


def _rules(thresholds: list[Threshold]) -> list[Threshold]:
    rules = [rule for rule in thresholds if rule.alert_type != "data_quality"]
    unknown = sorted({rule.signal for rule in rules} - set(SAYINGS))
    if unknown:
        raise KeyError(f"threshold data name signals that nothing computes: {', '.join(unknown)}")
    return rules


def _spans(evidence: pl.DataFrame, rule: Threshold) -> pl.DataFrame:
    about, todo, _ = SAYINGS[rule.signal]
    unit = "" if rule.unit == "1" else f" {rule.unit}"
    limit = f"{unit} ({rule.value:g}{unit} is {rule.severity}). {todo}"
    said = pl.format("{} {}{}", pl.lit(about), pl.col("worst").round_sig_figs(4), pl.lit(limit))
    return episodes(evidence, rule).select(
        unit_kind=pl.lit(rule.unit_kind),
        unit_id="unit_id",
        alert_type=pl.lit(rule.alert_type),
        signal=pl.lit(rule.signal),
        severity=pl.lit(rule.severity),
        opened_at="opened_at",
        closed_at="closed_at",
        worst="worst",
        limit=pl.lit(rule.value, pl.Float64),
        unit=pl.lit(rule.unit),
        rule_source=pl.lit(rule.source),
        said=said,
    )


def _finding_spans(inputs: AlertInputs) -> pl.DataFrame:
    """Findings as spans; one that lasts into the last day of the data is still open.

    So is one that `stays`: what master data, a round or a test say stands until somebody corrects it.
    """
    objections = inputs.data_quality
    assert objections is not None
    last = objections["to_ts"].max()
    if inputs.hours is not None and inputs.hours.height:
        last = max(last, inputs.hours["feature_ts"].max())  # type: ignore[type-var]
    words = pl.col("evidence_json")
    stays = (words.str.json_path_match("$.stays") == "true").fill_null(value=False)
    over = ~stays & (pl.lit(last, _TIME) - pl.col("to_ts") > pl.duration(hours=24))
    number = {name: words.str.json_path_match(f"$.{name}").cast(pl.Float64) for name in ("value", "limit")}
    return objections.select(
        unit_kind="unit_kind",
        unit_id="unit_id",
        alert_type=pl.lit("data_quality"),
        signal="code",
        severity="severity",
        opened_at="from_ts",
        closed_at=pl.when(over).then(pl.col("to_ts")),
        worst=number["value"],
        limit=number["limit"],
        unit=words.str.json_path_match("$.unit"),
        rule_source=words.str.json_path_match("$.source"),
        said=pl.col("message").str.replace(r"^[^:]*: ", ""),
    )


def _merged(spans: pl.DataFrame) -> pl.DataFrame:
    """One row per type, unit and onset: overlapping spans joined, led by the worst that still holds."""
    key = ["alert_type", "unit_kind", "unit_id"]
    forever = pl.lit(pl.select(pl.datetime(9999, 1, 1, time_zone="UTC")).item(), _TIME)
    rank = pl.col("severity").cast(pl.Enum(SEVERITIES)).to_physical()
    excess = ((pl.col("worst") - pl.col("limit")) / pl.col("limit").abs().clip(lower_bound=1e-9)).abs()
    spans = spans.with_columns(end=pl.col("closed_at").fill_null(forever), rank=rank, excess=excess)
    spans = spans.sort(*key, "opened_at", "end")
    reach = pl.col("end").cum_max().shift(1).over(key)
    fresh = (pl.col("opened_at") > reach).fill_null(True)
    spans = spans.with_columns(onset=fresh.cum_sum().over(key))
    # What holds now speaks for the alert, the worst of it first; the others are named after it.
    order = ["holds", "rank", "excess", "signal"]
    spans = spans.with_columns(holds=pl.col("closed_at").is_null())
    led = spans.sort(*key, "onset", *order, descending=[False] * 4 + [True, True, True, False])
    worst_of = pl.col("severity").sort_by("rank", descending=True).first().over(*key, "onset", "signal")
    led = led.with_columns(reached=worst_of)
    other = (pl.col("signal") != pl.col("signal").first()) & pl.col("signal").is_first_distinct()
    ended = pl.when(pl.col("closed_at").is_not_null().all()).then(pl.col("closed_at").max())
    return led.group_by(*key, "onset", maintain_order=True).agg(
        pl.col("signal", "severity", "worst", "limit", "unit", "rule_source", "said").first(),
        opened_at=pl.col("opened_at").min(),
        closed_at=ended,
        also=pl.col("said").filter(other),
        since=pl.col("since").min(),
        highest=pl.col("severity").sort_by("rank").last(),
        signals=pl.format("{} {}", "signal", "reached").filter(pl.col("signal").is_first_distinct()),
    )


def _without_doubles(merged: pl.DataFrame) -> pl.DataFrame:
    """A jar whose remaining life is critical needs no warning about it as well."""
    critical = merged.filter(pl.col("alert_type") == "rul_critical").select("unit_id", "opened_at")
    warned = merged.filter(pl.col("alert_type") == "rul_warning").join(critical, on=["unit_id", "opened_at"])
    doubled = warned.select("unit_id", "opened_at", "alert_type")
    return merged.join(doubled, on=["unit_id", "opened_at", "alert_type"], how="anti")


def _rows(merged: pl.DataFrame, inputs: AlertInputs, thresholds: list[Threshold]) -> pl.DataFrame:
    rows = merged.join(_units(inputs.jars), on=["unit_kind", "unit_id"], validate="m:1")
    rows = rows.join(
        _ladders(thresholds), on=["alert_type", "signal", "unit_kind"], how="left", validate="m:1"
    )
    rows = rows.join(_makers(inputs), on=["alert_type", "unit_id"], how="left", validate="m:1")
    rows = rows.join(_sizes(inputs.jars), on="unit_id", how="left", validate="m:1")
    of_six = pl.format(" Volts are those of six cells; the jar has {}.", "cells")
    keys = rows.select("alert_type", "unit_id", pl.col("opened_at").dt.to_string("iso")).iter_rows()
    also = pl.col("also").list.join(" ")
    message = pl.concat_str(
        pl.col("code"),
        pl.lit(": "),
        pl.col("said"),
        pl.when(also.str.len_chars() > 0).then(pl.lit(" Also: ") + also).otherwise(pl.lit("")),
        pl.when((pl.col("unit") == "V") & (pl.col("cells") != SIX)).then(of_six).otherwise(pl.lit("")),
    )
    context = pl.struct(
        "unit",
        "signal",
        "ladder",
        "signals",
        "highest",
        since=pl.col("since").dt.to_string("iso:strict"),
        value="worst",
        threshold="limit",
        source="rule_source",
        unit_code="code",
    )
    rows = rows.with_columns(
        pl.Series("alert_id", [identity("alert", *key) for key in keys], pl.String),
        source=pl.col("maker").fill_null("rule_engine"),
        triggered_at="opened_at",
        resolved_at="closed_at",
        status=pl.when(pl.col("closed_at").is_null()).then(pl.lit("active")).otherwise(pl.lit("resolved")),
        acknowledged_by=pl.lit(None, pl.String),
        message=message,
        context_json=context.struct.json_encode(),
        incident_id=pl.lit(None, pl.String),
    )
    return rows.select(list(SCHEMA)).cast(SCHEMA).sort("triggered_at", "alert_type", "alert_id")  # type: ignore[arg-type]


def _sizes(jars: pl.DataFrame) -> pl.DataFrame:
    """unit_id of jars, and their cells where these are known."""
    cells = pl.col("cells") if "cells" in jars.columns else pl.lit(None, pl.Int64)
    return jars.select(unit_id="battery_id", cells=cells)


def _units(jars: pl.DataFrame) -> pl.DataFrame:
    """Every unit an alert can be about: its code and its place in the reference's three columns."""
    none = pl.lit(None, pl.String)
    kinds = (
        ("jar", "battery_id", "battery_code", pl.col("battery_id"), pl.col("string_id")),
        ("string", "string_id", "string_code", none, pl.col("string_id")),
        ("location", "location_id", "location_code", none, none),
    )
    return pl.concat(
        jars.select(
            unit_kind=pl.lit(kind),
            unit_id=unit,
            code=code,
            battery_id=battery,
            string_id=string,
            location_id="location_id",
        )
        .filter(pl.col("unit_id").is_not_null())
        .unique()
        for kind, unit, code, battery, string in kinds
    )


def _ladders(thresholds: list[Threshold]) -> pl.DataFrame:
    """Per rule of a kind of unit its limits as a struct of info, warning and critical."""
    key = ["alert_type", "signal", "unit_kind"]
    rules = pl.DataFrame([(r.alert_type, r.signal, r.unit_kind, r.severity, r.value) for r in thresholds],
                         schema=[*key, "severity", "value"], orient="row")  # fmt: skip
    limits = [pl.col("value").filter(pl.col("severity") == name).first().alias(name) for name in SEVERITIES]
    return rules.group_by(key).agg(limits).select(*key, ladder=pl.struct(SEVERITIES))


def _makers(inputs: AlertInputs) -> pl.DataFrame:
    """Which model or twin stands behind the life and health alerts of a jar."""
    schema = {"alert_type": pl.String, "unit_id": pl.String, "maker": pl.String, "model_id": pl.String}
    frames = [pl.DataFrame(schema=schema)]
    made_by = {"rul_warning": inputs.rul, "rul_critical": inputs.rul, "soh_degraded": inputs.soh}
    for kind, frame in made_by.items():
        if frame is None or "source" not in frame.columns:
            continue
        model = pl.col("model_id").last() if "model_id" in frame.columns else pl.lit(None, pl.String)
        maker = pl.col("source").last().replace({"fused": "ml_model"})
        made = frame.group_by(unit_id="battery_id").agg(alert_type=pl.lit(kind), maker=maker, model_id=model)
        frames.append(made.select(list(schema)).cast(schema))  # type: ignore[arg-type]
    return pl.concat(frames)
