"""What a trained model, or an ensemble of them, says of a cell: the one door for every face."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from battery_assets.errors import BadField
from battery_assets.lab.training import books, predicting
from battery_assets.lab.training.predicting import Asked, predict, predict_together
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.settings import Settings

__all__ = ["Ask", "Asked", "said_of", "said_together", "spoken", "tracking_of"]
# Messages of what cannot be predicted begin with the field, where one is at fault.
_NUMBER = re.compile(r"^\d+ (?=is not known)")
_FIELD = re.compile(r"^(model_id|ensemble_id|battery_id|payload)\b[^:]*: ", re.DOTALL)


class Place(Protocol):
    """Where the platform runs: a session of a command, or the API."""

    @property
    def settings(self) -> Settings:
        """Its settings."""

    @property
    def warehouse(self) -> Warehouse:
        """Its warehouse."""


def tracking_of(settings: Settings) -> Tracking:
    """Where the weights of models are."""
    return Tracking(tracking_uri=settings.mlflow_tracking_uri, artifact_root=settings.artifacts_url)


def said_of(
    at: Place, number: int, *, battery_id: int | None = None, payload: Any = None, ensemble: bool = False
) -> dict[str, Any]:
    """The stored prediction of model, or ensemble, `number` for a cell of its lab or for stated cycles.

    UserError that names the field where it cannot be.
    """
    with _bad_fields_named():
        speak = predict_together if ensemble else predict
        return speak(at.warehouse, tracking_of(at.settings), number, Asked(battery_id, payload))


@dataclass(frozen=True)
class Ask:
    """A question to a model, or to an ensemble. sites: labs that who asks may see, None for all."""

    number: int
    asked: Asked
    sites: frozenset[str] | None = None
    ensemble: bool = False


def spoken(warehouse: Warehouse, tracking: Tracking, ask: Ask) -> dict[str, Any]:
    """The stored prediction, with the lab as `site`. BadField where it cannot be."""
    with _bad_fields_named():
        lab = _lab(warehouse, ask)
        speak = predict_together if ask.ensemble else predict
        return {**speak(warehouse, tracking, ask.number, ask.asked), "site": lab}


def said_together(
    warehouse: Warehouse, tracking: Tracking, asks: Sequence[Ask]
) -> list[dict[str, Any] | BadField]:
    """Predictions of models that are asked for at the same time, stored in one transaction, in order.

    Where one cannot be, its BadField stands in its place.
    """
    answers: list[dict[str, Any] | BadField] = []
    labs: dict[int, str] = {}
    for place, ask in enumerate(asks):
        try:
            with _bad_fields_named():
                labs[place] = _lab(warehouse, ask)
                answers.append(predicting.spoken(warehouse, tracking, ask.number, ask.asked))
        except BadField as error:
            answers.append(error)
    good = {place: one for place, one in enumerate(answers) if not isinstance(one, BadField)}
    if good:
        rows = predicting.put_predictions(warehouse, list(good.values()))
        for place, row in zip(good, rows, strict=True):
            answers[place] = {**row, "site": labs[place]}
    return answers


def _lab(warehouse: Warehouse, ask: Ask) -> str:
    """The lab of a model, or of an ensemble's members. ValueError for one that who asks sees nothing of."""
    numbers = list(books.members_of(warehouse, ask.number)) if ask.ensemble else [ask.number]
    labs = {predicting.lab_of_model(warehouse, one) for one in numbers}
    if not labs or (ask.sites is not None and not labs <= ask.sites):
        field, table = ("ensemble_id", "ensemble") if ask.ensemble else ("model_id", "model")
        raise ValueError(f"{field}: {ask.number} is not known; next step: see the list of each {table}")
    return min(labs)


@contextmanager
def _bad_fields_named() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        said, _, step = str(error).partition("; next step: ")
        named = _FIELD.match(said)
        field = getattr(error, "field", named[1] if named else "payload")
        fault = getattr(error, "fault", _NUMBER.sub("", said[named.end() :]) if named else said)
        raise BadField(said, step or "correct it and run the command again", field, fault) from error
