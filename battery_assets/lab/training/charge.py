"""One training of a network of charge on the points of a lab's tests: job, MLflow run, model, predictions.

Beside it stand a Kalman filter that is identified on the same training cells, plain counting, and the mean.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from battery_assets.lab.training import books
from battery_assets.lab.training.points import Points, series_of
from battery_assets.lab.training.work import (
    EXPERIMENT,
    MODEL_NOTE,
    WEIGHTS,
    Trained,
    keep_weights,
    number_or_none,
    report_epoch,
)
from battery_assets.platform.jobs.work import working
from battery_assets.platform.tracking import TrackedRun, Tracking
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.learning.charge.sequence import Fitted
    from battery_assets.learning.charge.series import Series
    from battery_assets.learning.networks.fitting import Epoch

# Names of the peers in scores and files.
PEERS = ("kalman", "counting", "mean")


def train(
    warehouse: Warehouse, tracking: Tracking, job_id: int, dagster_run: str | None, say: Callable[[str], Any]
) -> Trained:
    """Carry out a training job. Raises what ends it; the job has then failed with that reason."""
    with working(warehouse.database_url, job_id, dagster_run) as work:
        from battery_assets.learning.charge.sequence import Recipe, fit
        from battery_assets.learning.charge.stored import save

        facts = work.facts
        recipe = Recipe.of(facts["algorithm"], facts.get("hyperparams") or {})
        chosen = series_of(warehouse, facts["lab"], facts.get("batteries"), recipe.step_s)
        books.put_batteries(warehouse, job_id, chosen.roles)
        learned, valid, test = (chosen.sides[role] for role in ("train", "val", "test"))
        work.say(f"{len(learned.names)} + {len(valid.names)} cells, judged on {len(test.names)} others")
        name = facts["model_name"]
        tags = {"job_id": str(job_id), "lab": facts["lab"], "dagster_run_id": str(dagster_run)}
        with tracking.run(EXPERIMENT, f"{name} {job_id}", tags) as run:
            run.log_params({**asdict(recipe), "model": name})
            run.log_inputs(chosen.versions)

            def heard(epoch: "Epoch") -> bool:
                return report_epoch(warehouse, work, run, epoch, say)

            fitted = fit(learned, valid, recipe, heard)
            said = fitted.predict(test)
            scores = _scored(run, fitted, chosen, said)
            keep_weights(run, lambda path: save(fitted, path))
            split = [{"battery_id": number, "role": role} for number, role in chosen.roles.items()]
            run.log_table(pl.DataFrame(split), "split.csv")
        marks = {**tags, "data": chosen.version}
        version = tracking.register(name, run.run_id, f"model/{WEIGHTS}", MODEL_NOTE, marks)
        model_id = books.put_model(
            warehouse, _last(test, said, chosen), algorithm=recipe.algorithm, name=name, version=version,
            job_id=job_id, metrics=books.plain(scores), file_path=f"models:/{name}/{version}#{WEIGHTS}",
        )  # fmt: skip
        work.say(f"model {model_id}: {name} version {version}, best epoch {fitted.best_epoch}")
        return Trained(job_id, model_id, version, run.run_id, scores, fitted.stopped)


def _scored(run: TrackedRun, fitted: "Fitted", chosen: Points, said: np.ndarray) -> dict[str, float]:
    """Scores on the test cells, beside those of peers that learned from the same cells as the network."""
    from battery_assets.learning.charge.scores import by_cell, overall

    test = chosen.sides["test"]
    scores = overall(test, said)
    run.log_table(by_cell(test, said), "soc_cells.csv")
    for name, other in _peers(fitted, chosen).items():
        scores |= {f"{key}_{name}": value for key, value in overall(test, other).items()}
        run.log_table(by_cell(test, other), f"soc_cells_{name}.csv")
    scores |= {"best_epoch": float(fitted.best_epoch), "best_val_loss": fitted.best_loss}
    scores["memory_steps"] = float(fitted.memory)
    run.log_metrics(scores, step=fitted.epochs)
    return scores


def _peers(fitted: "Fitted", chosen: Points) -> dict[str, np.ndarray]:
    """What each of PEERS says of the test cells (n,)."""
    from battery_assets.learning.charge.kalman import counting, kalman, peer
    from battery_assets.learning.charge.series import joined

    train, test = chosen.sides["train"], chosen.sides["test"]
    if fitted.recipe.refit and not fitted.stopped:
        train = joined(train, chosen.sides["val"])
    circuit = peer(train)
    mean = np.full(len(test.soc), float(np.nanmean(train.soc)))
    return dict(zip(PEERS, (kalman(test, circuit), counting(test, circuit), mean), strict=True))


def _last(test: "Series", said: np.ndarray, chosen: Points) -> list[dict[str, Any]]:
    """What the model says of each test cell at its last point of known charge; none where it has none."""
    last = []
    for place, name in enumerate(test.names):
        rows = np.flatnonzero((test.cell == place) & np.isfinite(test.soc))
        if rows.size:
            at = rows[-1]
            soc, true_soc = number_or_none(said[at]), number_or_none(test.soc[at])
            result = {"soc": soc, "true_soc": true_soc, "points": int(rows.size)}
            last.append({"battery_id": chosen.numbers[name], "soh": None, "rul": None, "result": result})
    return last
