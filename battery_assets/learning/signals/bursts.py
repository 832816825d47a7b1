"""Bursts as a classifier sees them: waveforms, numbers, a set of labels each, and whose they are."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from battery_assets.errors import BadInput
from battery_assets.features.ripple.log_lines import against_own, log_lines, moments

CLASSES = ("capacitor_loss", "phase_unbalance", "open_diode", "lost_phase")
SOUND = "sound"
# The gravest first: what must be repaired before anything else.
GRAVITY = ("lost_phase", "open_diode", "capacitor_loss", "phase_unbalance")
# Shares of capacitance lost, and of a phase that is low, under which a severity ends.
LOSS_WORDS, LOW_WORDS = (0.2, 0.4, 0.7), (0.03, 0.045, 0.06)
WORDS = ("incipient", "mild", "moderate", "severe")


@dataclass(frozen=True)
class Bursts:
    """N bursts: volts and amps (N, n), labels (N, 4) of CLASSES, group (N,) their system, reference (N,).

    own: (N,) the string at whose terminals it was taken; its references are held against it. loss and low:
    shares of capacitance lost and of a phase that is low, (N,), NaN where nobody knows.
    """

    volts: np.ndarray
    amps: np.ndarray
    rate_hz: float
    labels: np.ndarray
    group: np.ndarray
    own: np.ndarray
    reference: np.ndarray
    pulses: np.ndarray
    loss: np.ndarray
    low: np.ndarray

    def __len__(self) -> int:
        return len(self.group)

    def only(self, places: np.ndarray) -> "Bursts":
        """The bursts at these places."""
        return Bursts(
            self.volts[places], self.amps[places], self.rate_hz, self.labels[places], self.group[places],
            self.own[places], self.reference[places], self.pulses[places], self.loss[places],
            self.low[places],
        )  # fmt: skip

    @property
    def sound(self) -> np.ndarray:
        """Whether a burst has no fault, (N,)."""
        return np.asarray(~self.labels.any(axis=1))

    def refuse_unfit(self) -> None:
        """Raise BadInput where a burst is empty or no number, a system is alone, or none has a reference."""
        if len(self) == 0 or self.volts.shape[1] == 0:
            raise BadInput("the dataset has no bursts; next step: generate or import some")
        bad = ~(np.isfinite(self.volts).all(axis=1) & np.isfinite(self.amps).all(axis=1))
        if bad.any():
            raise BadInput(
                f"{int(bad.sum())} bursts hold values that are no numbers; next step: import them anew"
            )
        if len(np.unique(self.group)) < 5:
            raise BadInput(
                f"{len(np.unique(self.group))} systems: training, validation and test need five at least; "
                "next step: add systems"
            )
        if not self.labels.any():
            raise BadInput("no burst has a fault: nothing can be learned; next step: add labelled faults")


def severity_of(labels: tuple[str, ...], loss: float, low: float) -> str:
    """The word for how grave a burst's faults are; empty for a sound one and for an unknown share."""
    if not labels:
        return ""
    if {"open_diode", "lost_phase"} & set(labels):
        return WORDS[3]
    if any(
        kind in labels and np.isnan(x) for kind, x in (("capacitor_loss", loss), ("phase_unbalance", low))
    ):
        return ""
    by_loss = int(np.searchsorted(LOSS_WORDS, loss, side="right")) if "capacitor_loss" in labels else 0
    by_low = int(np.searchsorted(LOW_WORDS[1:], low, side="right")) + 1 if "phase_unbalance" in labels else 0
    return WORDS[max(by_loss, min(by_low, 3))]


def fault_class(labels: tuple[str, ...]) -> str:
    """The gravest of the faults of a burst; `sound` where it has none."""
    return next((kind for kind in GRAVITY if kind in labels), SOUND)


def features_of(bursts: Bursts, kind: str) -> np.ndarray:
    """Numbers of bursts, (N, columns). kind: moments, lines, own_lines (against sound references) or index.

    Raises ValueError for another kind.
    """
    makers: dict[str, Any] = {
        "moments": lambda: np.hstack([
            moments(bursts.volts, bursts.rate_hz), moments(bursts.amps, bursts.rate_hz)
        ]),
        "lines": lambda: log_lines(bursts.volts, bursts.amps, bursts.rate_hz),
        "own_lines": lambda: against_own(
            log_lines(bursts.volts, bursts.amps, bursts.rate_hz), bursts.own, bursts.reference
        ),
        # What a burst's place in the dataset gives away: a control, which must be worth nothing.
        "index": lambda: np.arange(len(bursts), dtype=float)[:, None],
    }  # fmt: skip
    if kind not in makers:
        raise ValueError(f"{kind!r} is no kind of features: {', '.join(makers)}")
    found: np.ndarray = makers[kind]()
    return found
