"""The remaining-life model of a cut-off month: trained on every earlier month of every site."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.p6_ml_digital_twin.registered import REMAINING_LIFE
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.experiments import Experiment
from battery_assets.platform.registry import books as registry
from battery_assets.platform.tracking import TrackedRun, Tracking
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.learning.life.booster import Recipe
    from battery_assets.learning.life.gate import Verdict
    from battery_assets.learning.life.model import RulModel
    from battery_assets.learning.life.probes import Probe

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
        history=[t.feature_store, t.digital_twin_state, t.maintenance_event, t.capacity_test_raw],
    )
)
def rul_model(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking
) -> dg.MaterializeResult:
    from battery_assets.learning.life.gate import verdict
    from battery_assets.learning.life.labels import labelled
    from battery_assets.learning.life.model import Recipe, TooFewFailures, fit

    part = Part.of(context)
    frames = training_frames(warehouse, part)
    examples, recipe = labelled(frames.snaps, frames.batteries, frames.ends, part.start), Recipe()
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
            probed = frames.probes(examples, recipe)
            run.set_tags({f"probe_{probe.name}": probe.tag for probe in probed})
            metrics |= _decisions(run, model, examples)
            metrics |= _beside_the_champion(tracking, model, examples, part)
            judged = verdict(metrics, [probe.name for probe in probed if not probe.green])
            run.log_inputs(data_versions(warehouse, part), f"fleet before {part.month}")
            version = _kept(run, tracking, model, metrics, judged, examples, part)
    except TooFewFailures as too_few:
        raise dg.Failure(f"rul_model {part.month}: {too_few}", allow_retries=False) from too_few
    shown: dict[str, Any] = {name: dg.MetadataValue.float(value) for name, value in metrics.items()}
    shown |= {"gate": judged.words, **{f"probe {probe.name}": probe.tag for probe in probed}}
    return dg.MaterializeResult(
        metadata={**shown, "mlflow_run_id": run.run_id, "model_version": version, "examples": examples.height}
    )


@dataclass(frozen=True)
class Seen:
    """What is stored of the months before a cut-off: raw, and as snapshots, jars and their ends."""

    features: pl.DataFrame
    twins: pl.DataFrame
    batteries: pl.DataFrame
    snaps: pl.DataFrame
    ends: pl.DataFrame

    def probes(self, examples: pl.DataFrame, recipe: "Recipe") -> "list[Probe]":
        """Every leakage probe, the future's at the middle of the snapshots' months."""
        from battery_assets.learning.life.examples import snapshots
        from battery_assets.learning.life.probes import future_perturbation, probes

        months = self.snaps["snapshot_at"].unique().sort()
        middle = months[months.len() // 2]
        ahead = future_perturbation(snapshots, self.features, self.twins, self.batteries, middle)
        return [*probes(examples, recipe), ahead]


def training_frames(warehouse: Warehouse, part: Part) -> Seen:
    """What training sees: every jar and month before the cut-off."""
    from battery_assets.learning.life.examples import snapshots
    from battery_assets.learning.life.labels import ends_known

    store, before = t.feature_store, str(part.month)
    features = warehouse.read(
        store, where=(store.c.month < before) & store.c.feature_window_hours.in_((24, 168))
    ).collect()
    twins, events, tests = (
        warehouse.read(table, where=table.c.month < before).collect()
        for table in (t.digital_twin_state, t.maintenance_event, t.capacity_test_raw)
    )
    batteries = _every_jar(warehouse)
    ends = ends_known(batteries, twins, events, tests, part.start)
    return Seen(features, twins, batteries, snapshots(features, twins, batteries), ends)


def _decisions(run: TrackedRun, model: "RulModel", examples: pl.DataFrame) -> dict[str, float]:
    """Keep the scoreboard of decisions in MLflow, and give it as metrics."""
    from battery_assets.learning.life.decisions import as_frame, as_metrics, scoreboard

    if model.out_of_fold is None:
        return {}
    board = scoreboard(examples, model.out_of_fold)
    run.log_table(as_frame(board), "decisions.csv")
    return as_metrics(board)


def _beside_the_champion(
    tracking: Tracking, model: "RulModel", examples: pl.DataFrame, part: Part
) -> dict[str, float]:
    """Scores of the model in production on the months since its cut-off, beside those held out here."""
    from battery_assets.learning.life.model import ModelMismatch, load, predict
    from battery_assets.learning.life.validation import since

    held = tracking.aliased(REMAINING_LIFE.registered_name, "production")
    if held is None or model.out_of_fold is None or held["tags"]["cutoff_month"] >= str(part.month):
        return {}
    try:
        with tracking.fetched(REMAINING_LIFE.registered_name, held["version"]) as path:
            champion = load(path, held["tags"]["model_sha256"])
    except ModelMismatch:
        return {}  # of other features: it serves no more
    begun = Part(month=held["tags"]["cutoff_month"]).start
    return since(examples, model.out_of_fold, predict(champion, examples), begun)


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
    """Which data the model saw: the checksum of every partition read, and the definition of its labels."""
    from battery_assets.learning.life.labels import DEFINITION

    versions = {"labels": str(DEFINITION), "battery": digest(_every_jar(warehouse).sort("battery_id"))}
    with warehouse.transaction() as connection:
        for table in (t.feature_store, t.digital_twin_state, t.maintenance_event, t.capacity_test_raw):
            for row in registry.committed_parts(connection, table, before=part.month):
                versions[f"{table.name} {row.month}|{row.site}"] = row.sha256
    return versions


def _kept(
    run: TrackedRun,
    tracking: Tracking,
    model: "RulModel",
    metrics: dict[str, float],
    judged: "Verdict",
    examples: pl.DataFrame,
    part: Part,
) -> str:
    """Log what there is to know of the run and register the model. Returns the registered version."""
    from dataclasses import asdict

    from battery_assets.learning.life.figures import importance_figure, reliability_figure, survival_figure
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
    tags = {
        "cutoff_month": str(part.month),
        "gate": "passed" if judged.passed else "refused",
        "gate_words": judged.words,
        "features": json.dumps(list(model.features)),
        "model_sha256": sha256,
    }
    name = REMAINING_LIFE.registered_name
    version = tracking.register(name, run.run_id, "model/model.cbm", MODEL_NOTE, tags)
    tracking.set_aliases(name, version, str(part.month), judged.passed)
    words = f"{_words(model, metrics, part)} Gate {judged.words}."
    run.set_tags({"mlflow.note.content": words})
    tracking.client().update_model_version(name, version, words)
    return version


def _words(model: "RulModel", metrics: dict[str, float], part: Part) -> str:
    """What MLflow's pages say of the run and of the version it made."""
    trained_on = model.trained_on
    return (
        f"Remaining life, trained on the months before {part.month}: {trained_on['jars']} jars, "
        f"{trained_on['snapshots']} snapshots, {trained_on['failures']} ends of life. On jars it had not "
        f"seen: concordance {metrics['c_index']:.3f}, 90-day Brier score {metrics['brier_90d']:.4f}. "
        "CatBoost loads model/model.cbm; its sha256 is a tag of the version."
    )
