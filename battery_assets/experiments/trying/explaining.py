"""Explanations of an experiment's network: scored first, kept with the scores, shown where these let it."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from battery_assets.errors import BadInput
from battery_assets.experiments.making import books as datasets
from battery_assets.experiments.making.files import bursts_of, read
from battery_assets.experiments.trying import books
from battery_assets.experiments.trying.work import dataset_name
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.trainings import explanations

if TYPE_CHECKING:
    from battery_assets.learning.signals.convolution import Fitted

# So many bursts of each experiment are explained; methods are scored on at most so many.
SHOWN, SCORED = 24, 200
WEIGHTS = "network.safetensors"


def explain(warehouse: Warehouse, tracking: Tracking, name: str) -> dict[str, dict[str, float]]:
    """Explain bursts of an experiment's test systems. Returns the scores of each method.

    Raises BadInput for an experiment without a network, or without faults in its test systems.
    """
    from battery_assets.learning.signals import explaining, seconds
    from battery_assets.learning.signals.bursts import RIPPLE
    from battery_assets.learning.signals.split import sides

    row = books.one(warehouse, name)
    if row["model_type"] != "cnn1d" or row["status"] != "completed":
        raise BadInput(
            f"{name} is {row['model_type']}, {row['status']}; next step: a cnn1d that has completed"
        )
    fitted = _network(tracking, str(row["mlflow_run_id"]))
    data = datasets.dataset(warehouse, dataset_name(warehouse, row["dataset_id"]))
    files = read(warehouse, data.meta_data["files"])
    bursts = bursts_of(files)
    side = sides(bursts, row["config"]["split"], row["config"]["seed"])
    alone = np.flatnonzero((side == "test") & (bursts.labels.sum(axis=1) == 1) & ~bursts.reference)
    if not len(alone):
        raise BadInput(f"no burst of {name}'s test systems has one fault; next step: a larger dataset")
    rng = np.random.default_rng(row["config"]["seed"])
    chosen = np.sort(rng.permutation(alone)[:SCORED])
    of_ripple = bursts.kind == RIPPLE
    method_of = explaining if of_ripple else seconds
    where = {"hz": [50 * n for n in range(1, 41)]} if of_ripple else {"seconds": seconds.seconds(bursts)}
    by_method, rows = {}, []
    for method in explaining.METHODS:
        scores = method_of.scores(fitted, bursts, chosen, method)
        by_method[method] = scores | {"shown": float(explaining.earns_its_place(scores))}
        shown = chosen[:SHOWN]
        kinds = bursts.labels[shown].argmax(axis=1)
        lines = method_of.shares_of(fitted, bursts, shown, method)
        rows += [
            {
                "experiment_id": row["id"], "method": method, "signal_id": files["signal_id"][int(place)],
                "file_path": files["url"][int(place)],
                "explanation_data": {
                    "fault": bursts.classes[kind], **where,
                    "shares": [round(float(x), 5) for x in shares], "scores": by_method[method],
                },
            }
            for place, kind, shares in zip(shown, kinds, lines, strict=True)
        ]  # fmt: skip
    with warehouse.transaction() as connection:
        connection.execute(sa.delete(explanations).where(explanations.c.experiment_id == row["id"]))
        connection.execute(sa.insert(explanations), rows)
    return by_method


def shown(warehouse: Warehouse, name: str) -> list[dict[str, Any]]:
    """The explanations of an experiment, of methods that earned their place."""
    row = books.one(warehouse, name)
    own = explanations.c
    query = sa.select(explanations).where(own.experiment_id == row["id"]).order_by(own.id)
    with warehouse.reading() as connection:
        rows = [dict(one) for one in connection.execute(query).mappings()]
    return [one for one in rows if one["explanation_data"]["scores"]["shown"]]


def _network(tracking: Tracking, run_id: str) -> "Fitted":
    from battery_assets.learning.signals.stored import load_network

    with tempfile.TemporaryDirectory() as folder:
        path = tracking.files_of(run_id).download_artifacts(f"model/{WEIGHTS}", folder)
        return load_network(Path(path))
