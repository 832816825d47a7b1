"""How well a classifier of several labels does, told by system, and never at a threshold of the test side."""

from dataclasses import dataclass, replace

import numpy as np

from battery_assets.learning.signals.bursts import CLASSES, DISCHARGES, RIPPLE, Bursts

FALSE_ALARMS = 0.01
REPEATS = 400
INTERVAL = (0.05, 0.95)


@dataclass(frozen=True)
class Judged:
    """overall: scores by name. interval: of each, 5 and 95 % over systems drawn again (bootstrap)."""

    overall: dict[str, float]
    interval: dict[str, tuple[float, float]]


def auroc(said: np.ndarray, true: np.ndarray) -> float:
    """Probability that a positive has the higher score, ties half; NaN where one side is empty."""
    positive = int(true.sum())
    if positive in (0, len(true)):
        return float("nan")
    _, inverse, counts = np.unique(said, return_inverse=True, return_counts=True)
    rank = np.cumsum(counts) - (counts - 1) / 2
    above = rank[inverse][true].sum() - positive * (positive + 1) / 2
    return float(above / positive / (len(true) - positive))


def thresholds(said: np.ndarray, sound: np.ndarray, classes: int = len(CLASSES)) -> np.ndarray:
    """Score (4,) over which a fault is called, so that of a side's sound bursts 1 % are called anything.

    said: (N, 4). The share is one for all classes together: each gets an equal part of it.
    """
    of_sound = np.sort(said[sound], axis=0)
    if not len(of_sound):
        return np.full(classes, np.inf)
    part = FALSE_ALARMS / classes
    place = np.minimum(np.ceil((1 - part) * (len(of_sound) - 1)).astype(int), len(of_sound) - 1)
    limits: np.ndarray = of_sound[place]
    return limits


def judge(bursts: Bursts, said: np.ndarray, called: np.ndarray, seed: int = 0) -> Judged:
    """Scores of bursts (not references) that were not learned from, with intervals over their systems.

    said: (N, 4) scores; called: (N, 4) which faults are named at a threshold of another side.
    """
    bursts, said, called = _without_references(bursts, said, called)
    units = np.unique(bursts.group)
    places = [np.flatnonzero(bursts.group == unit) for unit in units]
    whole = _scores(bursts, said, called)
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in whole}
    for _ in range(REPEATS):
        rows = np.concatenate([places[k] for k in rng.integers(len(units), size=len(units))])
        for name, value in _scores(bursts.only(rows), said[rows], called[rows]).items():
            drawn[name].append(value)
    interval = {
        name: tuple(float(x) for x in np.nanquantile(values, INTERVAL))
        if np.isfinite(values).any() else (float("nan"),) * 2
        for name, values in drawn.items()
    }  # fmt: skip
    return Judged(whole, interval)  # type: ignore[arg-type]


def score(bursts: Bursts, said: np.ndarray, called: np.ndarray) -> dict[str, float]:
    """Scores of bursts without their intervals; as `judge`."""
    return _scores(*_without_references(bursts, said, called))


def _without_references(bursts: Bursts, said: np.ndarray, called: np.ndarray):
    """Labels and what was said of them; without waveforms, which a bootstrap would copy at each draw."""
    shown = ~bursts.reference
    light = replace(bursts, volts=bursts.volts[:, :0], amps=bursts.amps[:, :0])
    return light.only(np.flatnonzero(shown)), said[shown], called[shown]


def _scores(bursts: Bursts, said: np.ndarray, called: np.ndarray) -> dict[str, float]:
    sound = bursts.sound
    each = {kind: auroc(said[:, k], bursts.labels[:, k]) for k, kind in enumerate(bursts.classes)}
    finite = [value for value in each.values() if np.isfinite(value)]
    alone = bursts.labels.sum(axis=1) == 1
    scores = {
        "macro_auroc": float(np.mean(finite)) if finite else float("nan"),
        "sound_called_sound": _share(~called[sound].any(axis=1)),
        **{f"auroc_{kind}": value for kind, value in each.items()},
        **{
            f"recall_{kind}": _share(called[alone & bursts.labels[:, k], k])
            for k, kind in enumerate(bursts.classes)
        },
        "exact": _share((called == bursts.labels).all(axis=1)),
    }
    if bursts.kind == DISCHARGES:
        scores["jar_named"] = _named(bursts, said[:, 0])
    if bursts.kind != RIPPLE:
        return scores
    scores["both_named"] = _share(_both(bursts.labels, called))
    for low, high in ((0.05, 0.15), (0.15, 0.35), (0.35, 0.7), (0.7, 1.0)):
        lost = alone & bursts.labels[:, 0] & (bursts.loss >= low) & (bursts.loss < high)
        scores[f"recall_capacitor_{round(100 * low)}_{round(100 * high)}"] = _share(called[lost, 0])
    return scores


def _named(bursts: Bursts, said: np.ndarray) -> float:
    """Share of discharges whose ending jar has the highest score of its string; ties count in parts."""
    _, own = np.unique(bursts.own, return_inverse=True)
    top = np.full(own.max() + 1 if len(own) else 0, -np.inf)
    np.maximum.at(top, own, said)
    first, true = said >= top[own], bursts.labels[:, 0]
    # A bootstrap that draws a string twice has its jars twice, the ending one too.
    drawn = np.maximum(np.bincount(own[true], minlength=len(top)), 1)
    ties = np.bincount(own[first], minlength=len(top)) / drawn
    return _share((first / ties[own])[true])


def _both(labels: np.ndarray, called: np.ndarray) -> np.ndarray:
    """Of bursts with two faults, whether both are named."""
    two = labels.sum(axis=1) > 1
    return (called | ~labels)[two].all(axis=1)


def _share(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
