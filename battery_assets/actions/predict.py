"""What a trained model, or an ensemble of them, says of a cell: the one door for every face."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from battery_assets.actions.session import Session
from battery_assets.errors import UserError
from battery_assets.lab.training.predicting import Asked, predict, predict_together
from battery_assets.platform.tracking import Tracking


def said_of(
    at: Session, number: int, *, battery_id: int | None = None, payload: Any = None, ensemble: bool = False
) -> dict[str, Any]:
    """The stored prediction of model, or ensemble, `number` for a cell of its lab or for stated cycles.

    UserError that names the field where it cannot be.
    """
    tracking = Tracking(tracking_uri=at.settings.mlflow_tracking_uri, artifact_root=at.settings.artifacts_url)
    speak = predict_together if ensemble else predict
    with _told():
        return speak(at.warehouse, tracking, number, Asked(battery_id, payload))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        fault, _, step = str(error).partition("; next step: ")
        raise UserError(fault, step or "correct it and run the command again") from error
