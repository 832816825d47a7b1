"""What a model, or an ensemble, says of one cell of its lab or of cycles that someone states."""

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.lab.training import books
from battery_assets.lab.training.charge_said import charge_said
from battery_assets.lab.training.ensemble import put_prediction
from battery_assets.lab.training.registered import fitted_of
from battery_assets.lab.training.selection import BadSelection
from battery_assets.lab.training.work import said_at
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.lab import training as s

if TYPE_CHECKING:
    from battery_assets.learning.networks.cells import Cells
    from battery_assets.learning.networks.fitting import Fitted


# Torch's threads and its strictness are the process's own: one network speaks at a time.
_SPEAKS = threading.Lock()


@dataclass(frozen=True)
class Asked:
    """One cell: `battery_id`, its number in battery_unit, or `payload`, its cycles as JSON.

    user_id: who asks; 0 is the command line.
    """

    battery_id: int | None = None
    payload: Any = None
    user_id: int = 0

    def __post_init__(self) -> None:
        if (self.battery_id is None) == (self.payload is None):
            raise BadSelection("battery_id, payload: one of the two is needed; next step: name one")

    def cells(self, warehouse: Warehouse, lab: str, fitted: "Fitted") -> "Cells":
        """The cell as arrays. Raises BadSelection, BadCells or BadPayload, which name the field."""
        from battery_assets.learning.networks.cells import Cells
        from battery_assets.learning.networks.payload import cells_of

        if self.battery_id is None:
            return cells_of(self.payload, fitted.features, fitted.recipe.see_health)
        rows = warehouse.read(t.cycle_data, Part(site=lab)).filter(pl.col("battery_id") == self.battery_id)
        rows_collected = rows.collect()
        if rows_collected.is_empty():
            raise BadSelection(
                f"battery_id: {self.battery_id} is not known; next step: see battery_unit.id of lab {lab}"
            )
        return Cells.of(
            rows_collected.with_columns(cell_id=pl.col("battery_id").cast(pl.String)), fitted.features
        )


def predict(warehouse: Warehouse, tracking: Tracking, model_id: int, asked: Asked) -> dict[str, Any]:
    """Let a model speak of a cell at its last cycle, and store it. Returns the row of prediction."""
    values = spoken(warehouse, tracking, model_id, asked)
    with warehouse.transaction() as connection:
        made = connection.execute(sa.insert(s.prediction).values(**values).returning(s.prediction))
        return dict(made.mappings().one())


def spoken(warehouse: Warehouse, tracking: Tracking, model_id: int, asked: Asked) -> dict[str, Any]:
    """What a model says of a cell at its last cycle, as a row of prediction that is not stored yet."""
    said = _said(warehouse, tracking, model_id, asked)
    source = "payload" if asked.battery_id is None else "battery"
    return {
        "user_id": asked.user_id, "model_id": model_id, "battery_id": asked.battery_id,
        "input_source": source, "input_payload": asked.payload, **said,
    }  # fmt: skip


def put_predictions(warehouse: Warehouse, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Store rows of `spoken` together. Returns them in order, with their numbers and instants."""
    made = sa.insert(s.prediction).returning(s.prediction, sort_by_parameter_order=True)
    with warehouse.transaction() as connection:
        return [dict(row) for row in connection.execute(made, rows).mappings()]


def predict_together(
    warehouse: Warehouse, tracking: Tracking, ensemble_id: int, asked: Asked
) -> dict[str, Any]:
    """Let an ensemble speak of a cell, and store it with what each member says.

    Returns the row of ensemble_prediction with `details`. The ensemble itself says nothing where its strategy
    is to compare. Raises BadSelection for an ensemble that is none.
    """
    members = books.members_of(warehouse, ensemble_id)
    if not members:
        raise BadSelection(f"ensemble_id: {ensemble_id} is not known; next step: see model_ensemble")
    each = {number: _said(warehouse, tracking, number, asked) for number in members}
    cycle = {"cycle": next(iter(each.values()))["result"]["cycle"]}
    whole: dict[str, Any] = {"soh": None, "rul": None}
    shares = [weight for weight in members.values() if weight is not None]
    if len(shares) == len(members):
        weights = np.array(shares) / sum(shares)
        for name in whole:
            values = [one[name] for one in each.values()]
            if None not in values:
                whole[name] = float(weights @ np.array(values))
    row = {
        "user_id": asked.user_id, **whole, "battery_id": asked.battery_id,
        "input_payload": asked.payload, "result": cycle,
    }  # fmt: skip
    details = [{"model_id": number, **one} for number, one in each.items()]
    with warehouse.transaction() as connection:
        number = put_prediction(connection, ensemble_id, row, details)
    return {"id": number, "ensemble_id": ensemble_id, **row, "details": details}


def lab_of_model(warehouse: Warehouse, model_id: int) -> str:
    """The lab whose cells a model was trained on. Raises BadSelection for a model that is none."""
    return _model(warehouse, model_id)[2]


def _said(warehouse: Warehouse, tracking: Tracking, model_id: int, asked: Asked) -> dict[str, Any]:
    name, version, lab, of_points = _model(warehouse, model_id)
    if of_points:
        return charge_said(
            warehouse, tracking, (name, version, lab), asked.battery_id, asked.payload, _SPEAKS
        )
    fitted = _loaded(tracking.tracking_uri, tracking.artifact_root, name, version)
    cells = asked.cells(warehouse, lab, fitted)
    with _SPEAKS:
        [said] = said_at(fitted, cells)
    return said


def _model(warehouse: Warehouse, model_id: int) -> tuple[str, str, str, bool]:
    """Name, version and lab of a model, and whether it sees points: they never change, and are kept."""
    model = _models_of(warehouse.database_url).get(model_id)
    if model is None:
        row = books.model_of(warehouse, model_id)
        if row is None:
            raise BadSelection(f"model_id: {model_id} is not known; next step: see lab_training.model")
        facts = books.facts_of(warehouse, row.job_id)
        of_points = (facts.get("hyperparams") or {}).get("target") == "soc"
        model = (str(row.name), str(row.version), str(facts["lab"]), of_points)
        _models_of(warehouse.database_url)[model_id] = model
    return model


@lru_cache(maxsize=8)
def _models_of(_database_url: str) -> dict[int, tuple[str, str, str, bool]]:
    return {}


@lru_cache(maxsize=16)
def _loaded(tracking_uri: str, artifact_root: str, name: str, version: str) -> "Fitted":
    """The network of a registered version, its bytes held against their checksum; versions never change."""
    return fitted_of(Tracking(tracking_uri=tracking_uri, artifact_root=artifact_root), name, version)


def forget() -> None:
    """Forget the networks that were loaded: the next that is asked is loaded anew."""
    _loaded.cache_clear()
