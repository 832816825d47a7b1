"""What is judged of twin and models: the law of wear and temperature, the gate, leakage probes, drift."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.jars import jars_of
from battery_assets.fleet.p6_ml_digital_twin.registered import REMAINING_LIFE
from battery_assets.platform.dagster.assets import partitions_of
from battery_assets.platform.dagster.checks import invariant_check
from battery_assets.platform.dagster.partitions import Part, months
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.laws.verdict import Verdict
    from battery_assets.learning.life.model import RulModel


def ageing_law(warehouse: Warehouse, part: Part) -> "Verdict":
    """Wear doubles every 10 K of a jar's own temperature."""
    from battery_assets.features.laws import temperature_laws as law
    from battery_assets.features.twin.states import CORROSION_NM

    jars = jars_of(warehouse, part)
    days = t.feature_store.c.feature_window_hours == 24
    warmth = (
        warehouse.read(t.feature_store, part, ["battery_id", "t_mean"], where=days)
        .collect()
        .group_by("battery_id")
        .agg(mean_c=pl.col("t_mean").mean())
    )
    film = pl.col("ocv_params_json").str.json_path_match("$.film_nm").cast(pl.Float64)
    twins = (
        warehouse.read(t.digital_twin_state, part, ["battery_id", "captured_at", "ocv_params_json"])
        .collect()
        .with_columns(film_nm=film)
        .join(jars.facts.select("battery_id", "string_id", "installed_date"), on="battery_id")
        .join(warmth, on="battery_id")
    )
    return law.ageing_law(twins, CORROSION_NM, jars.codes)


ageing_law_check = invariant_check(t.digital_twin_state, ageing_law, also_reads=[t.feature_store])


@dg.asset_check(
    asset=REMAINING_LIFE.name,
    name="gate",
    partitions_def=months,
    description="The newest model of the cut-off may serve; refused, it stays in staging and this says why.",
)
def gate_check(context: dg.AssetCheckExecutionContext, tracking: Tracking) -> dg.AssetCheckResult:
    newest = _newest(context, tracking)
    passed = newest["tags"]["gate"] == "passed"
    return _judged(passed, newest["tags"]["gate_words"])


@dg.asset_check(
    asset=REMAINING_LIFE.name,
    name="leakage",
    partitions_def=months,
    description="Nothing foretells an end that cannot know of it: every leakage probe is green.",
)
def leakage_check(context: dg.AssetCheckExecutionContext, tracking: Tracking) -> dg.AssetCheckResult:
    run = tracking.client().get_run(_newest(context, tracking)["run_id"])
    probes = {name: text for name, text in run.data.tags.items() if name.startswith("probe_")}
    red = [f"{name.removeprefix('probe_')} {text}" for name, text in probes.items() if text.startswith("red")]
    return _judged(bool(probes) and not red, "; ".join(red) or f"{len(probes)} probes are green")


@dg.asset_check(
    asset=t.rul_prediction.name,
    name="feature_drift",
    partitions_def=partitions_of(t.rul_prediction),
    description="What the model reads of this month's jars lies as it lay in the model's training.",
)
def feature_drift_check(
    context: dg.AssetCheckExecutionContext, warehouse: Warehouse, tracking: Tracking
) -> dg.AssetCheckResult:
    from battery_assets.learning.life.model import READ

    return drift_of(warehouse, tracking, Part.of(context), READ)


@dg.asset_check(
    asset=t.rul_prediction.name,
    name="prediction_drift",
    partitions_def=partitions_of(t.rul_prediction),
    description="What the model says of this month's jars lies as what it said of jars held out of training.",
)
def prediction_drift_check(
    context: dg.AssetCheckExecutionContext, warehouse: Warehouse, tracking: Tracking
) -> dg.AssetCheckResult:
    from battery_assets.learning.life.model import SAID

    return drift_of(warehouse, tracking, Part.of(context), SAID)


def drift_of(
    warehouse: Warehouse, tracking: Tracking, part: Part, names: Sequence[str]
) -> dg.AssetCheckResult:
    """Hold quantities of the month's predictions against the training of the model behind them."""
    from battery_assets.learning.life.drift import drifts
    from battery_assets.learning.life.examples import FEATURES

    rows = warehouse.read(t.rul_prediction, part).collect().filter(source="ml_model")
    if rows.is_empty():
        return _judged(True, "no jar was asked of a model: there is no training to differ from")
    model, away = _model_behind(warehouse, tracking, rows)
    if model is None or not model.usual:
        return _judged(False, f"not judged: {away or 'the model was trained before drift was kept'}")
    jars = warehouse.read(t.battery, part, ["battery_id", "string_id"]).collect()
    read = pl.col("feature_snapshot_json").str.json_decode(pl.Struct(dict.fromkeys(FEATURES, pl.Float64)))
    wide = rows.with_columns(read).unnest("feature_snapshot_json").join(jars, on="battery_id")
    drifted = drifts({name: model.usual[name] for name in names if name in model.usual}, wide)
    red = [f"{one.name}: PSI {one.psi:.2f}, up to {one.bound:.2f} is usual" for one in drifted if one.red]
    worst = f"{drifted[0].name} is furthest out, PSI {drifted[0].psi:.2f} of {drifted[0].bound:.2f}"
    words = (
        f"unlike training: {'; '.join(red)}" if red else f"{len(drifted)} quantities as in training; {worst}"
    )
    return dg.AssetCheckResult(
        passed=not red,
        severity=dg.AssetCheckSeverity.WARN,
        description=words,
        metadata={one.name: one.psi for one in drifted},
    )


def _model_behind(
    warehouse: Warehouse, tracking: Tracking, rows: pl.DataFrame
) -> tuple["RulModel | None", str]:
    """The model that made the rows, or None and why it cannot be had."""
    from battery_assets.fleet.p6_ml_digital_twin.rul_prediction import served

    where = t.ml_model.c.model_id == rows["model_id"].drop_nulls().last()
    held = warehouse.read(t.ml_model, where=where).collect()
    had = served(tracking, held.row(0, named=True) if held.height else None)
    return had.model, had.away or "its row of ml_model is gone"


def _newest(context: dg.AssetCheckExecutionContext, tracking: Tracking) -> dict:
    """The version that was registered last for the cut-off."""
    return tracking.versions(REMAINING_LIFE.registered_name, {"cutoff_month": str(Part.of(context).month)})[
        -1
    ]


def _judged(passed: bool, words: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=passed, severity=dg.AssetCheckSeverity.WARN, description=words)
