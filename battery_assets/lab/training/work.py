"""One training of a network on a lab's cells: its job, its MLflow run, its model, what that predicts.

The recipe and the cells come from the job. Each epoch is written to PostgreSQL, to Dagster's log and to
MLflow before the next one begins.
"""

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from battery_assets.lab.training import books
from battery_assets.lab.training.selection import Selection, select
from battery_assets.platform.experiments import Experiment
from battery_assets.platform.jobs.work import Work, working
from battery_assets.platform.tracking import TrackedRun, Tracking
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.learning.networks.cells import Cells
    from battery_assets.learning.networks.fitting import Epoch, Fitted

EXPERIMENT = Experiment(
    "lab networks",
    "Networks on the cells of a lab: a run for each training, ensemble and comparison. They learn health and "
    "cycles left of a cycle, or the charge of a point (target soc), and are judged on cells that they never "
    "saw. Scores that end in a name are those of a rule or a filter on the same cells.",
    metrics=("soh_rmse", "rul_rmse", "soc_rmse", "rul_rmse_mean_life", "soc_rmse_kalman", "probes_red"),
    params=("model", "algorithm", "target", "seed", "strategy", "data_versions_sha256"),
)
MODEL_NOTE = (
    "A network on the cells of a lab, as its job asked for. Each version is a training: the tags lab and "
    "job_id say which, data which rows it learned from. The alias `newest` is the latest one; which of "
    "them speaks is said with each prediction."
)
WEIGHTS = "weights.safetensors"
SHORT = {"mean life - cycle": "mean_life", "linear fade": "linear_fade"}


@dataclass(frozen=True)
class Trained:
    """What came of a training."""

    job_id: int
    model_id: int
    version: str
    mlflow_run_id: str
    scores: dict[str, float]
    stopped: bool


def train(
    warehouse: Warehouse, tracking: Tracking, job_id: int, dagster_run: str | None, say: Callable[[str], Any]
) -> Trained:
    """Carry out a training job. Raises what ends it; the job has then failed with that reason."""
    with working(warehouse.database_url, job_id, dagster_run) as work:
        from battery_assets.learning.networks.cells import measured
        from battery_assets.learning.networks.fitting import fit
        from battery_assets.learning.networks.recipe import Recipe

        facts = work.facts
        recipe = Recipe.of(facts["algorithm"], facts.get("hyperparams") or {})
        chosen = select(warehouse, facts["lab"], facts.get("batteries"))
        books.put_batteries(warehouse, job_id, chosen.roles)
        features = measured(chosen.rows.filter(role="train"), recipe.features)
        learned, valid, test = (chosen.cells(role, features) for role in ("train", "val", "test"))
        work.say(f"{len(learned.names)} + {len(valid.names)} cells, judged on {len(test.names)} others")
        name = facts["model_name"]
        tags = {"job_id": str(job_id), "lab": facts["lab"], "dagster_run_id": str(dagster_run)}
        with tracking.run(EXPERIMENT, f"{name} {job_id}", tags) as run:
            run.log_params({**asdict(recipe), "features": list(features), "model": name})
            run.log_inputs(chosen.versions)

            def heard(epoch: "Epoch") -> bool:
                return report_epoch(warehouse, work, run, epoch, say)

            fitted = fit(learned, valid, features, recipe, heard)
            scores = _scored(run, fitted, learned, test)
            scores |= _probed(work, run, fitted, (learned, valid, test))
            _keep_weights(run, fitted, chosen)
        marks = {**tags, "data": chosen.version}
        version = tracking.register(name, run.run_id, f"model/{WEIGHTS}", MODEL_NOTE, marks)
        model_id = books.put_model(
            warehouse, _said(fitted, test, chosen), algorithm=recipe.algorithm, name=name, version=version,
            job_id=job_id, metrics=books.plain(scores), file_path=f"models:/{name}/{version}#{WEIGHTS}",
        )  # fmt: skip
        work.say(f"model {model_id}: {name} version {version}, best epoch {fitted.best_epoch}")
        return Trained(job_id, model_id, version, run.run_id, scores, fitted.stopped)


