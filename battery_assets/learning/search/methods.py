"""How the next point of a search is chosen from what was seen: one function a method, no state of its own.

Bayesian is Optuna's, over a study that is rebuilt from the trials each time: the trials in the database are
the only truth, so that a killed worker loses nothing but its own trial. Optuna's pruners keep the rungs in
its storage, so hyperband is ours.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from battery_assets.errors import BadInput
from battery_assets.learning.search.space import Point, Space, drawn, grid

if TYPE_CHECKING:
    import optuna

METHODS = ("grid_search", "random_search", "bayesian", "hyperband")
# Random points before the model of a search speaks (Optuna's own default is 10).
STARTUP = 8
# Of those that reach a rung of hyperband one of so many goes on.
REDUCTION = 3


@dataclass(frozen=True)
class Seen:
    """A trial: number from 1, point, value (None: none yet), values by epoch, whether it was cut."""

    number: int
    point: Point
    value: float | None = None
    by_epoch: dict[int, float] = field(default_factory=dict)
    pruned: bool = False


def next_point(method: str, space: Space, trials: Sequence[Seen], number: int, seed: int) -> Point | None:
    """The point of a trial; None where a grid has no more. Larger values are better."""
    if method == "grid_search":
        points = grid(space)
        return points[number - 1] if number <= len(points) else None
    if method in ("random_search", "hyperband"):
        return drawn(space, np.random.default_rng([seed, number]))
    if method == "bayesian":
        return _asked(_study(trials, number, seed, space), space)
    raise BadInput(f"method {method!r}; next step: one of {', '.join(METHODS)}")


def is_cut(method: str, trials: Sequence[Seen], trial: Seen, epochs: int) -> bool:
    """Whether a trial is to end now: hyperband holds it against others of its bracket at the same epochs.

    Successive halving without waiting (arXiv 1810.05934), in the brackets of Hyperband (arXiv 1603.06560): at
    each rung a trial goes on where it is among the best third of those that came there. Trials take brackets
    in turn; a later bracket's first rung lies later, so that what begins slowly has a chance in one of them.
    """
    if method != "hyperband" or not trial.by_epoch:
        return False
    epoch, bracket = max(trial.by_epoch), _bracket(trial.number, epochs)
    if epoch not in _rungs(bracket, epochs):
        return False
    there = [
        one.by_epoch[epoch]
        for one in trials
        if one.number != trial.number and epoch in one.by_epoch and _bracket(one.number, epochs) == bracket
    ]
    above = sum(value > trial.by_epoch[epoch] for value in there)
    return above >= max((len(there) + 1) // REDUCTION, 1)


def _brackets(epochs: int) -> int:
    """How many brackets there are: one for each first rung under the whole length."""
    return max(int(math.log(max(epochs, 1), REDUCTION) + 1e-9), 1)


def _bracket(number: int, epochs: int) -> int:
    return (number - 1) % _brackets(epochs)


def _rungs(bracket: int, epochs: int) -> list[int]:
    """Epochs at which a bracket compares its trials."""
    return [REDUCTION**k for k in range(bracket, 32) if REDUCTION**k < epochs]


def _study(trials: Sequence[Seen], number: int, seed: int, space: Space) -> "optuna.Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.TPESampler(
            seed=seed + 7919 * number, multivariate=True, constant_liar=True, n_startup_trials=STARTUP
        )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    states = optuna.trial.TrialState
    for one in sorted(trials, key=lambda trial: trial.number):
        study.add_trial(_frozen(one, space, states.RUNNING if one.value is None else states.COMPLETE))
    return study


def _frozen(trial: Seen, space: Space, state: "optuna.trial.TrialState") -> "optuna.trial.FrozenTrial":
    import optuna

    running = state == optuna.trial.TrialState.RUNNING
    return optuna.trial.create_trial(
        params=_in_optuna(trial.point, space), distributions=_distributions(space), state=state,
        value=None if running else trial.value, intermediate_values=dict(trial.by_epoch),
    )  # fmt: skip


def _asked(study: "optuna.Study", space: Space) -> Point:
    trial = study.ask(_distributions(space))
    chosen = {name: trial.params[name] for name in sorted(space)}
    return {
        name: space[name]["choices"][int(value)] if "choices" in space[name] else value
        for name, value in chosen.items()
    }


def _distributions(space: Space) -> "dict[str, optuna.distributions.BaseDistribution]":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    distributions: dict[str, Any] = {}
    for name, term in space.items():
        if "choices" in term:
            distributions[name] = CategoricalDistribution(tuple(range(len(term["choices"]))))
        elif term.get("type") == "int":
            distributions[name] = IntDistribution(
                int(term["low"]), int(term["high"]), log=bool(term.get("log"))
            )
        else:
            distributions[name] = FloatDistribution(term["low"], term["high"], log=bool(term.get("log")))
    return distributions


def _in_optuna(point: Point, space: Space) -> dict[str, Any]:
    """A point as Optuna has it: choices by their place, so that a choice may be a list."""
    return {
        name: space[name]["choices"].index(value) if "choices" in space[name] else value
        for name, value in point.items()
    }
