"""The models that an experiment can try: each fits on training bursts, and says what it sees in any."""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from battery_assets.errors import BadInput

if TYPE_CHECKING:
    from battery_assets.learning.signals.bursts import Bursts
    from battery_assets.learning.signals.convolution import Epoch

FORESTS = {
    "forest_moments": "moments",
    "forest_lines": "lines",
    "forest_own_lines": "own_lines",
    "index_only": "index",
    "forest_curve": "curve",
    "forest_own_curve": "own_curve",
}
# What the seed and the dataset decide, not whoever asks.
OF_DATA = {"seed", "centred"}
# The classical rows that no table of experiments is without.
ROWS = ("rule", "rule_own", "rule_labels", "forest_moments", "forest_lines", "forest_own_lines")
ROWS_OF_CURVES = ("end_drop", "forest_curve", "forest_own_curve")


def rows_of(kind: str) -> tuple[str, ...]:
    """The classical rows of datasets of a kind."""
    from battery_assets.learning.signals.bursts import RIPPLE

    return ROWS if kind == RIPPLE else ROWS_OF_CURVES


def models_of(kind: str) -> tuple[str, ...]:
    """The models that datasets of a kind can be tried with."""
    return (*rows_of(kind), "cnn1d", "index_only")


def refuse_foreign(model_type: str, dataset: Any) -> None:
    """Raise BadInput for a model that reads signals of another kind than those of a dataset's row."""
    if model_type not in (fit := models_of(dataset.meta_data.get("kind", "ripple"))):
        raise BadInput(f"{model_type} is none for {dataset.name}; next step: one of {', '.join(fit)}")


@dataclass(frozen=True)
class Tried:
    """What a model says of each burst (N, classes), whether its words are yes or no, and its training."""

    said: np.ndarray
    plain: bool = False
    best_epoch: int | None = None
    epochs: int | None = None
    stopped: bool = False
    save: Callable[[Path], list[Path]] | None = None


def hyperparameters_of(model_type: str, stated: dict[str, Any]) -> dict[str, Any]:
    """Every number of a model, given ones over its own. Raises BadInput for one that it has not."""
    from battery_assets.learning.signals.classical import LEAST_LEAF, TREES

    if model_type == "cnn1d":
        from battery_assets.learning.signals.convolution import Recipe, recipe_of

        names = {field.name for field in fields(Recipe)} - OF_DATA
        _refuse_unknown(model_type, stated, names)
        return {key: value for key, value in asdict(recipe_of(stated)).items() if key not in OF_DATA}
    if model_type in FORESTS:
        _refuse_unknown(model_type, stated, {"trees", "min_samples_leaf", "max_features"})
        return {"trees": TREES, "min_samples_leaf": LEAST_LEAF, **stated}
    _refuse_unknown(model_type, stated, set())
    return {}


def _refuse_unknown(model_type: str, stated: dict[str, Any], names: set[str]) -> None:
    if unknown := sorted(set(stated) - names):
        raise BadInput(
            f"{model_type} has no {', '.join(unknown)}; next step: set "
            f"{', '.join(sorted(names)) or 'nothing: it has no numbers'}"
        )


def attempt(
    model_type: str, bursts: "Bursts", side: np.ndarray, seed: int, numbers: dict[str, Any],
    heard: "Callable[[Epoch], bool]", features: np.ndarray | None = None,
) -> Tried:  # fmt: skip
    """Fit a model on the training side, and let it speak of every burst. features: as `features_for`."""
    from battery_assets.learning.signals.classical import rule, rule_labels
    from battery_assets.learning.signals.curves import end_drop

    if model_type == "end_drop":
        return Tried(end_drop(bursts.for_networks().volts))
    if model_type == "rule_labels":
        return Tried(rule_labels(bursts), plain=True)
    if model_type in ("rule", "rule_own"):
        return Tried(rule(bursts, own=model_type == "rule_own"), plain=True)
    if model_type in FORESTS:
        return _forest(model_type, bursts, side, seed, numbers, features)
    return _network(bursts, side, seed, numbers, heard)


def features_for(model_type: str, bursts: "Bursts") -> np.ndarray | None:
    """The numbers that a model reads of bursts; None for one that reads waveforms."""
    from battery_assets.learning.signals.bursts import features_of

    return features_of(bursts, FORESTS[model_type]) if model_type in FORESTS else None


def _forest(
    model_type: str, bursts: "Bursts", side: np.ndarray, seed: int, numbers: dict[str, Any],
    ready: np.ndarray | None,
) -> Tried:  # fmt: skip
    from battery_assets.learning.signals.classical import fit_forest
    from battery_assets.learning.signals.stored import save_forest

    kind, train = FORESTS[model_type], side == "train"
    features = features_for(model_type, bursts) if ready is None else ready
    assert features is not None
    forest = fit_forest(features[train], bursts.labels[train], seed, **numbers)
    return Tried(forest.predict(features), save=lambda folder: [save_forest(forest, kind, folder)])


def _network(
    bursts: "Bursts", side: np.ndarray, seed: int, numbers: dict[str, Any], heard: "Callable[[Epoch], bool]"
) -> Tried:
    from battery_assets.learning.signals.bursts import RIPPLE
    from battery_assets.learning.signals.convolution import fit, recipe_of
    from battery_assets.learning.signals.onnx_file import save_onnx
    from battery_assets.learning.signals.stored import save_network

    inputs = bursts.for_networks()
    train, valid = (inputs.only(np.flatnonzero(side == one)) for one in ("train", "val"))
    recipe = recipe_of({**numbers, "seed": seed, "centred": bursts.kind == RIPPLE})
    fitted = fit(train, valid, recipe, heard)
    return Tried(
        fitted.predict(inputs), best_epoch=fitted.best_epoch, epochs=fitted.epochs, stopped=fitted.stopped,
        save=lambda folder: list(filter(None, (save_network(fitted, folder), save_onnx(fitted, folder)))),
    )  # fmt: skip


def kept(tried: Tried, log: Callable[[Path, str], None]) -> dict[str, str]:
    """Keep a model's files as artifacts. Returns the checksum of each, by its path; the weights go first."""
    if tried.save is None:
        return {}
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in tried.save(Path(folder)):
            log(path, "model")
            files[f"model/{path.name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return files
