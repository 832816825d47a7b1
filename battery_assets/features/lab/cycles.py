"""Where the cycles of a test begin, told from current, and from voltage behind a gap in the record.

A cycle is a charge and the discharge that follows it. Turning points of the charge that has flowed mark the
cycles: a point counts when the charge has moved away from it by a tenth of the nominal capacity, so pulses
of a power test and noise at rest make no cycles.
"""

import numpy as np

from battery_assets.features.lab.cycle_kernels import CHARGE, DISCHARGE, REST, lows

LEAST_SHARE = 0.10  # of the nominal capacity must flow before a change of direction is a turning point
REST_SHARE = 1 / 200  # currents under C/200 are rest: leakage, offset of the cycler
UNRECORDED_SHARE = 0.01  # of nominal: a gap in which more may have flowed can hide a charge or a discharge
TURNED_SHARE = 0.05  # of the test's voltages: a load that goes on does not raise its voltage by so much


def flows(current_a: np.ndarray, nominal_ah: float) -> np.ndarray:
    """CHARGE, REST or DISCHARGE (int8) for each current (A); what is not a number rests."""
    limit = nominal_ah * REST_SHARE
    way = np.where(current_a > limit, CHARGE, np.where(current_a < -limit, DISCHARGE, REST))
    return way.astype(np.int8)


def charge_flown_ah(time_s: np.ndarray, current_a: np.ndarray) -> np.ndarray:
    """Ah that have flowed in (+) or out (-) since the first row, by trapezia alone; shape of time_s.

    The reader of a record knows more: gaps, step times, counters. Its estimate is in the points.
    """
    current = np.nan_to_num(np.asarray(current_a, dtype=float))
    step = 0.5 * (current[1:] + current[:-1]) * np.diff(np.asarray(time_s, dtype=float)) / 3600.0
    return np.concatenate([[0.0], np.cumsum(step)])[: current.size]


def cycle_starts(
    time_s: np.ndarray,
    current_a: np.ndarray,
    nominal_ah: float,
    least_share: float = LEAST_SHARE,
    moved_ah: np.ndarray | None = None,
) -> np.ndarray:
    """Rows at which cycles begin, the first row always among them.

    time_s (n,) in s, not falling; current_a (n,) in A, positive charges; nominal_ah > 0; moved_ah (n,) the
    charge since the row before, where it is known better than by current and time. A test that begins
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
    flown = charge_flown_ah(time_s, current_a) if moved_ah is None else np.cumsum(moved_ah)
    valleys = lows(flown, nominal_ah * least_share)
    charges = flows(current_a, nominal_ah) == CHARGE
    charging = np.flatnonzero(charges)
    at = np.searchsorted(charging, _last_before_charge(flown, charges)[valleys] + 1)
    starts = charging[at[at < charging.size]]
    return np.unique(np.concatenate([[0], starts])).astype(np.int64)


def _last_before_charge(flown: np.ndarray, charges: np.ndarray) -> np.ndarray:
    """Of each row the last one up to it that charges not, or whose interval moved charge, (n,).

    A step's first rows can charge while the counter still stands at 0: they are of the new cycle.
    """
    marks = ~charges | (np.diff(flown, prepend=np.nan) != 0)
    return np.maximum.accumulate(np.where(marks, np.arange(flown.size), 0))


def hidden_starts(
    current_a: np.ndarray, voltage_v: np.ndarray, open_ah: np.ndarray, nominal_ah: float
) -> np.ndarray:
    """Rows at which a cycle begins behind a gap that hides the other direction, of arrays (n,).

    A discharge on both sides of it whose voltage stands higher behind it was charged meanwhile; a charge on
    both sides whose voltage stands lower behind it was discharged.
    """
    gaps = np.flatnonzero(open_ah > UNRECORDED_SHARE * nominal_ah)
    largest = float(np.nanmax(np.abs(current_a), initial=0.0))
    # A single noisy row at rest is no charge: a tenth of the usual currents is asked for, C/50 at most.
    flow = flows(current_a, max(nominal_ah, min(4 * nominal_ah, 0.1 * largest / REST_SHARE)))
    going = np.flatnonzero((flow != REST) & np.isfinite(voltage_v))
    if not gaps.size or not going.size:
        return np.zeros(0, dtype=np.int64)
    span = TURNED_SHARE * float(np.nanmax(voltage_v) - np.nanmin(voltage_v))
    at = np.searchsorted(going, gaps)
    inside = (at > 0) & (at < going.size)
    gaps, last, following = gaps[inside], going[at[inside] - 1], going[at[inside]]
    turned = (voltage_v[last] - voltage_v[following]) * flow[following] > span
    hidden = (flow[last] == flow[following]) & turned
    return np.where(flow[following] == CHARGE, following, gaps)[hidden].astype(np.int64)


def cycle_of_rows(starts: np.ndarray, rows: int) -> np.ndarray:
    """Number of the cycle, from 0, that each of so many rows belongs to."""
    marks = np.zeros(rows, dtype=np.int64)
    marks[starts[1:]] = 1
    return np.cumsum(marks)
