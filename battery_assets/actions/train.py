"""Trainings of networks on a lab's cells: asked for, run, listed, stopped. The one door for every face."""

from typing import Any

import dagster as dg
import polars as pl

from battery_assets.actions.session import Session, run_here
from battery_assets.errors import UserError
from battery_assets.lab.p6_models.cell_model import Training, asked, job_of
from battery_assets.lab.training import books, table
from battery_assets.platform.jobs import core
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_SOURCES
from battery_assets.platform.tracking import Tracking


def ask_training(at: Session, lab: str, terms: dict[str, Any]) -> int:
    """Put a training into the queue. terms: as `Training` of the asset. Returns the job's number.

    UserError for a lab that is none.
    """
    with at.warehouse.transaction() as connection:
        labs = [site.site for site in registry.sites(connection) if site.source in LAB_SOURCES]
    if lab not in labs:
        raise UserError(
            f"{lab!r} is no lab", f"name one of {', '.join(labs) or 'those that you import first'}"
        )
    return asked(at.warehouse, lab, Training(**terms))


def run_training(at: Session, lab: str, number: int) -> dict[str, Any]:
    """Carry out a training in this process. Returns its row of training_job.

    UserError with the reason where it failed.
    """
    try:
        job, asset = job_of(books.facts_of(at.warehouse, number))
        run_here(job, lab, ops={asset: {"config": {"job_id": number}}})
    except UserError as error:
        [row] = books.trainings(at.warehouse, number)
        raise UserError(f"training {number} failed: {row['reason'] or error}", error.next_step) from error
    [row] = books.trainings(at.warehouse, number)
    return row


def listed(at: Session) -> list[dict[str, Any]]:
    """Every training, oldest first; those whose worker is gone have failed."""
    with at.warehouse.transaction() as connection:
        core.fail_abandoned(connection)
    return books.trainings(at.warehouse)


def stop_training(at: Session, number: int) -> str:
    """Ask a training to end with its next epoch, the best weights kept. Returns how it stands now.

    UserError where there is no such training.
    """
    if not books.trainings(at.warehouse, number):
        raise UserError(f"there is no training {number}", "battery-assets train list")
    with at.warehouse.transaction() as connection:
        return core.stop(connection, number)


def combine(at: Session, lab: str, strategy: str, models: list[int], name: str = "") -> str:
    """Let trained models speak together, as a run of Dagster. Returns the run's id.

    UserError with the reason where they cannot.
    """
    config = {"strategy": strategy, "models": models, "name": name}
    return run_here("lab_ensemble", lab, ops={"cell_ensemble": {"config": config}})


def compare(at: Session, lab: str, one: list[int], other: list[int]) -> list[dict[str, Any]]:
    """Hold two models, each by the numbers of its trainings, against each other, as a run of Dagster.

    Returns the rows of the comparison's table. UserError with the reason where it cannot be.
    """
    run_id = run_here(
        "lab_comparison", lab, ops={"cell_comparison": {"config": {"one": one, "other": other}}}
    )
    [record] = at.instance.fetch_materializations(dg.AssetKey("cell_comparison"), limit=1).records
    made = record.asset_materialization
    if made is None or record.run_id != run_id:
        raise UserError("another comparison came in between", "run the command again")
    rows: list[dict[str, Any]] = made.metadata["comparison"].value  # type: ignore[assignment]
    return rows


def scores_of(at: Session, number: int) -> dict[str, float]:
    """The scores of the model that a training made, beside those of rules without a model."""
    return books.scores_of(at.warehouse, number)


def scores_of_model(at: Session, number: int) -> dict[str, float]:
    """The scores of a model by its own number."""
    row = books.model_of(at.warehouse, number)
    return dict(row.metrics or {}) if row else {}


def ensemble_scores(at: Session) -> dict[str, float]:
    """The scores of the newest ensemble, of each member, and of the best single one."""
    return books.newest_ensemble(at.warehouse)["scores"]


def shares_covered(at: Session, lab: str) -> dict[str, list[float]]:
    """Share of rows that each training's 90 % intervals held, by model and target: `NAME soh`, `NAME rul`."""
    shares: dict[str, list[float]] = {}
    for name, metrics in books.metrics_of_lab(at.warehouse, lab):
        for target in ("soh", "rul"):
            if f"{target}_covered" in metrics:
                shares.setdefault(f"{name} {target}", []).append(metrics[f"{target}_covered"])
    return shares


def model_made(at: Session, number: int) -> int:
    """The number of the model that a training made."""
    return books.model_of_job(at.warehouse, number)


def errors_by_cell(at: Session, lab: str) -> pl.DataFrame:
    """Errors of every model of a lab on cells that it did not see, from MLflow: `lab/training/table.py`."""
    tracking = Tracking(tracking_uri=at.settings.mlflow_tracking_uri, artifact_root=at.settings.artifacts_url)
    return table.errors_by_cell(tracking, lab)
