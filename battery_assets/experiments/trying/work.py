"""One experiment: its job, its row, its MLflow run, its scores on systems that it never saw.

Our row stands first, with a job; then MLflow's run, whose id goes into the row; each epoch goes into both;
MLflow's run ends first, its metrics are read back, and become the row's. So the two stores agree, or the row
says that it failed.
"""

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from battery_assets.errors import BadInput
from battery_assets.experiments.making import books as datasets
from battery_assets.experiments.making.files import bursts_of, read
from battery_assets.experiments.trying import books
from battery_assets.experiments.trying.models import Tried, attempt, hyperparameters_of, kept, refuse_foreign
from battery_assets.platform.experiments import Experiment
from battery_assets.platform.jobs.work import Work, working
from battery_assets.platform.registry.identity import books_id
from battery_assets.platform.tracked_run import TrackedRun
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.trainings import MODEL_TYPES

if TYPE_CHECKING:
    from battery_assets.learning.signals.bursts import Bursts
    from battery_assets.learning.signals.convolution import Epoch

EXPERIMENT = Experiment(
    "signals",
    "Classifiers of rectifier faults by the ripple of strings, judged on systems that they never saw. A "
    "split by window flatters: the tag leak_points says by how much on this dataset.",
    metrics=("macro_auroc", "sound_called_sound", "exact", "both_named", "recall_capacitor_5_15"),
    params=("model_type", "dataset", "split", "control", "seed"),
)
CONTROLS = ("", "shuffled_labels")
DEFAULTS = {"split": "system", "seed": 1, "control": ""}


def ask(warehouse: Warehouse, name: str, terms: dict[str, Any]) -> int:
    """Ask for an experiment. terms: dataset, model_type, split, seed, control, hyperparameters.

    Returns the job's number. Raises BadInput for terms that cannot be, and for a dataset that is not ready.
    """
    from battery_assets.learning.signals.split import SPLITS

    stated = {**DEFAULTS, **terms}
    for key, allowed in (("model_type", MODEL_TYPES), ("split", SPLITS), ("control", CONTROLS)):
        if stated.get(key) not in allowed:
            raise BadInput(f"{key} {stated.get(key)!r}; next step: one of {', '.join(allowed)}")
    row = datasets.ready(warehouse, str(stated.get("dataset")))
    refuse_foreign(stated["model_type"], row)
    stated["hyperparameters"] = hyperparameters_of(stated["model_type"], stated.get("hyperparameters") or {})
    steps = int(stated["hyperparameters"].get("epochs", 1))
    return books.ask(warehouse, name, int(row.id), stated, steps)


def dataset_name(warehouse: Warehouse, number: int) -> str:
    """The name of the dataset of a number."""
    query = sa.text("SELECT name FROM experiments.datasets WHERE id = :id").bindparams(id=number)
    with warehouse.reading() as connection:
        return str(connection.execute(query).scalar_one())


def carry_out(
    warehouse: Warehouse, tracking: Tracking, number: int, dagster_run: str | None, say: Callable[[str], Any]
) -> dict[str, float]:
    """Carry out an experiment. Returns its scores. Raises what ends it; its job has then failed with that."""
    begun = time.monotonic()
    with working(warehouse.database_url, number, dagster_run) as work:
        facts = work.facts
        name, row = facts["name"], books.one(warehouse, facts["name"])
        data = datasets.dataset(warehouse, facts["dataset"])
        bursts, side = _loaded(warehouse, data, facts)
        tags = _tags(warehouse, row, data, number, dagster_run)
        with tracking.run(EXPERIMENT, name, tags) as run:
            books.change(warehouse, name, mlflow_run_id=run.run_id)
            run.log_params({key: facts[key] for key in ("model_type", "dataset", "split", "control", "seed")})
            run.log_params({f"hp_{key}": value for key, value in facts["hyperparameters"].items()})
            run.log_dataset(f"signals of {data.name}", {f"signals {data.name}": data.meta_data["version"]})
            teaching = _shuffled(bursts, side, facts)
            tried = attempt(
                facts["model_type"], teaching, side, facts["seed"], facts["hyperparameters"],
                lambda epoch: _report(warehouse, work, run, int(row["id"]), epoch, say),
            )  # fmt: skip
            _judge(run, bursts, side, tried)
            files = kept(tried, run.log_artifact_file)
            run.set_tags({f"sha256 {path}": digest for path, digest in files.items()})
        return _enter(warehouse, tracking, run.run_id, name, tried, list(files), time.monotonic() - begun)


