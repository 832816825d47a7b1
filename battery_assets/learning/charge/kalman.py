"""The peer of the sequence model: a Kalman filter whose cell is identified on the same training cells."""

import numpy as np

from battery_assets.learning.charge.series import Series
from battery_assets.physics.charge_filter import Circuit, counted, filtered, identified

# Noise of the voltage model that is tried, beside that of the fit itself: the training cells choose.
NOISES_V = (0.005, 0.01, 0.02, 0.04, 0.08)
MOST_ROWS = 20_000


def peer(train: Series) -> Circuit:
    """Curve, resistances and noise from cells of known charge; resistances are of a nominal capacity of 1 Ah.

    The noise is the one with which the filter errs least on these cells.
    """
    places = np.flatnonzero(np.isfinite(train.soc))
    if places.size < 50:
        raise ValueError(f"{places.size} rows of known charge: a filter needs 50; next step: more tests")
    some = np.isin(train.piece, _some_pieces(train.piece))
    circuit = identified(
        train.voltage_v[some], train.rate[some], train.moved[some], train.soc[some], train.step_s,
        train.first[some],
    )  # fmt: skip
    tried = [circuit._replace(noise_v=noise) for noise in (circuit.noise_v, *NOISES_V)]
    truth, shares = train.soc[places], train.shares[places]
    errors = [np.average((kalman(train, one)[places] - truth) ** 2, weights=shares) for one in tried]
    return tried[int(np.argmin(errors))]


def _some_pieces(piece: np.ndarray) -> np.ndarray:
    """Pieces drawn until they have enough rows to identify a cell; all of them where they are few."""
    drawn = np.random.default_rng(7).permutation(np.unique(piece))
    rows = np.cumsum(np.bincount(piece)[drawn])
    return drawn[: int(np.searchsorted(rows, MOST_ROWS)) + 1]


def kalman(series: Series, circuit: Circuit) -> np.ndarray:
    """Charge as a share (n,) by the filter."""
    return np.asarray(filtered(*_inputs(series), series.step_s, series.first, circuit))


def counting(series: Series, circuit: Circuit) -> np.ndarray:
    """Charge as a share (n,) by counting from the voltage of each piece's first row."""
    return np.asarray(counted(*_inputs(series), series.first, circuit))


def _inputs(series: Series) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Everything per ampere-hour of nominal capacity, so that cells of other sizes are alike."""
    return series.voltage_v, series.rate, series.moved, series.capacity
