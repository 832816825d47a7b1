"""Life of a cell from its first hundred cycles, by the change of its discharge curve.

Q(V) is the charge drawn down to each voltage. dQ(V) = Q at the end of the window less Q at its beginning.
Known answers: the variance model, log10 life on log10 var dQ, and the discharge model, an elastic net on its
moments and the capacity (Severson et al., Nat. Energy 4 (2019) 383). The published full model needs charge
times, temperatures and resistances too, which no Q(V) holds. Ours: the mean of three ridges of its root, and
partial least squares of it.

Impossible values are cleaned by one rule: a curve with a charge below -5 % or above 120 % of nominal counts
as not recorded, and the windows of cycles take medians of the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

EARLY, LATE = slice(4, 13), slice(89, 98)
ALLOWED = (-0.05, 1.20)
# Places of cycles 10 and 100 in a window that begins with cycle 2.
TENTH, HUNDREDTH = 8, 98
CURVE_POINTS, DIRECTIONS = 50, 4
PENALTIES = tuple((10.0 ** np.arange(-3.0, 3.5, 0.5)).tolist())
Features = Callable[[np.ndarray, float], np.ndarray]


@dataclass(frozen=True)
class Line:
    """A line of log10 life, or of the root of life, on standardised features."""

    mean: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    intercept: float
    root: bool = False

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Cycles of life (n,) for features (n, f)."""
        said = (features - self.mean) / self.spread @ self.weights + self.intercept
        return np.clip(said, 1.0, 1e3) ** 2 if self.root else 10.0 ** np.clip(said, 0.0, 6.0)


def variance(curves: np.ndarray, nominal_ah: float) -> np.ndarray:
    """log10 variance of Q100 - Q10, as published: nothing is cleaned (cells, 1)."""
    change = curves[:, :, HUNDREDTH] - curves[:, :, TENTH]
    return np.log10(np.var(change, axis=1))[:, None]


def discharge(curves: np.ndarray, nominal_ah: float) -> np.ndarray:
    """Moments of dQ, of medians of cycles, and the capacity: early, greatest beyond it (cells, 6)."""
    change, capacity = _change(curves, nominal_ah), _capacity(curves, nominal_ah)
    centred = change - change.mean(axis=1, keepdims=True)
    second = (centred**2).mean(axis=1)
    moments = [(centred**k).mean(axis=1) / second ** (k / 2) for k in (3, 4)]
    least = np.log10(np.abs(change.min(axis=1)) + 1e-9)
    first = np.nanmedian(capacity[:, :5], axis=1)
    most = np.nanmax(capacity, axis=1) - first
    return np.column_stack(
        [np.log10(second + 1e-12), least, *(np.log10(np.abs(one) + 1e-9) for one in moments), first, most]
    )


def twelve(curves: np.ndarray, nominal_ah: float) -> np.ndarray:
    """The six of `discharge` and six of how dQ and the capacity come about (cells, 12)."""
    change, capacity = _change(curves, nominal_ah), _capacity(curves, nominal_ah)
    whole = _filled(capacity)
    cycle = np.arange(whole.shape[1])
    fade = np.polyfit(cycle, whole.T, 1)
    late = np.polyfit(cycle[-30:], whole[:, -30:].T, 1)
    half = _change(curves, nominal_ah, late=slice(44, 53))
    return np.column_stack(
        [
            discharge(curves, nominal_ah), fade[0], fade[1], late[0], np.log10(change.var(axis=1) + 1e-12)
            - np.log10(half.var(axis=1) + 1e-12), change.mean(axis=1), np.argmin(change, axis=1) / 1000.0,
        ]
    )  # fmt: skip


def log_curve(curves: np.ndarray, nominal_ah: float) -> np.ndarray:
    """log10 |dQ(V)| at points that lie evenly over the voltage (cells, 50)."""
    change = _change(curves, nominal_ah)
    width = change.shape[1] // CURVE_POINTS
    means = change[:, : width * CURVE_POINTS].reshape(len(change), CURVE_POINTS, width).mean(axis=2)
    return np.log10(np.abs(means) + 1e-4)


OURS: tuple[Features, ...] = (discharge, twelve, log_curve)


def least_squares(features: np.ndarray, life: np.ndarray) -> Line:
    """The line of log10 life without any penalty."""
    from sklearn.linear_model import LinearRegression

    mean, spread = _scale(features)
    fitted = LinearRegression().fit((features - mean) / spread, np.log10(life))
    return Line(mean, spread, fitted.coef_, float(fitted.intercept_))


