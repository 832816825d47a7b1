"""What a search may vary, and points of it.

A space is a document: name -> {"choices": [...]} or {"low": a, "high": b, "type": "int"|"float", "log": true,
"steps": n}. Steps are what a grid takes of a range; other methods draw from all of it.
"""

import hashlib
import itertools
import json
import math
from typing import Any

import numpy as np

from battery_assets.errors import BadInput

Space = dict[str, dict[str, Any]]
Point = dict[str, Any]
MOST_POINTS = 100_000


def checked(space: Space) -> Space:
    """The space, where it can be searched. Raises BadInput, with the name of the term, where it cannot."""
    if not space:
        raise BadInput("the search space has no term: there is no point to try; next step: give one")
    for name, term in space.items():
        choices = term.get("choices")
        if choices is not None:
            if not isinstance(choices, list) or not choices:
                raise BadInput(f"{name} has no choices; next step: give a list of one at least")
            continue
        low, high = term.get("low"), term.get("high")
        numbers = [one for one in (low, high) if isinstance(one, int | float) and math.isfinite(one)]
        if len(numbers) < 2 or numbers[0] > numbers[1]:
            raise BadInput(f"{name} goes from {low} to {high}; next step: give low and high, or choices")
        if term.get("log") and numbers[0] <= 0:
            raise BadInput(f"{name} begins at {low}, on a logarithmic scale; next step: begin above 0")
        if term.get("type", "float") not in ("int", "float"):
            raise BadInput(f"{name} is of type {term['type']!r}; next step: int or float")
    return space


def grid(space: Space) -> list[Point]:
    """Every point of the grid, each once. Raises BadInput for more than 100,000."""
    axes = [[(name, value) for value in _values(name, term)] for name, term in sorted(space.items())]
    count = math.prod(len(axis) for axis in axes)
    if count > MOST_POINTS:
        raise BadInput(f"a grid of {count} points; next step: fewer steps, or random_search")
    points = [dict(point) for point in itertools.product(*axes)]
    return list({checksum(point): point for point in points}.values())


def _values(name: str, term: dict[str, Any]) -> list[Any]:
    if "choices" in term:
        return list(term["choices"])
    steps = term.get("steps")
    if not isinstance(steps, int) or steps < 1:
        raise BadInput(f"{name} has no steps: a grid needs them; next step: give steps, or choices")
    scale = np.geomspace if term.get("log") else np.linspace
    return [_typed(value, term) for value in scale(term["low"], term["high"], steps)]


def drawn(space: Space, rng: np.random.Generator) -> Point:
    """A point drawn from all of the space, terms independent of each other."""
    return {name: _drawn(term, rng) for name, term in sorted(space.items())}


def _drawn(term: dict[str, Any], rng: np.random.Generator) -> Any:
    if "choices" in term:
        return term["choices"][int(rng.integers(len(term["choices"])))]
    low, high = float(term["low"]), float(term["high"])
    # Each whole number is as likely as the next one, the ends included.
    if term.get("type") == "int" and not term.get("log"):
        return int(rng.integers(int(low), int(high) + 1))
    value = (
        math.exp(rng.uniform(math.log(low), math.log(high))) if term.get("log") else rng.uniform(low, high)
    )
    return _typed(value, term)


def _typed(value: float, term: dict[str, Any]) -> Any:
    return round(float(value)) if term.get("type") == "int" else float(value)


def checksum(point: Any) -> str:
    """One checksum for points that are the same, whatever the order of their terms."""
    return hashlib.sha256(json.dumps(point, sort_keys=True).encode()).hexdigest()
