"""Which bursts teach, which choose, which judge: by system, or, as a control, by burst."""

import numpy as np

from battery_assets.learning.signals.bursts import Bursts

SIDES = ("train", "val", "test")
SHARES = (0.6, 0.2, 0.2)
SPLITS = ("system", "window")


def sides(bursts: Bursts, split: str, seed: int) -> np.ndarray:
    """Side of each burst, (N,) of SIDES. Whole systems go to one side; of `window` each burst for itself.

    Sound references of a split by window take part like any other burst: that is the leak it shows.
    """
    if split not in SPLITS:
        raise ValueError(f"{split!r} is no split: {', '.join(SPLITS)}")
    rng = np.random.default_rng(seed)
    units = np.unique(bursts.group) if split == "system" else np.arange(len(bursts))
    mixed = rng.permutation(len(units))
    ends = np.maximum(np.round(np.cumsum(SHARES) * len(units)).astype(int), [1, 2, 3])
    of_unit = np.empty(len(units), dtype="<U5")
    for side, first, last in zip(SIDES, (0, *ends[:-1]), ends, strict=True):
        of_unit[mixed[first:last]] = side
    if split == "window":
        return of_unit
    return of_unit[np.searchsorted(units, bursts.group)]
