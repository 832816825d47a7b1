"""Which discharges show a capacity: from full to the cut-off, with nothing unrecorded between.

An outage, a recording that stops or has a gap, and a start from half charge all leave a discharge that drew
less than the cell holds; taken for its capacity it ends a life that has not ended.
"""

from typing import NamedTuple

import numpy as np

NOT_TO_CUTOFF, NOT_FROM_FULL, NOT_RECORDED = "not to the cut-off", "not from full", "not recorded"
# Of nominal: so much may have flowed unrecorded before a capacity is no longer known to 1 %.
OPEN_SHARE = 0.01
CHARGED_SHARE = 0.01
# A discharge has reached a voltage that its next sample would have passed, or that noise hides.
NEXT_SAMPLES, NOISE_SHARE = 1.5, 0.005
# Of the voltage between the usual start and the usual end: what a full cell's start may differ by.
FULL_SHARE = 0.10
WINDOW = 10
# A first discharge that draws less than this share of what the next charge returns began half charged.
RETURNED, RETURNED_ALONE = 0.95, 0.80
LEAST_OTHERS = 3


class Seen(NamedTuple):
    """What each cycle showed, (cycles,) each: the kernel's ENDS, charge put in and charge drawn, Ah."""

    start_v: np.ndarray
    end_v: np.ndarray
    end_drop_v: np.ndarray
    open_discharge_ah: np.ndarray
    open_charge_ah: np.ndarray
    top_v: np.ndarray
    charged_ah: np.ndarray
    drawn_ah: np.ndarray


def no_capacity(
    cycles: Seen, nominal_ah: float, cutoff_v: float | None, usual_end: bool = False
) -> list[str | None]:
    """Why each cycle has no capacity; None where its discharge shows one, or where it has no discharge.

    A discharge is held against the cycles up to its own. Only one that no charge precedes is held against
    later ones too: the cell's charge at its start shows in what the next charge returns.
    """
    # Noise at rest charges no cell.
    charged = np.nan_to_num(cycles.charged_ah) > CHARGED_SHARE * nominal_ah
    cycles = cycles._replace(
        charged_ah=np.where(charged, cycles.charged_ah, np.nan), top_v=np.where(charged, cycles.top_v, np.nan)
    )
    reached = reached_cutoff(cycles, None if usual_end else cutoff_v)
    full = began_full(cycles, reached)
    recorded = cycles.open_discharge_ah <= OPEN_SHARE * nominal_ah
    why: list[str | None] = []
    for c in range(cycles.drawn_ah.size):
        if not np.isfinite(cycles.drawn_ah[c]):
            why.append(None)
        elif not recorded[c]:
            why.append(NOT_RECORDED)
        elif not reached[c]:
            why.append(NOT_TO_CUTOFF)
        else:
            why.append(None if full[c] else NOT_FROM_FULL)
    return why


def reached_cutoff(cycles: Seen, cutoff_v: float | None) -> np.ndarray:
    """Whether each discharge (n,) went to the cut-off; without one, to where those before it usually went.

    A test whose discharges all end a little above the stated cut-off has one of its own there.
    """
    ends = cycles.end_v
    allowed = np.maximum(NEXT_SAMPLES * np.nan_to_num(cycles.end_drop_v), NOISE_SHARE * np.abs(ends))
    with np.errstate(invalid="ignore"):
        if cutoff_v is None:
            return _as_usual(-ends, allowed)
        own = _median(ends)
        near = cutoff_v + FULL_SHARE * max(_median(cycles.start_v) - cutoff_v, 0.0)
        return ~(ends - allowed > (own if own <= near else cutoff_v))


def began_full(cycles: Seen, reached: np.ndarray) -> np.ndarray:
    """Whether each discharge (n,) began with a full cell, as far as the test shows it."""
    full = np.ones(cycles.end_v.size, bool)
    charged = np.isfinite(cycles.charged_ah)
    span = np.maximum(_usual(cycles.top_v) - _usual(cycles.end_v), 0.0)
    full[charged] = _as_usual(cycles.top_v, FULL_SHARE * span)[charged]
    for c in np.flatnonzero(~charged & np.isfinite(cycles.drawn_ah)):
        full[c] = _start_is_usual(cycles, int(c)) and _was_returned(cycles, reached, int(c))
    return full


def _usual(values: np.ndarray) -> np.ndarray:
    """Median of the last known ones up to each of (n,); NaN before the first."""
    out = np.full(values.size, np.nan)
    for place in range(values.size):
        window = values[max(0, place + 1 - WINDOW) : place + 1]
        window = window[np.isfinite(window)]
        if window.size:
            out[place] = np.median(window)
    return out


def _as_usual(values: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Whether each of (n,) is within `allowed` of the usual one, or above it; what is not known is.

    Usual is the median of those that were as usual, once there are three: many half cycles in a row do not
    become the usual ones, and a first one of another protocol does not stay it.
    """
    usual, trailing = np.ones(values.size, bool), _usual(values)
    held: list[float] = []
    for place in np.flatnonzero(np.isfinite(values)):
        value = float(values[place])
        middle = np.median([*held[1 - WINDOW :], value]) if len(held) >= LEAST_OTHERS else trailing[place]
        usual[place] = not value < middle - allowed[place]
        if usual[place]:
            held.append(value)
    return usual


def _median(values: np.ndarray) -> float:
    """Of what is known; NaN of nothing."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else np.nan


def _start_is_usual(ends: Seen, cycle: int) -> bool:
    """Whether a discharge that no charge precedes began at the voltage at which the test's usually begin."""
    others = np.delete(ends.start_v, cycle)
    others = others[np.isfinite(others)][: max(cycle, 0) + WINDOW]
    if not others.size:
        return True
    usual, end = float(np.median(others)), _median(ends.end_v)
    return bool(ends.start_v[cycle] >= usual - FULL_SHARE * max(usual - end, 0.0))


def _was_returned(ends: Seen, reached: np.ndarray, cycle: int) -> bool:
    """Whether the charge that follows returned what this discharge drew, no more, as in other cycles."""
    if cycle + 1 >= ends.drawn_ah.size or not np.isfinite(ends.charged_ah[cycle + 1]):
        return True
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = ends.drawn_ah[:-1] / ends.charged_ah[1:]
    others = reached[:-1] & np.isfinite(ratio)
    others[cycle] = False
    least = RETURNED * np.median(ratio[others]) if others.sum() >= LEAST_OTHERS else RETURNED_ALONE
    return bool(ratio[cycle] >= least)
