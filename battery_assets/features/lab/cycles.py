"""Where the cycles of a test begin, told from current alone.

A cycle is a charge and the discharge that follows it. Turning points of the charge that has flowed mark the
cycles: a point counts when the charge has moved away from it by a tenth of the nominal capacity, so pulses
of a power test and noise at rest make no cycles.
"""

import numpy as np

from battery_assets.features.lab.cycle_kernels import CHARGE, DISCHARGE, REST, lows

LEAST_SHARE = 0.10  # of the nominal capacity must flow before a change of direction is a turning point
REST_SHARE = 1 / 200  # currents under C/200 are rest: leakage, offset of the cycler


def flows(current_a: np.ndarray, nominal_ah: float) -> np.ndarray:
    """CHARGE, REST or DISCHARGE (int8) for each current (A); what is not a number rests."""
    limit = nominal_ah * REST_SHARE
    way = np.where(current_a > limit, CHARGE, np.where(current_a < -limit, DISCHARGE, REST))
    return way.astype(np.int8)


def charge_flown_ah(time_s: np.ndarray, current_a: np.ndarray) -> np.ndarray:
    """Ah that have flowed in (+) or out (-) since the first row, by trapezoids; shape of time_s."""
    current = np.nan_to_num(np.asarray(current_a, dtype=float))
    step = 0.5 * (current[1:] + current[:-1]) * np.diff(np.asarray(time_s, dtype=float)) / 3600.0
    return np.concatenate([[0.0], np.cumsum(step)])


def cycle_starts(
    time_s: np.ndarray, current_a: np.ndarray, nominal_ah: float, least_share: float = LEAST_SHARE
) -> np.ndarray:
    """Rows at which cycles begin, the first row always among them.

    time_s (n,) in s, not falling; current_a (n,) in A, positive charges; nominal_ah > 0. A test that begins
    with a discharge has a first cycle without charge. Rest after a discharge belongs to the cycle before.
    Raises ValueError on times that fall or a nominal capacity that is not positive.
    """
    time_s = np.asarray(time_s, dtype=float)
    if not nominal_ah > 0:
        raise ValueError(f"a nominal capacity is positive, got {nominal_ah} Ah: state that of the cell")
    if time_s.size == 0:
        return np.zeros(0, dtype=np.int64)
    if np.any(np.diff(time_s) < 0):
        row = int(np.argmax(np.diff(time_s) < 0)) + 1
        raise ValueError(f"time runs back at row {row}: from {time_s[row - 1]} s to {time_s[row]} s")
    valleys = lows(charge_flown_ah(time_s, current_a), nominal_ah * least_share)
    charging = np.flatnonzero(flows(current_a, nominal_ah) == CHARGE)
    at = np.searchsorted(charging, valleys + 1)
    starts = charging[at[at < charging.size]]
    return np.unique(np.concatenate([[0], starts])).astype(np.int64)


def cycle_of_rows(starts: np.ndarray, rows: int) -> np.ndarray:
    """Number of the cycle, from 0, that each of so many rows belongs to."""
    marks = np.zeros(rows, dtype=np.int64)
    marks[starts[1:]] = 1
    return np.cumsum(marks)
