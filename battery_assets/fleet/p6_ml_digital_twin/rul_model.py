"""The remaining-life model of a cut-off month: trained on every earlier month of every site."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.p6_ml_digital_twin.remaining_life import REMAINING_LIFE
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.experiments import Experiment
from battery_assets.platform.registry import books as registry
from battery_assets.platform.tracking import TrackedRun, Tracking
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.learning.life.model import RulModel

EXPERIMENT = Experiment(
    name="remaining useful life",
    note="Remaining life of VRLA jars, a run for each cut-off month: a CatBoost survival model that has seen "
    "every month before it. It is judged on jars that it was not fitted to. `c_index` and the Brier score of "
    "90 days decide.",
    metrics=("c_index", "brier_90d", "coverage_95", "mae_days", "c_index_unseen_site"),
    params=("cutoff_month", "jars", "failures", "data_versions_sha256"),
)
MODEL_NOTE = (
    "Remaining life of 12 V VRLA jars in float service: days to the end of life, and the probability of it "
    "in 30 and 90 days. The alias `production` is the newest cut-off; asset rul_model trains it."
)


@dg.asset(
    **materializes(
        REMAINING_LIFE,
        reads=[t.battery],
        # Of the same month, though all earlier ones are read: else one backfill trains every cut-off.
        history=[t.feature_store, t.digital_twin_state, t.maintenance_event],
    )
)
def rul_model(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking
) -> dg.MaterializeResult:
    from battery_assets.learning.life.examples import labelled
    from battery_assets.learning.life.gate import verdict
    from battery_assets.learning.life.model import Recipe, TooFewFailures, fit

    part = Part.of(context)
    snaps, batteries = training_frames(warehouse, part)
    examples = labelled(snaps, batteries, part.start)
    recipe = Recipe()
    tags = {
        "dagster_run_id": context.run.run_id,
        "cutoff_month": str(part.month),
        "mlflow.source.name": f"Dagster job {context.run.job_name}",
        "mlflow.source.type": "JOB",
    }
    try:
        with tracking.run(EXPERIMENT, f"rul before {part.month}", tags) as run:
            model, metrics = fit(
                examples, recipe, lambda name, value, step: run.log_metrics({name: value}, step)
            )
            run.log_inputs(data_versions(warehouse, part), f"fleet before {part.month}")
            version = _kept(run, tracking, model, metrics, examples, part)
    except TooFewFailures as too_few:
        raise dg.Failure(f"rul_model {part.month}: {too_few}", allow_retries=False) from too_few
    shown: dict[str, Any] = {name: dg.MetadataValue.float(value) for name, value in metrics.items()}
    shown["gate"] = verdict(metrics).words
    return dg.MaterializeResult(
        metadata={**shown, "mlflow_run_id": run.run_id, "model_version": version, "examples": examples.height}
    )


def training_frames(warehouse: Warehouse, part: Part) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Snapshots of every jar and month before the cut-off, and every jar with its site and end."""
    from battery_assets.learning.life.examples import snapshots, with_replacement_events

    store, twin, done = t.feature_store, t.digital_twin_state, t.maintenance_event
    before = str(part.month)
    features = warehouse.read(
        store, where=(store.c.month < before) & store.c.feature_window_hours.in_((24, 168))
    ).collect()
    twins = warehouse.read(twin, where=twin.c.month < before).collect()
    events = warehouse.read(done, where=done.c.month < before).collect()
    batteries = with_replacement_events(_every_jar(warehouse), events)
    return snapshots(features, twins, batteries), batteries


def _every_jar(warehouse: Warehouse) -> pl.DataFrame:
    """Every jar with its site, so that the model can be tried on a site it never saw."""
    with warehouse.transaction() as connection:
        sites = [row.site for row in registry.sites(connection)]
    jars = [
        warehouse.read(t.battery, Part(site=site)).collect().with_columns(pl.lit(site).alias("site"))
        for site in sites
    ]
    return pl.concat(jars)


def data_versions(warehouse: Warehouse, part: Part) -> dict[str, str]:
    """Which data the model saw: the checksum of every partition read."""
    found = {}
    with warehouse.transaction() as connection:
        for table in (t.feature_store, t.digital_twin_state, t.maintenance_event):
            for row in registry.committed_parts(connection, table, before=part.month):
                found[f"{table.name} {row.month}|{row.site}"] = row.sha256
    return found


def _kept(
    run: TrackedRun,
    tracking: Tracking,
    model: "RulModel",
    metrics: dict[str, float],
    examples: pl.DataFrame,
    part: Part,
) -> str:
    """Log what there is to know of the run and register the model. Returns the registered version."""
    from dataclasses import asdict

    from battery_assets.learning.life.figures import importance_figure, reliability_figure, survival_figure
    from battery_assets.learning.life.gate import verdict
    from battery_assets.learning.life.model import save

    run.log_params({**asdict(model.recipe), "cutoff_month": part.month, **model.trained_on})
    run.log_metrics(metrics)
    if (held_out := model.out_of_fold) is not None:
        run.log_table(held_out, "out_of_fold.csv")
        run.log_figure(reliability_figure(held_out), "reliability.png")
        run.log_figure(survival_figure(held_out, model), "survival.png")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.cbm"
        sha256 = save(model, path)
        run.log_artifact_file(path, "model")
    run.log_figure(importance_figure(model, examples), "feature_importance.png")
    judged = verdict(metrics)
    tags = {
        "cutoff_month": str(part.month),
        "gate": "passed" if judged.passed else "refused",
        "gate_words": judged.words,
        "features": json.dumps(list(model.features)),
        "model_sha256": sha256,
    }
    name = REMAINING_LIFE.registered_name
    version = tracking.register(name, run.run_id, "model/model.cbm", tags, note=MODEL_NOTE)
    tracking.set_aliases(name, version, str(part.month))
    words = f"{_words(model, metrics, part)} Gate {judged.words}."
    run.set_tags({"mlflow.note.content": words})
    tracking.client().update_model_version(name, version, words)
    return version


def _words(model: "RulModel", metrics: dict[str, float], part: Part) -> str:
    """What MLflow's pages say of the run and of the version it made."""
    seen = model.trained_on
    return (
        f"Remaining life, trained on the months before {part.month}: {seen['jars']} jars, "
        f"{seen['snapshots']} snapshots, {seen['failures']} ends of life. On jars it had not seen: "
        f"concordance {metrics['c_index']:.3f}, 90-day Brier score {metrics['brier_90d']:.4f}. "
        "CatBoost loads model/model.cbm; its sha256 is a tag of the version."
    )
