"""Every number that decides the training of a network on cycles."""

from dataclasses import dataclass, fields, replace
from typing import Any

ALGORITHMS = ("baseline", "bilstm", "deephpm")
FEATURES = tuple(f"feature_{k}" for k in range(1, 9))
TARGETS, DEVICES = ("both", "soh", "rul"), ("auto", "cpu", "cuda")
DYNAMICS, WEIGHTINGS = ("network", "verhulst", "scrambled"), ("sum", "adaptive")
LIFE_SCALES, SURROGATES = ("cycles", "ratio"), ("network", "trees")


@dataclass(frozen=True)
class Recipe:
    """What a run tries. Features are the columns of cycle_data; those that no cell has are left out.

    Features are medians of the last `smooth` cycles. `own_start` adds each less its mean over the first
    cycles of its own cell (0: none), `trend` (0: none) its change over so many cycles, `use_cycle` the
    cycle's number. `wear` adds logarithms of how far the cell has worn, how fast, what is left of a usual
    life. `see_health` adds the health measured so far, for remaining life alone. `life_scale` ratio learns
    the logarithm of cycles left over cycles had. `refit` trains anew on training and validation cells for as
    many epochs as were best. Baseline's `surrogate` is a network, or trees: `depth` and `shrinkage` of
    boosted ones, `leaf` rows in a leaf of randomised ones, which have the weight `randomised`.
    `window` cycles, `window_step` apart, are what bilstm sees of the past. `dynamics` and `weighting` are
    deephpm's. One thread gives equal bits in every run.
    """

    algorithm: str
    target: str = "both"
    features: tuple[str, ...] = FEATURES
    own_start: int = 10
    use_cycle: bool = True
    smooth: int = 1
    trend: int = 0
    see_health: bool = False
    wear: bool = False
    life_scale: str = "cycles"
    surrogate: str = "network"
    depth: int = 5
    shrinkage: float = 0.06
    leaf: int = 5
    randomised: float = 0.5
    width: int = 64
    layers: int = 3
    dropout: float = 0.0
    window: int = 16
    window_step: int = 4
    dynamics: str = "network"
    weighting: str = "adaptive"
    physics_weight: float = 0.1
    epochs: int = 60
    patience: int = 12
    rows_per_epoch: int = 8192
    rows_of_validation: int = 8192
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    clip: float = 1.0
    refit: bool = False
    seed: int = 7
    threads: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, allowed in (("algorithm", ALGORITHMS), ("target", TARGETS), ("device", DEVICES),
                              ("dynamics", DYNAMICS), ("weighting", WEIGHTINGS),
                              ("life_scale", LIFE_SCALES), ("surrogate", SURROGATES)):  # fmt: skip
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}: {getattr(self, name)!r} is none of {', '.join(allowed)}")
        for name in ("width", "layers", "window", "window_step", "epochs", "patience", "rows_per_epoch",
                     "rows_of_validation", "batch", "threads", "depth", "leaf", "smooth"):  # fmt: skip
            if type(getattr(self, name)) is not int or getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)!r}; at least 1 is needed")
        for name in ("learning_rate", "clip", "shrinkage"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: {getattr(self, name)!r} has to be above 0")
        for name in ("trend", "own_start"):
            if type(getattr(self, name)) is not int or getattr(self, name) < 0:
                raise ValueError(
                    f"{name}: {getattr(self, name)!r}; a number of cycles, or 0 for none, is needed"
                )
        if self.surrogate == "trees" and self.algorithm != "baseline":
            raise ValueError(f"surrogate: trees are those of baseline, not of {self.algorithm}")
        if not 0 <= self.randomised <= 1:
            raise ValueError(f"randomised: {self.randomised!r} is no share, 0 to 1")
        if self.wear and not self.own_start:
            raise ValueError("own_start: wear is counted from it; at least 1 cycle is needed")
        if self.see_health and self.target != "rul":
            raise ValueError(f"see_health: health is learned with target {self.target}; only rul may see it")
        strange = sorted(set(self.features) - set(FEATURES))
        if strange or not self.features:
            raise ValueError(f"features: {strange or 'none'}; they are of feature_1 to feature_8")

    @classmethod
    def of(cls, algorithm: str, stated: dict[str, Any]) -> "Recipe":
        """A recipe with what is given changed. Raises ValueError that names a term that is none."""
        strange = sorted(set(stated) - {one.name for one in fields(cls)} | ({"algorithm"} & set(stated)))
        if strange:
            raise ValueError(f"{strange[0]!r} is no term of a recipe")
        if "features" in stated:
            stated = {**stated, "features": tuple(stated["features"])}
        return replace(cls(algorithm), **stated)
