"""A network of a lab's cells in MLflow and in the books, and an ensemble of it, as trainings leave them."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from battery_assets.lab.training.work import EXPERIMENT, MODEL_NOTE
from battery_assets.platform.jobs import core
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.lab import training as s
from battery_assets_tests.worlds.lab_files.fading import fading

LAB = "bench"
CYCLES = fading(1, seed=9).head(12).select("cycle_num", "feature_1", "feature_2").to_dicts()
PAYLOAD = {"cycles": CYCLES}


@dataclass(frozen=True)
class Made:
    """Numbers of what was made, and where the weights are."""

    model: int
    ensemble: int
    tracking: Tracking


def put_model(warehouse: Warehouse, home: Path, lab: str = LAB, tracking: Tracking | None = None) -> Made:
    """Fit a small network on cells that fade by a law, register it, and enter it with an ensemble of it."""
    from battery_assets.learning.networks.cells import Cells
    from battery_assets.learning.networks.fitting import fit
    from battery_assets.learning.networks.recipe import Recipe
    from battery_assets.learning.networks.stored import save

    rows, seen = fading(5, seed=4), ("feature_1", "feature_2")
    later = pl.col("cell_id") >= "cell-003"
    recipe = Recipe("baseline", epochs=1, width=16, layers=2, rows_per_epoch=256)
    train, valid = (Cells.of(rows.filter(side), seen) for side in (~later, later))
    file = home / "weights.safetensors"
    save(fit(train, valid, seen, recipe, lambda _: False), file)
    tracking = tracking or Tracking(tracking_uri=f"sqlite:///{home}/mlflow.db", artifact_root=str(home))
    with tracking.run(EXPERIMENT, "one", {"partition": lab}) as run:
        run.log_artifact_file(file, "model")
    version = tracking.register(f"{lab}-network", run.run_id, "model/weights.safetensors", MODEL_NOTE)
    with warehouse.transaction() as connection:
        job = core.ask(connection, s.KIND, {"lab": lab, "algorithm": "baseline", "user_id": 0}, 1)
        row = {"job_id": job, "algorithm": "baseline", "name": f"{lab}-network", "version": version,
               "file_path": "model/weights.safetensors", "metrics": {}}  # fmt: skip
        model = connection.execute(sa.insert(s.model).values(**row).returning(s.model.c.id)).scalar_one()
        made = sa.insert(s.model_ensemble).values(name="mean", strategy="avg", config={})
        ensemble = connection.execute(made.returning(s.model_ensemble.c.id)).scalar_one()
        member = {"ensemble_id": ensemble, "model_id": model, "weight": 1}
        connection.execute(sa.insert(s.model_ensemble_member).values(**member))
    return Made(model, ensemble, tracking)