def ridge(features: np.ndarray, life: np.ndarray) -> tuple[Line, float]:
    """The line of the root of life, and its penalty, which leaving out each cell in turn chose.

    On the root the longest lives are not drawn out as they are by a logarithm.
    """
    from sklearn.linear_model import RidgeCV

    mean, spread = _scale(features)
    fitted = RidgeCV(alphas=PENALTIES).fit((features - mean) / spread, np.sqrt(life))
    return Line(mean, spread, fitted.coef_, float(fitted.intercept_), root=True), float(fitted.alpha_)


def elastic_net(features: np.ndarray, life: np.ndarray, seed: int = 7) -> Line:
    """The line of the published models: penalty and mixture chosen by cross-validation over cells."""
    from sklearn.linear_model import ElasticNetCV
    from sklearn.model_selection import KFold

    mean, spread = _scale(features)
    fitted = ElasticNetCV(
        l1_ratio=[0.01, 0.1, 0.5, 0.9, 1.0], alphas=np.logspace(-4, 0, 25), max_iter=20_000,
        cv=KFold(4, shuffle=True, random_state=seed),
    ).fit((features - mean) / spread, np.log10(life))  # fmt: skip
    return Line(mean, spread, fitted.coef_, float(fitted.intercept_))


def partial_least_squares(features: np.ndarray, life: np.ndarray) -> Line:
    """The line of the root of life along the four directions that go most with it."""
    from sklearn.cross_decomposition import PLSRegression

    mean, spread = _scale(features)
    fitted = PLSRegression(DIRECTIONS, scale=False).fit((features - mean) / spread, np.sqrt(life))
    return Line(mean, spread, fitted.coef_.ravel(), float(fitted.intercept_[0]), root=True)


@dataclass(frozen=True)
class Ours:
    """Three ridges with the penalty that was chosen for each, then partial least squares of the log curve."""

    penalties: tuple[float, ...]
    lines: tuple[Line, ...]
    nominal_ah: float

    def predict(self, curves: np.ndarray) -> np.ndarray:
        """Cycles of life (cells,), the mean of the four."""
        makers = (*OURS, log_curve)
        each = [line(make(curves, self.nominal_ah)) for line, make in zip(self.lines, makers, strict=True)]
        return np.mean(each, axis=0)


def fit_ours(curves: np.ndarray, life: np.ndarray, nominal_ah: float) -> Ours:
    """Curves (cells, voltages, cycles 2 to 100) and lives of training cells; nothing else is looked at."""
    fitted = [ridge(make(curves, nominal_ah), life) for make in OURS]
    last = partial_least_squares(log_curve(curves, nominal_ah), life)
    return Ours(tuple(one for _, one in fitted), (*(line for line, _ in fitted), last), nominal_ah)


def cross_validated(
    predict: Callable[[np.ndarray, np.ndarray], np.ndarray],
    cells: int,
    seed: int,
    folds: int = 8,
    times: int = 6,
) -> np.ndarray:
    """What `predict(train, held)` says of each held-out cell: (times, cells)."""
    from sklearn.model_selection import KFold

    off = np.empty((times, cells))
    for again in range(times):
        for train, held in KFold(folds, shuffle=True, random_state=seed + again).split(np.arange(cells)):
            off[again, held] = predict(train, held)
    return off


def errors(predicted: np.ndarray, life: np.ndarray) -> tuple[float, float]:
    """Root mean square error in cycles, and mean absolute error in percent."""
    off = predicted - life
    return float(np.sqrt(np.mean(off**2))), float(100.0 * np.mean(np.abs(off) / life))


def _scale(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of each feature (f,); a constant one has spread 1."""
    spread = features.std(axis=0)
    return features.mean(axis=0), np.where(spread > 1e-12, spread, 1.0)


def _cleaned(curves: np.ndarray, nominal_ah: float) -> np.ndarray:
    """The curves, NaN where one holds a charge that no such cell can have."""
    low, high = (share * nominal_ah for share in ALLOWED)
    impossible = (curves.min(axis=1) < low) | (curves.max(axis=1) > high)
    return np.where(impossible[:, None, :], np.nan, curves)


def _change(curves: np.ndarray, nominal_ah: float, late: slice = LATE) -> np.ndarray:
    sound = _cleaned(curves, nominal_ah)
    return np.nanmedian(sound[:, :, late], axis=2) - np.nanmedian(sound[:, :, EARLY], axis=2)


def _capacity(curves: np.ndarray, nominal_ah: float) -> np.ndarray:
    """Charge at the lowest voltage of each cycle (cells, cycles), NaN where not recorded."""
    return _cleaned(curves, nominal_ah)[:, -1, :]


def _filled(values: np.ndarray) -> np.ndarray:
    """Rows with their NaN replaced by the row's median."""
    return np.where(np.isfinite(values), values, np.nanmedian(values, axis=1, keepdims=True))
