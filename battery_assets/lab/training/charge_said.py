"""What a network of charge says of the last point of a lab's cell, or of points that someone states."""

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from battery_assets.lab.training.points import series_of
from battery_assets.lab.training.registered import charge_of
from battery_assets.lab.training.selection import BadSelection
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.learning.charge.sequence import Fitted


def charge_said(
    warehouse: Warehouse, tracking: Tracking, model: tuple[str, str, str], battery_id: int | None,
    payload: Any, speaks: threading.Lock,
) -> dict[str, Any]:  # fmt: skip
    """soh, rul (none) and result with the charge, a share. model: name, version and lab.

    Raises BadSelection or BadPayload, which name the field.
    """
    from battery_assets.learning.charge.payload import series_of_payload

    name, version, lab = model
    fitted = _loaded(tracking.tracking_uri, tracking.artifact_root, name, version)
    if battery_id is None:
        series = series_of_payload(payload, fitted)
    else:
        points = series_of(warehouse, lab, {"test": [battery_id]}, fitted.recipe.step_s, every_side=False)
        series = points.sides["test"]
        if not len(series.soc):
            raise BadSelection(f"battery_id: {battery_id} has no points; next step: see test_session")
    with speaks:
        said = fitted.predict(series)
    at = len(said) - 1 if battery_id is None else _last_known(series.soc)
    return {"soh": None, "rul": None, "result": {"soc": float(said[at]), "points": len(said)}}


def _last_known(soc: np.ndarray) -> int:
    """The last row of known charge, else the last one: behind a cycle's end a rest may follow."""
    places = np.flatnonzero(np.isfinite(soc))
    return int(places[-1]) if places.size else len(soc) - 1


@lru_cache(maxsize=8)
def _loaded(tracking_uri: str, artifact_root: str, name: str, version: str) -> "Fitted":
    """The network of a registered version; versions never change."""
    return charge_of(Tracking(tracking_uri=tracking_uri, artifact_root=artifact_root), name, version)
