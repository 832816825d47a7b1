"""What is wrong with a rectifier, told by the ripple that it leaves at a string's terminals.

Rules on ratios of lines, which neither the source's inductance nor the string's age moves: 50 Hz comes only
from a diode that is open, a 100 Hz line many times the first one from a lost phase, a moderate one from an
unbalanced phase. What a capacitor lost is told by the first line against the string's own sound windows,
since the source's inductance halves or doubles it from system to system; without such windows by the second
line against the first, which says little before half is gone (SOURCES 4).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from battery_assets.features.ripple.spectrum import MAINS_HZ, Spectra, ripple_factor_pct, thd_pct
from battery_assets.physics.rectifier import Bridge
from battery_assets.physics.ripple import Source, rectifier_lines, string_resistance_ohm

# An open diode leaves 50 Hz of 140 times the first line and four times 100 Hz; anything else leaves none, but
# where the first line is a few mV, of twelve pulses, what a strong 100 Hz line spills over counts for more.
DIODE_RATIO, DIODE_SHARE = 1.0, 0.5
# By pulses. Two phases leave 100 Hz of 35-88 times the first line (12 pulses: 300-1200 times), a phase that
# is 10 % low 5 (66) times, an inverter with a fifth of unbalanced load 16 (53) times.
PHASE_RATIO = {6: 20.0, 12: 200.0}
# One phase of a sound supply is 0-2 % low; 3 %, that is 1 % of negative sequence, is a finding.
UNBALANCE_FOUND = 0.03
# The ripple of a sound system moves by 6 % with load and mains; a fifth more is a capacitor at 85 %,
# three standard deviations, where half as much again says 65 %.
LOSS_FOUND = 0.35
# Without usual values: V600/V300 is 0.073 of a sound capacitor, 0.081 of half of one, 0.14 where it is gone.
LOSS_FOUND_BY_SHAPE = 0.5
DISCHARGE_A = -1.0


@dataclass(frozen=True)
class Signature:
    """What the rules look at, K windows: ratios to the first line, its share of Vdc, shape, V/I of it."""

    first_hz: np.ndarray
    v50: np.ndarray
    v100: np.ndarray
    v_double: np.ndarray
    first_share: np.ndarray
    crest: np.ndarray
    string_ohm: np.ndarray
    dc_v: np.ndarray
    dc_a: np.ndarray
    thd_pct: np.ndarray
    ripple_factor_pct: np.ndarray


@dataclass(frozen=True)
class Usual:
    """A string's own sound windows: share of the first line in Vdc, and Vdc (V); K values, NaN unknown.

    spread: standard deviation of the logarithm of that share; count: windows that it is the mean of.
    """

    first_share: np.ndarray
    dc_v: np.ndarray
    spread: np.ndarray | None = None
    count: np.ndarray | None = None


def signature(volts: Spectra, amps: Spectra, pulses: np.ndarray | int = 6) -> Signature:
    """Signature of windows of voltage and current of the same instants, by the rectifier's pulses."""
    first_hz = np.broadcast_to(np.asarray(pulses) * MAINS_HZ, volts.rms.shape)
    first, first_a = (_line(lines, first_hz) for lines in (volts, amps))
    with np.errstate(divide="ignore", invalid="ignore"):
        return Signature(
            first_hz, volts.line(50) / first, volts.line(100) / first,
            _line(volts, 2 * first_hz) / first, first / volts.mean, volts.crest,
            first / first_a, volts.mean, amps.mean, thd_pct(volts, first_hz), ripple_factor_pct(volts),
        )  # fmt: skip


def _line(spectrum: Spectra, hz: np.ndarray) -> np.ndarray:
    order = np.rint(hz / MAINS_HZ).astype(int)
    return np.take_along_axis(spectrum.lines, order[:, None] - 1, axis=1)[:, 0]


@lru_cache(maxsize=4)
def _curves(pulses: int) -> tuple[np.ndarray, ...]:
    """Of the reference network: loss of a capacitor, growth of the first line and V_2f1/V_f1 with it; share
    by which a phase is low, V100/V_f1 with it.
    """
    ohm, first = string_resistance_ohm(), pulses - 1
    loss = np.linspace(0.0, 1.0, 51)
    lines = np.array(
        [np.abs(rectifier_lines(Bridge(pulses), Source().aged(x), 1.0, ohm).volts) for x in loss]
    )
    low = np.linspace(0.0, 0.2, 21)
    phases = [np.abs(rectifier_lines(Bridge(pulses, u), Source(), 1.0, ohm).volts) for u in low]
    grown, shape = lines[:, first] / lines[0, first], lines[:, 2 * pulses - 1] / lines[:, first]
    return loss, grown, shape, low, np.array([v[1] / v[first] for v in phases])


def diagnose(windows: Signature, usual: Usual | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Kind and severity of K windows.

    Kinds: healthy, capacitor_loss, unbalance, open_diode, lost_phase, discharge.
    Severity: share of capacitance lost, share by which a phase is low, sag of Vdc from its usual value (open
    diode, lost phase; NaN where that is unknown), 0 otherwise.
    """
    unknown = np.full(windows.crest.shape, np.nan)
    usual = usual or Usual(unknown, unknown)
    kinds, severity = np.full(windows.crest.shape, "healthy", dtype=object), np.zeros(windows.crest.shape)
    sag = 1 - windows.dc_v / usual.dc_v
    for pulses in (6, 12):
        mine = windows.first_hz == pulses * MAINS_HZ
        gone, has_lost = lost(windows, usual, pulses)
        _mark(kinds, severity, mine & has_lost, "capacitor_loss", gone)
        *_, low, ratio = _curves(pulses)
        unbalance = np.interp(windows.v100, ratio, low)
        _mark(kinds, severity, mine & (unbalance >= UNBALANCE_FOUND), "unbalance", unbalance)
    _mark(kinds, severity, windows.dc_a < DISCHARGE_A, "discharge", np.zeros(windows.crest.shape))
    for pulses, most in PHASE_RATIO.items():
        mine = windows.first_hz == pulses * MAINS_HZ
        _mark(kinds, severity, mine & (windows.v100 > most), "lost_phase", sag)
    diode = (windows.v50 > DIODE_RATIO) & (windows.v50 > DIODE_SHARE * windows.v100)
    _mark(kinds, severity, diode, "open_diode", sag)
    return kinds, severity


def lost(measured: Signature, usual: Usual, pulses: int) -> tuple[np.ndarray, np.ndarray]:
    """Share of the capacitor that is gone, and whether that is a finding."""
    loss, grown, shape, *_ = _curves(pulses)
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = measured.first_share / usual.first_share
    finite = np.isfinite(growth)
    by_growth = np.interp(np.where(finite, growth, 1.0), grown, loss)
    # The second line of twelve pulses, 1200 Hz, drowns in the noise of a channel.
    by_shape = (
        np.interp(np.nan_to_num(measured.v_double), shape, loss) if pulses == 6 else np.zeros(finite.shape)
    )
    shaped = by_shape >= LOSS_FOUND_BY_SHAPE
    # A loss that is older than the usual windows shows in the shape alone.
    return np.where(shaped, np.maximum(by_growth, by_shape), by_growth), shaped | (by_growth >= LOSS_FOUND)


def _mark(kinds: np.ndarray, severity: np.ndarray, where: np.ndarray, kind: str, values: np.ndarray) -> None:
    kinds[where], severity[where] = kind, values[where]
