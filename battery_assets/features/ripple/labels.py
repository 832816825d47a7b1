"""Every fault that a burst shows, not the gravest alone: a set of labels for each, with how grave each is.

A dry capacitor lets the first line grow, and 100 Hz less than that. So a low phase beside it reads too small
in V100/V_f1: the ratio is read at the loss that the first line's growth says. Conduction that a diode or a
phase interrupts follows another law; where one is found, nothing else is said.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from battery_assets.features.ripple import diagnosis
from battery_assets.features.ripple.diagnosis import Signature, Usual
from battery_assets.features.ripple.spectrum import MAINS_HZ
from battery_assets.physics.rectifier import Bridge
from battery_assets.physics.ripple import Source, rectifier_lines, string_resistance_ohm

# The gravest first: what must be repaired before anything else.
FAULTS = ("lost_phase", "open_diode", "capacitor_loss", "unbalance")
# One sound burst in 400 lies above 2.8 deviations, in 170 where twenty tell the spread. A whole week is
# judged by its mean: above 2.5 lies one of a hundred sound ones.
DEVIATIONS, OF_WEEK, WEEK_DAYS, LEAST_SPREAD = 2.8, 2.5, 7, 0.02
LOSSES, LOWS = np.linspace(0.0, 1.0, 26), np.linspace(0.0, 0.2, 21)


@dataclass(frozen=True)
class Labels:
    """Of K bursts: which of FAULTS each shows (K, 4), shares of capacitance lost and of a phase low (K,)."""

    shown: np.ndarray
    lost: np.ndarray
    low: np.ndarray

    def gravest(self) -> np.ndarray:
        """The gravest fault of each, `healthy` where there is none."""
        first = np.argmax(self.shown, axis=1)
        return np.where(self.shown.any(axis=1), np.array(FAULTS, dtype=object)[first], "healthy")


def labelled(windows: Signature, usual: Usual, days: np.ndarray | float = 1.0) -> Labels:
    """The faults of K bursts, against what their strings usually show (NaN: unknown).

    Where the spread of a string's own windows is known, a capacitor's loss is found where the first line grew
    beyond it; `first_share` may be the mean of so many days. On discharge the bridge's faults alone are told.
    """
    count = len(windows.crest)
    shown, lost, low = np.zeros((count, len(FAULTS)), bool), np.zeros(count), np.zeros(count)
    for pulses in diagnosis.PHASE_RATIO:
        mine = windows.first_hz == pulses * MAINS_HZ
        gone, has_lost = diagnosis.lost(windows, usual, pulses)
        has_lost = _grown(windows, usual, days, has_lost)
        lacks = _low(np.nan_to_num(windows.v100), np.nan_to_num(gone), pulses)
        lost[mine], low[mine] = gone[mine], lacks[mine]
        shown[mine, 2], shown[mine, 3] = has_lost[mine], lacks[mine] >= diagnosis.UNBALANCE_FOUND
    shown[:, :2] = bridge_faults(windows)
    shown[shown[:, :2].any(axis=1), 2:] = False
    shown[windows.dc_a < diagnosis.DISCHARGE_A, 2:] = False
    return Labels(shown, np.where(shown[:, 2], lost, 0.0), np.where(shown[:, 3], low, 0.0))


def bridge_faults(windows: Signature) -> np.ndarray:
    """Whether K bursts show a lost phase or an open diode, (K, 2); never both."""
    most = np.zeros(len(windows.crest))
    for pulses, ratio in diagnosis.PHASE_RATIO.items():
        most[windows.first_hz == pulses * MAINS_HZ] = ratio
    diode = (windows.v50 > diagnosis.DIODE_RATIO) & (windows.v50 > diagnosis.DIODE_SHARE * windows.v100)
    return np.column_stack([(windows.v100 > most) & ~diode, diode])


def _grown(measured: Signature, usual: Usual, days: np.ndarray | float, has_lost: np.ndarray) -> np.ndarray:
    """Whether the first line grew beyond its string's own days; `has_lost` where these say nothing."""
    if usual.spread is None or usual.count is None:
        return has_lost
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = np.log(measured.first_share / usual.first_share)
        error = np.maximum(usual.spread, LEAST_SPREAD) * np.sqrt(1 / days + 1 / usual.count)
    finite = np.isfinite(grown) & np.isfinite(error)
    over = np.where(np.asarray(days) >= WEEK_DAYS, OF_WEEK, DEVIATIONS)
    return np.where(finite, grown > over * error, has_lost)


@lru_cache(maxsize=4)
def _ratios(pulses: int) -> np.ndarray:
    """V100/V_f1 of the reference network, (LOSSES, LOWS)."""
    ohm = string_resistance_ohm()
    ratios = np.empty((len(LOSSES), len(LOWS)))
    for row, loss in enumerate(LOSSES):
        source = Source().aged(float(loss))
        for column, low in enumerate(LOWS):
            volts = np.abs(rectifier_lines(Bridge(pulses, float(low)), source, 1.0, ohm).volts)
            ratios[row, column] = volts[1] / volts[pulses - 1]
    return ratios


def _low(ratio: np.ndarray, loss: np.ndarray, pulses: int) -> np.ndarray:
    """Share by which a phase is low (K,) at a ratio V100/V_f1 and a loss of capacitance."""
    table = _ratios(pulses)
    at = np.clip(loss, 0, 1) * (len(LOSSES) - 1)
    below = np.minimum(at.astype(int), len(LOSSES) - 2)
    share = (at - below)[:, None]
    curves = table[below] * (1 - share) + table[below + 1] * share
    column = np.clip((curves <= ratio[:, None]).sum(axis=1) - 1, 0, len(LOWS) - 2)
    rows = np.arange(len(ratio))
    left, right = curves[rows, column], curves[rows, column + 1]
    low: np.ndarray = LOWS[column] + (LOWS[1] - LOWS[0]) * np.clip((ratio - left) / (right - left), 0, 1)
    return low
