"""How much a split by window flatters: the leak certificate of a dataset.

The same forest is judged on systems that it never saw, and on bursts of systems that it did. What the second
adds is no skill: it is what the bursts of a system share. Five folds, so that every burst is judged once.
"""

import numpy as np

from battery_assets.learning.signals.bursts import RIPPLE, Bursts, features_of
from battery_assets.learning.signals.classical import fit_forest
from battery_assets.learning.signals.scores import score
from battery_assets.learning.signals.split import SPLITS

# Raw features, and those against the own reference.
KINDS, OF_CURVES = ("moments", "own_lines"), ("curve", "own_curve")
FOLDS, TREES, SEED = 5, 40, 1


def leak(bursts: Bursts) -> dict[str, float]:
    """Points by which the split by window is better: of bursts with every label right, and of AUROC.

    By kind of features: `moments_exact_points`, ...; what the bursts cannot tell is left out, such as sound
    ones where all of them are references. Raises BadInput for what is unfit.
    """
    bursts.refuse_unfit()
    inflation: dict[str, float] = {}
    for kind in KINDS if bursts.kind == RIPPLE else OF_CURVES:
        features = features_of(bursts, kind)
        scores = {split: _judged(bursts, features, split) for split in SPLITS}
        for name in ("exact", "macro_auroc", "sound_called_sound"):
            inflation[f"{kind}_{name}_by_system"] = scores["system"][name]
            inflation[f"{kind}_{name}_points"] = 100 * (scores["window"][name] - scores["system"][name])
    return {name: value for name, value in inflation.items() if np.isfinite(value)}


def _judged(bursts: Bursts, features: np.ndarray, split: str) -> dict[str, float]:
    """Scores of every burst, each by a forest that was fitted without its fold."""
    _, unit = np.unique(bursts.group, return_inverse=True)
    unit = unit if split == "system" else np.arange(len(bursts))
    fold = np.random.default_rng(SEED).permutation(int(unit.max()) + 1)[unit] % FOLDS
    said = np.empty(bursts.labels.shape)
    for one in range(FOLDS):
        forest = fit_forest(features[fold != one], bursts.labels[fold != one], SEED, TREES)
        said[fold == one] = forest.predict(features[fold == one])
    return score(bursts, said, said > 0.5)
