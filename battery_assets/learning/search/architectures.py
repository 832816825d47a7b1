"""Small convolutional networks for a gateway: what may vary, what a network costs, which one to try next.

A network is a chain: stages (width, kernel, stride, separable by channel first), then a pool over time. Its
canonical form is JSON with sorted keys, so that what computes alike has one checksum.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from battery_assets.errors import BadInput
from battery_assets.learning.search.space import checksum
from battery_assets.learning.signals.bursts import CLASSES
from battery_assets.learning.signals.convolution import Stage
from battery_assets.learning.signals.onnx_file import file_bytes

Architecture = dict[str, Any]
ALGORITHMS = ("random", "evolution")
# A gateway's limits: weights, operations for a burst, bytes of its ONNX file.
SPACE: dict[str, Any] = {
    "stages": [2, 3, 4], "width": [8, 16, 32], "kernel": [7, 15, 31], "stride": [2, 4],
    "separable": [False, True], "pool": ["mean", "max", "both"],
    "most_parameters": 20_000, "most_flops": 5_000_000, "most_bytes": 100_000,
}  # fmt: skip
LIMITS = ("most_parameters", "most_flops", "most_bytes")


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


CHOICES: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("stages", "width", "kernel", "stride"), _whole),
    "separable": lambda value: isinstance(value, bool),
    "pool": lambda value: value in ("mean", "max", "both"),
}
# Evolution: so many at random first; the best of a few of the youngest has a child (arXiv 1802.01548).
POPULATION, TOURNAMENT = 6, 3
TRIES = 500


def checked(space: dict[str, Any], classes: int = len(CLASSES)) -> dict[str, Any]:
    """A space with what it does not say taken from ours. Raises BadInput for one without a network."""
    if unknown := sorted(set(space) - set(SPACE)):
        raise BadInput(
            f"the space of networks has no {', '.join(unknown)}; next step: some of {', '.join(SPACE)}"
        )
    limits = {**SPACE, **space}
    for name, is_one in CHOICES.items():
        if not isinstance(limits[name], list) or not limits[name]:
            raise BadInput(f"{name} has no choices: there is no network to try; next step: give some")
        if wrong := [value for value in limits[name] if not is_one(value)]:
            raise BadInput(f"{name}: {wrong[0]!r}; next step: values such as {SPACE[name]}")
    for name in LIMITS:
        if not _whole(limits[name]):
            raise BadInput(f"{name} {limits[name]!r}; next step: a whole number above 0")
    if any(kernel % 2 == 0 for kernel in limits["kernel"]):
        raise BadInput("a kernel of an even number has no middle; next step: odd ones")
    smallest = Stage(
        min(limits["width"]), min(limits["kernel"]), max(limits["stride"]), bool(max(limits["separable"]))
    )
    least = {"stages": [asdict(smallest)] * min(limits["stages"]), "pool": limits["pool"][0]}
    if (weights := parameters(least, classes=classes)) > limits["most_parameters"]:
        raise BadInput(
            f"the smallest network has {weights} weights, {limits['most_parameters']} are allowed; "
            "next step: allow more, or narrower stages"
        )
    return limits


def parameters(one: Architecture, channels: int = 2, classes: int = len(CLASSES)) -> int:
    """Weights of a network, those of its batch norms included."""
    total = 0
    for stage in one["stages"]:
        width, kernel = stage["width"], stage["kernel"]
        by_stage = channels * (kernel + width) if stage["separable"] else channels * width * kernel
        total += by_stage + 2 * width
        channels = width
    return total + channels * (2 if one["pool"] == "both" else 1) * classes + classes


def flops(one: Architecture, samples: int, channels: int = 2, classes: int = len(CLASSES)) -> int:
    """Twice the multiplications of convolutions and the head for one burst of so many samples."""
    total = 0
    for stage in one["stages"]:
        width, kernel = stage["width"], stage["kernel"]
        samples = (samples - 1) // stage["stride"] + 1
        by_sample = channels * (kernel + width) if stage["separable"] else channels * width * kernel
        total += 2 * by_sample * samples
        channels = width
    return total + 2 * channels * (2 if one["pool"] == "both" else 1) * classes


def receptive_field(one: Architecture) -> int:
    """Samples that one place of the last stage sees."""
    field, step = 1, 1
    for stage in one["stages"]:
        field += (stage["kernel"] - 1) * step
        step *= stage["stride"]
    return field


def canonical(one: Architecture) -> str:
    """Checksum of a network's canonical form."""
    return checksum({"stages": [dict(stage) for stage in one["stages"]], "pool": one["pool"]})


def next_architecture(
    algorithm: str, space: dict[str, Any], trials: Sequence[tuple[Architecture, float]],
    number: int, seed: int, samples: int, classes: int = len(CLASSES),
) -> Architecture | None:  # fmt: skip
    """A network that was not tried; None where so many draws found none. trials: networks, values."""
    if algorithm not in ALGORITHMS:
        raise BadInput(f"search_algorithm {algorithm!r}; next step: one of {', '.join(ALGORITHMS)}")
    rng = np.random.default_rng([seed, number])
    tried = {canonical(one) for one, _ in trials}
    for _ in range(TRIES):
        if algorithm == "evolution" and len(trials) >= POPULATION:
            youngest = list(trials)[-2 * POPULATION :]
            chosen = rng.choice(len(youngest), size=min(TOURNAMENT, len(youngest)), replace=False)
            one = _changed(max((youngest[k] for k in chosen), key=lambda scored: scored[1])[0], space, rng)
        else:
            one = _drawn(space, rng)
        if canonical(one) not in tried and _fits(one, space, samples, classes):
            return one
    return None


def _fits(one: Architecture, space: dict[str, Any], samples: int, classes: int) -> bool:
    """Whether a gateway can hold a network, and compute it."""
    weights, work = parameters(one, classes=classes), flops(one, samples, classes=classes)
    small = weights <= space["most_parameters"] and work <= space["most_flops"]
    return small and file_bytes(one, classes) <= space.get("most_bytes", SPACE["most_bytes"])


def _drawn(space: dict[str, Any], rng: np.random.Generator) -> Architecture:
    stages = [_stage(space, rng) for _ in range(int(_one_of(space["stages"], rng)))]
    return {"stages": stages, "pool": _one_of(space["pool"], rng)}


def _stage(space: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    return {name: _one_of(space[name], rng) for name in ("width", "kernel", "stride", "separable")}


def _one_of(values: Sequence[Any], rng: np.random.Generator) -> Any:
    return values[int(rng.integers(len(values)))]


def _changed(one: Architecture, space: dict[str, Any], rng: np.random.Generator) -> Architecture:
    """The same network with one thing drawn anew: a stage's number, a stage more or less, or the pool."""
    stages = [dict(stage) for stage in one["stages"]]
    what = int(rng.integers(6))
    if what == 0:
        return {"stages": stages, "pool": _one_of(space["pool"], rng)}
    if what == 1 and len(stages) < max(space["stages"]):
        stages.insert(int(rng.integers(len(stages) + 1)), _stage(space, rng))
    elif what == 2 and len(stages) > min(space["stages"]):
        stages.pop(int(rng.integers(len(stages))))
    else:
        name = _one_of(("width", "kernel", "stride", "separable"), rng)
        stages[int(rng.integers(len(stages)))][name] = _one_of(space[name], rng)
    return {"stages": stages, "pool": one["pool"]}