def report_epoch(
    warehouse: Warehouse, work: Work, run: TrackedRun, epoch: "Epoch", say: Callable[[str], Any]
) -> bool:
    """Write an epoch to PostgreSQL, MLflow and Dagster's log. Returns whether training is to end with it."""
    parts = {**epoch.losses, "best": epoch.best}
    books.put_epoch(warehouse, work.number, epoch.number, epoch.train_loss, epoch.valid_loss, parts)
    curves = {"train_loss": epoch.train_loss, "val_loss": epoch.valid_loss, **epoch.losses}
    run.log_metrics(curves, step=epoch.number)
    run.flush()
    say(
        f"epoch {epoch.number} of {epoch.of}: train {epoch.train_loss:.4f}, validation {epoch.valid_loss:.4f}"
    )
    return work.report(epoch.number, epoch.of)


def _scored(run: TrackedRun, fitted: "Fitted", learned: "Cells", test: "Cells") -> dict[str, float]:
    """Scores on the test cells, those of rules without a model, and how many rows its intervals cover."""
    from battery_assets.learning.networks.conformal import coverage
    from battery_assets.learning.networks.scores import by_cell, naive, overall

    health, left = fitted.predict(test)
    scores = overall(test, health, left)
    for rule, said in naive(learned, test).items():
        scores |= {f"{name}_{SHORT[rule]}": value for name, value in overall(test, *said).items()}
        run.log_table(by_cell(test, *said), f"cells_{SHORT[rule]}.csv")
    scores |= {"best_epoch": float(fitted.best_epoch), "best_val_loss": fitted.best_loss}
    if fitted.margins is not None:
        scores |= coverage(test, fitted.margins, health, left)
    run.log_metrics(scores, step=fitted.epochs)
    run.log_table(by_cell(test, health, left), "cells.csv")
    return scores


def _probed(
    work: Work, run: TrackedRun, fitted: "Fitted", sides: tuple["Cells", "Cells", "Cells"]
) -> dict[str, float]:
    """Probes of leaks; a red one is a warning in the job's log. Cells on two sides were refused before."""
    from battery_assets.learning.networks.probes import fit_shuffled, probes_of

    train, valid, test = sides
    shuffled = fit_shuffled(train, valid, fitted.features, fitted.recipe)
    probes = probes_of(fitted.predict, train, test, shuffled.predict)
    for one in probes:
        if one.red:
            work.say(f"probe of a leak is red: {one}", "WARNING")
    scores = {f"probe_{one.name}": one.value for one in probes if np.isfinite(one.value)}
    scores |= {"probe_cells_on_two_sides": 0.0, "probes_red": float(sum(one.red for one in probes))}
    run.log_metrics(scores, step=fitted.epochs)
    return scores


def _keep_weights(run: TrackedRun, fitted: "Fitted", chosen: Selection) -> None:
    from battery_assets.learning.networks.stored import save

    keep_weights(run, lambda path: save(fitted, path))
    run.log_table(
        chosen.rows.select("battery_id", "cell_id", "role").unique().sort("battery_id"), "split.csv"
    )


def keep_weights(run: TrackedRun, save: Callable[[Path], None]) -> None:
    """Keep the file that `save` writes as the weights of a run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / WEIGHTS
        save(path)
        run.log_artifact_file(path, "model")


def _said(fitted: "Fitted", test: "Cells", chosen: Selection) -> list[dict[str, Any]]:
    """What the model says of each test cell at its last cycle, with intervals."""
    said = said_at(fitted, test)
    return [{"battery_id": chosen.numbers[name], **one} for name, one in zip(test.names, said, strict=True)]


def said_at(fitted: "Fitted", cells: "Cells") -> list[dict[str, Any]]:
    """soh, rul and result of each cell at its last cycle; result has the cycle and 90 % intervals."""
    health, left = fitted.predict(cells)
    around = fitted.margins.around(health, left) if fitted.margins else {}
    return [
        {
            "soh": number_or_none(health[row]),
            "rul": number_or_none(left[row]),
            "result": {
                "cycle": int(cells.cycle[row]),
                **{
                    name: [number_or_none(low[row]), number_or_none(high[row])]
                    for name, (low, high) in around.items()
                },
            },
        }
        for row in last_rows(cells)
    ]


def last_rows(cells: "Cells") -> list[int]:
    """The last row of each cell."""
    return [int(np.flatnonzero(cells.cell == place)[-1]) for place in range(len(cells.names))]


def number_or_none(value: float) -> float | None:
    """A number as a column holds it; None for what is not known."""
    return float(value) if np.isfinite(value) else None
