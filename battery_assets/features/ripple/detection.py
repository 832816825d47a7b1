"""What a string's own recorder would have seen: power to find a capacitor's loss in its own sound bursts.

The first line of the rectifier grows as its capacitor dries. A string's sound bursts say how much that line
wanders anyway; a loss is put on top of them by the network's own ratio at the string's impedance.
"""

from collections.abc import Sequence

import numpy as np

from battery_assets.errors import BadInput
from battery_assets.physics.rectifier import Bridge
from battery_assets.physics.ripple import Source, rectifier_lines, string_resistance_ohm

FALSE_ALARMS = 0.01
LOSSES, DAYS = (0.0, 0.05, 0.10, 0.15, 0.20, 0.35, 0.50), (1, 7, 30)
LEAST_BURSTS, DRAWS = 8, 20_000


def growth(losses: Sequence[float], pulses: int = 6, string_ohm: float | None = None) -> np.ndarray:
    """Factor by which the first line (6 or 12 times 50 Hz) grows with shares of capacitance lost."""
    ohm = string_resistance_ohm() if string_ohm is None else string_ohm
    lines = [np.abs(rectifier_lines(Bridge(pulses), Source().aged(x), 1.0, ohm).volts) for x in losses]
    sound = np.abs(rectifier_lines(Bridge(pulses), Source(), 1.0, ohm).volts)[pulses - 1]
    return np.array([line[pulses - 1] for line in lines]) / sound


def power(first: np.ndarray, grown: np.ndarray, days: Sequence[int] = DAYS, seed: int = 1) -> np.ndarray:
    """Probability (days, losses) that so many daily bursts show a loss, at 1 % false alarms.

    first: (N,) first lines of the string's own sound bursts, V; grown: (losses,) factors of `growth`. The
    mean of so many logarithms is held against the mean of N others, both drawn from what the string showed.
    Raises BadInput for fewer than eight bursts.
    """
    if len(first) < LEAST_BURSTS:
        raise BadInput(
            f"{len(first)} sound bursts, {LEAST_BURSTS} are needed to know how a line wanders; next step: "
            "record more days"
        )
    rng, logs = np.random.default_rng(seed), np.log(first)
    # A sample of N is narrower than what it was drawn from, by its own mean.
    spread = (logs - logs.mean()) * np.sqrt(len(logs) / (len(logs) - 1))
    own = rng.choice(spread, (DRAWS, len(logs))).mean(axis=1)
    powers = np.empty((len(days), len(grown)))
    for row, count in enumerate(days):
        null = rng.choice(spread, (DRAWS, count)).mean(axis=1) - own
        over = np.quantile(null, 1 - FALSE_ALARMS)
        fresh = rng.choice(spread, (DRAWS, count)).mean(axis=1) - rng.permutation(own)
        powers[row] = [(fresh + shift > over).mean() for shift in np.log(grown)]
    return powers
