"""Anomaly models of a cut-off month: learned from all jars of the month before, registered, and silent.

On faults that the rules miss neither earned an alert (docs/figures.md). So the gate refuses both: they stay
in staging, where anybody may fetch and try them.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.p6_ml_digital_twin.registered import ANOMALIES, FOREST, NETWORK
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.experiments import Experiment
from battery_assets.platform.registry import books as registry
from battery_assets.platform.tracking import TrackedRun, Tracking
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.learning.anomaly.windows import Days

EXPERIMENT = Experiment(
    name="anomalies",
    note="An isolation forest of jars' months and an autoencoder of jars' days; a run for each cut-off.",
    metrics=("autoencoder_loss", "jar_months", "jar_days"),
    params=("cutoff_month", "jars", "data_versions_sha256"),
)
NOTES = {
    FOREST: "Isolation forest of the numbers of a jar's month. It raises no alert.",
    NETWORK: "Autoencoder of a jar's day against its string. It raises no alert.",
}
REFUSED = (
    "refused: among the faults that the rules miss it finds no more than chance, or than one number of the "
    "month (python -m benchmarks.anomalies)"
)
FEWEST_MONTHS = 50  # jar-months: of fewer an isolation forest sees nothing that is usual
SEED = 7


@dg.asset(**materializes(ANOMALIES, reads=[t.battery], earlier=[t.feature_store]))
def anomaly_models(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking
) -> dg.MaterializeResult:
    from battery_assets.learning.anomaly.windows import jar_days, month_numbers

    part = Part.of(context)
    hours, readings = month_before(warehouse, part)
    days = jar_days(hours)
    numbers = month_numbers(days, readings)
    if numbers.height < FEWEST_MONTHS:
        raise dg.Failure(
            f"anomaly_models {part.month}: {numbers.height} jar-months before the cut-off, {FEWEST_MONTHS} "
            "needed: load a month of more strings",
            allow_retries=False,
        )
    tags = {"dagster_run_id": context.run.run_id, "cutoff_month": str(part.month)}
    with tracking.run(EXPERIMENT, f"anomalies before {part.month}", tags) as run:
        facts: dict[str, Any] = {"jars": numbers.height, "first_snapshot": part.before.start.isoformat()}
        run.log_params({"cutoff_month": part.month, **facts})
        run.log_inputs(_data_versions(warehouse, part), f"hours before {part.month}")
        run.log_metrics({"jar_months": float(numbers.height), "jar_days": float(len(days.values))})
        shown = _registered(run, tracking, days, numbers, part)
    return dg.MaterializeResult(metadata={**shown, **facts, "gate": REFUSED, "mlflow_run_id": run.run_id})


def month_before(warehouse: Warehouse, part: Part) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Hours (battery_id, string_id, hour, volts, degrees) and daily readings of all sites' month before."""
    store = t.feature_store
    with warehouse.transaction() as connection:
        sites = [row.site for row in registry.sites(connection)]
    jars = pl.concat(
        [warehouse.read(t.battery, Part(site=site), ["battery_id", "string_id"]).collect() for site in sites]
    )
    where = (store.c.month == str(part.before.month)) & store.c.feature_window_hours.in_((1, 24))
    rows = warehouse.read(store, where=where).collect().join(jars, on="battery_id")
    size, at = pl.col("feature_window_hours"), pl.col("feature_ts")
    volts = pl.col("v_mean", "v_min", "v_max", "t_mean").cast(pl.Float64)
    hours = rows.filter(size == 1).select("battery_id", "string_id", volts, hour=at.dt.offset_by("-1h"))
    readings = rows.filter(size == 24, pl.col("r_internal_latest").is_not_null()).select(
        "battery_id",
        "string_id",
        measured_at=at.dt.offset_by("-1h"),
        resistance_mohm=pl.col("r_internal_latest").cast(pl.Float64),
        baseline_pct=pl.col("r_internal_baseline_pct").cast(pl.Float64),
    )
    return hours, readings


def _data_versions(warehouse: Warehouse, part: Part) -> dict[str, str]:
    """The checksum of every partition of the month before."""
    with warehouse.transaction() as connection:
        committed = registry.committed_parts(connection, t.feature_store, before=part.month)
        return {
            f"feature_store {row.month}|{row.site}": row.sha256
            for row in committed
            if row.month == str(part.before.month)
        }


def _registered(
    run: TrackedRun, tracking: Tracking, days: "Days", numbers: pl.DataFrame, part: Part
) -> dict[str, Any]:
    """Train both, log and register them as refused; their versions by name."""
    from battery_assets.learning.anomaly.autoencoder import Recipe, fit_autoencoder, save_autoencoder
    from battery_assets.learning.anomaly.forest import fit_forest, save_forest
    from battery_assets.learning.anomaly.windows import CHANNELS, NUMBERS

    forest = fit_forest(numbers.select(NUMBERS).to_numpy(), SEED)
    network, losses = fit_autoencoder(days.values, Recipe(seed=SEED))
    for epoch, loss in enumerate(losses):
        run.log_metrics({"autoencoder_loss": loss}, epoch)
    files: dict[str, tuple[str, tuple[str, ...], Callable[[Path], str]]] = {
        FOREST: ("forest.npz", NUMBERS, lambda path: save_forest(forest, path)),
        NETWORK: ("autoencoder.safetensors", CHANNELS, lambda path: save_autoencoder(network, path)),
    }
    versions: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (file, features, save) in files.items():
            sha256 = save(Path(folder) / file)
            run.log_artifact_file(Path(folder) / file, "model")
            tags = {
                "cutoff_month": str(part.month),
                "gate": "refused",
                "gate_words": REFUSED,
                "features": json.dumps(list(features)),
                "model_sha256": sha256,
            }
            versions[name] = tracking.register(name, run.run_id, f"model/{file}", NOTES[name], tags)
            tracking.set_aliases(name, versions[name], str(part.month), serves=False)
    return versions
