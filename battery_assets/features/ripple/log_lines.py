"""Bursts of ripple as numbers that a classifier reads: moments, lines, lines against a string's own."""

import numpy as np

from battery_assets.errors import BadInput
from battery_assets.features.ripple.spectrum import LINES, MAINS_HZ, spectra

# Under the noise of a channel (5 mV and 30 mA over the band, 40 lines) a line says nothing.
FLOOR_V, FLOOR_A = 1e-3, 5e-3
MOMENTS = tuple(f"{name}_{channel}" for channel in "va" for name in ("rms", "kurtosis", "dominant", "crest"))
LINE_NAMES = tuple(f"{channel}_{round(MAINS_HZ) * n}" for channel in "va" for n in range(1, LINES + 1))
# Systems with fewer sound references than that have a median that a single burst moves.
LEAST_REFERENCES = 5


def moments(waves: np.ndarray, rate_hz: float) -> np.ndarray:
    """Of waveforms (K, n): rms, excess kurtosis, strongest line of 50 Hz to 2 kHz (Hz), crest, (K, 4).

    All of them without the mean. A sine has kurtosis -1.5 and crest sqrt(2); what is constant has 0 and 0.
    """
    centred = waves - waves.mean(axis=1, keepdims=True, dtype=float)
    power = (centred**2).mean(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        kurtosis = np.where(power > 0, (centred**4).mean(axis=1) / power**2 - 3, 0.0)
        crest = np.where(power > 0, np.abs(centred).max(axis=1) / np.sqrt(power), 0.0)
    strongest = (np.argmax(spectra(waves, rate_hz).lines, axis=1) + 1) * MAINS_HZ
    return np.column_stack([np.sqrt(power), kurtosis, np.where(power > 0, strongest, 0.0), crest])


def log_lines(volts: np.ndarray, amps: np.ndarray, rate_hz: float) -> np.ndarray:
    """Natural logarithms of the 40 lines of volts and of amperes, (K, 80); the floor is that of a channel."""
    of_volts = spectra(volts, rate_hz)
    of_amps = spectra(amps, rate_hz, of_volts.mains_hz)
    return np.hstack([
        np.log(np.maximum(of_volts.lines, FLOOR_V)), np.log(np.maximum(of_amps.lines, FLOOR_A)),
    ])  # fmt: skip


def against_own(lines: np.ndarray, group: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Log lines (K, 80) less the median of the same string's or system's sound references.

    group: (K,) whose burst it is; reference: (K,) whether it is one of its sound references. Raises
    BadInput, with names, where a group has fewer than five references.
    """
    out = np.empty_like(lines)
    for one in np.unique(group):
        mine = group == one
        own = lines[mine & reference]
        if len(own) < LEAST_REFERENCES:
            raise BadInput(
                f"{one} has {len(own)} sound references, {LEAST_REFERENCES} are needed; next step: record "
                "more of its sound days, or leave it out"
            )
        out[mine] = lines[mine] - np.median(own, axis=0)
    return out
