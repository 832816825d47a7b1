"""What recorded waveforms of ripple say: lines of the mains frequency, distortion, shape.

A window is cut to whole mains cycles of the frequency that the waveform itself shows, so that the bins of its
FFT lie on the lines from 49 to 51 Hz: 200 ms are ten cycles and bins of 5 Hz. A line is a bin with both its
neighbours (IEC 61000-4-7 subgroups); in less than ten cycles it is the bin alone (SOURCES 4).
"""

from dataclasses import dataclass

import numpy as np

MAINS_HZ = 50.0
LINES = 40  # 50 Hz to 2 kHz
NOISE_FLOOR_V = 0.010
LEAST_RATE_HZ = 6400.0
MOST_CYCLES = 10
# Lines that a rectifier or its load can leave strong enough to tell the frequency by.
PROBED = np.array([1, 2, 3, 4, 6, 12])
SHIFT_S = 0.02


@dataclass(frozen=True)
class Spectra:
    """K windows: lines (K, 40) rms of 50 Hz to 2 kHz, mean, all AC, crest, mains."""

    lines: np.ndarray
    mean: np.ndarray
    rms: np.ndarray
    crest: np.ndarray
    mains_hz: np.ndarray

    def line(self, hz: float) -> np.ndarray:
        """Rms (K,) of the line at a multiple of 50 Hz, whatever the mains did."""
        return self.lines[:, round(hz / MAINS_HZ) - 1]


def mains_hz(samples: np.ndarray, rate_hz: float) -> np.ndarray:
    """Mains frequency (K,) of windows (K, n), by how far the strongest line turns within 20 ms.

    Told to 0.01 Hz where a line stands 40 dB over the noise; within 45 to 55 Hz, 50 where none stands out.
    """
    shift = round(SHIFT_S * rate_hz)
    count = samples.shape[1] - shift
    shape = np.hanning(count + 1)[:-1]
    turning = np.exp(-2j * np.pi * MAINS_HZ / rate_hz * PROBED[:, None] * np.arange(count))
    centred = samples - samples.mean(axis=1, keepdims=True)
    first = (centred[:, :count] * shape) @ turning.T
    later = (centred[:, shift:] * shape) @ turning.T * np.exp(-2j * np.pi * MAINS_HZ * PROBED * SHIFT_S)
    # A true line keeps its size; the product favours the strong ones and those that tell more precisely.
    best = np.argmax(np.minimum(np.abs(first), np.abs(later)) * np.sqrt(PROBED), axis=1)[:, None]
    turned = np.angle(np.take_along_axis(later * np.conj(first), best, axis=1)[:, 0])
    off = turned / (2 * np.pi * SHIFT_S) / PROBED[best[:, 0]]
    return np.where(np.abs(off) < 5.0, MAINS_HZ + off, MAINS_HZ)


def _level(samples: np.ndarray, cycles: int) -> np.ndarray:
    """Windows (K, n) of whole cycles without mean and slope: a string that settles has no 50 Hz for that.

    The slope is that between the means of whole cycles, so that no line takes part in it.
    """
    count = samples.shape[1]
    part = round(count * (cycles // 2) / cycles)
    centred = samples - samples.mean(axis=1, keepdims=True)
    if part == 0:
        return centred
    rise = (centred[:, -part:].mean(axis=1) - centred[:, :part].mean(axis=1)) / (count - part)
    return centred - rise[:, None] * (np.arange(count) - (count - 1) / 2)


def _cycles(count: int, rate_hz: float, hz: np.ndarray) -> np.ndarray:
    # The last cycle may lack half a percent of itself: mains of 49.95 Hz in 100 ms.
    return np.minimum(np.floor(count / rate_hz * hz + 0.005), MOST_CYCLES).astype(int)


def spectra(samples: np.ndarray, rate_hz: float, hz: np.ndarray | None = None) -> Spectra:
    """Lines of windows (K, n) of one rate; `hz` is the mains frequency where another channel tells it better.

    Raises ValueError for less than one mains cycle, or a rate under 6.4 kHz (SOURCES 4).
    """
    samples = np.atleast_2d(np.asarray(samples, dtype=float))
    count = samples.shape[1]
    if rate_hz < LEAST_RATE_HZ or count / rate_hz * MAINS_HZ < 0.99:
        raise ValueError(f"need one mains cycle at 6.4 kHz or more, got {count} samples at {rate_hz:g} Hz")
    own = mains_hz(samples, rate_hz) if hz is None else hz
    cycles = np.maximum(_cycles(count, rate_hz, own), 1)
    length = np.minimum(np.rint(cycles * rate_hz / own).astype(int), count)
    rows = np.empty((len(samples), LINES)), *np.empty((3, len(samples)))
    for n, whole in {(int(a), int(b)) for a, b in zip(length, cycles, strict=True)}:
        chosen = (length == n) & (cycles == whole)
        for target, values in zip(rows, _whole_cycles(samples[chosen, :n], whole), strict=True):
            target[chosen] = values
    lines, mean, total, crest = rows
    return Spectra(lines, mean, total, crest, own)


def _whole_cycles(samples: np.ndarray, cycles: int) -> tuple[np.ndarray, ...]:
    """Lines, mean, rms and crest factor of windows of a whole number of mains cycles."""
    mean = samples.mean(axis=1)
    centred = _level(samples, cycles)
    power = 2 * np.abs(np.fft.rfft(centred, axis=1) / samples.shape[1]) ** 2
    at = np.arange(1, LINES + 1) * cycles
    lines = power[:, at]
    if cycles == MOST_CYCLES:
        lines = lines + power[:, at - 1] + power[:, at + 1]
    total = np.sqrt(np.mean(centred**2, axis=1))
    with np.errstate(invalid="ignore"):
        crest = np.abs(centred).max(axis=1) / total
    return np.sqrt(lines), mean, total, crest


def thd_pct(spectrum: Spectra, first_hz: np.ndarray | float = 300.0) -> np.ndarray:
    """Distortion (K,) in % of the rectifier's first line f1: 300 Hz for six pulses, 600 Hz for twelve.

    thd_pct = 100 sqrt(sum V_h^2, h = 2 f1, 3 f1 ... to 2 kHz) / V_f1; NaN where V_f1 is under 10 mV.
    f1 is the fundamental of the ripple: there is no 50 Hz on a DC bus (SOURCES 4). Lines of the
    mains between its harmonics are no distortion of it: 100 Hz of a low phase, 50 Hz of an open diode. Set
    against f1 they read 12 to 860 % on sound systems, by pulses and balance; diagnosis and ripple factor hold
    them. Sound systems of either topology show 7 to 10 %, those without capacitor 14 and more.
    """
    order = np.rint(np.broadcast_to(first_hz, spectrum.rms.shape) / MAINS_HZ).astype(int)
    first = np.take_along_axis(spectrum.lines, order[:, None] - 1, axis=1)[:, 0]
    place = np.arange(1, LINES + 1)
    harmonic = (place % order[:, None] == 0) & (place > order[:, None])
    other = np.sqrt((spectrum.lines**2 * harmonic).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(first >= NOISE_FLOOR_V, 100 * other / first, np.nan)


def ripple_factor_pct(spectrum: Spectra) -> np.ndarray:
    """Rms ripple voltage (K,) in % of the DC voltage: what the 0.5 % limit is about (SOURCES 4)."""
    return 100 * spectrum.rms / spectrum.mean