def _tags(
    warehouse: Warehouse, row: dict[str, Any], data: Any, number: int, dagster_run: str | None
) -> dict[str, str]:
    leak = data.meta_data.get("leak") or {}
    points = leak.get("moments_exact_points", leak.get("curve_exact_points"))
    with warehouse.reading() as connection:
        books_are = books_id(connection)
    return {
        "experiment_id": str(row["id"]), "books": books_are, "job_id": str(number),
        "dagster_run_id": str(dagster_run),
        "leak_points": "" if points is None else f"{points:.1f}",
    }  # fmt: skip


def _loaded(warehouse: Warehouse, data: Any, facts: dict[str, Any]) -> "tuple[Bursts, np.ndarray]":
    from battery_assets.learning.signals.split import sides

    bursts = bursts_of(read(warehouse, data.meta_data["files"]))
    bursts.refuse_unfit()
    return bursts, sides(bursts, facts["split"], facts["seed"])


def _shuffled(bursts: "Bursts", side: np.ndarray, facts: dict[str, Any]) -> "Bursts":
    """The bursts that teach; a control learns labels that mean nothing, and must come to nothing."""
    if facts["control"] != "shuffled_labels":
        return bursts
    from dataclasses import replace

    labels, rng = bursts.labels.copy(), np.random.default_rng(facts["seed"])
    for one in ("train", "val"):
        places = np.flatnonzero((side == one) & ~bursts.reference)
        labels[places] = labels[rng.permutation(places)]
    return replace(bursts, labels=labels)


def _report(
    warehouse: Warehouse, work: Work, run: TrackedRun, row: int, epoch: "Epoch", say: Callable[[str], Any]
) -> bool:
    values: dict[str, float | None] = {
        "train_loss": epoch.train_loss, "val_loss": epoch.val_loss, "train_accuracy": epoch.train_accuracy,
        "val_accuracy": epoch.val_accuracy, "learning_rate": epoch.learning_rate,
        "duration_seconds": epoch.seconds,
    }  # fmt: skip
    books.put_epoch(warehouse, row, epoch.number, values)
    run.log_metrics({name: value for name, value in values.items() if value is not None}, step=epoch.number)
    run.flush()
    say(f"epoch {epoch.number} of {epoch.of}: train {epoch.train_loss:.4f}, validation {epoch.val_loss:.4f}")
    return work.report(epoch.number, epoch.of)


def _judge(run: TrackedRun, bursts: "Bursts", side: np.ndarray, tried: Tried) -> None:
    """Log the scores of the test side, at thresholds of the validation side, and the choice's own score."""
    from battery_assets.learning.signals.scores import judge, score, thresholds

    valid, test = (np.flatnonzero(side == one) for one in ("val", "test"))
    sure = np.full(tried.said.shape[1], 0.5)
    over = sure if tried.plain else thresholds(tried.said[valid], bursts.sound[valid], len(sure))
    called = tried.said > over
    judgement = judge(bursts.only(test), tried.said[test], called[test])
    chosen = score(bursts.only(valid), tried.said[valid], called[valid])
    run.log_metrics(judgement.overall)
    for name, (low, high) in judgement.interval.items():
        run.log_metrics({f"{name}_low": low, f"{name}_high": high})
    run.log_metrics({"val_macro_auroc": chosen["macro_auroc"], "test_systems": float(_systems(bursts, test))})


def _systems(bursts: "Bursts", places: np.ndarray) -> int:
    return len(np.unique(bursts.group[places]))


def _enter(
    warehouse: Warehouse, tracking: Tracking, run_id: str, name: str, tried: Tried, files: list[str],
    seconds: float,
) -> dict[str, float]:  # fmt: skip
    """Read the metrics back from MLflow, and enter them with the rest."""
    ended = tracking.client().get_run(run_id)
    metrics = {key: float(value) for key, value in ended.data.metrics.items() if math.isfinite(value)}
    where = str(ended.info.artifact_uri)
    paths = {"onnx_path" if path.endswith(".onnx") else "model_path": f"{where}/{path}" for path in files}
    books.change(
        warehouse, name, metrics=metrics, duration_seconds=seconds, best_epoch=tried.best_epoch,
        total_epochs=tried.epochs, results_dir=where[:255],
        **{column: path[:255] for column, path in paths.items()},
    )  # fmt: skip
    if "model_path" in paths and tried.best_epoch is not None:
        books.keep_weights(warehouse, name, tried.best_epoch, paths["model_path"])
    return metrics
