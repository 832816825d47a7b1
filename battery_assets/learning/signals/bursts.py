"""Bursts as a classifier sees them: waveforms, numbers, a set of labels each, and whose they are."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from battery_assets.errors import BadInput
from battery_assets.features.ripple.log_lines import against_own, log_lines, moments
from battery_assets.learning.signals import curves

CLASSES = ("capacitor_loss", "phase_unbalance", "open_diode", "lost_phase")
# What a signal is of, and what may be wrong in it.
RIPPLE, DISCHARGES, CELLS = "ripple", "discharges", "cells"
CLASSES_OF = {RIPPLE: CLASSES, DISCHARGES: ("ends_string",), CELLS: ("end_of_life",)}
SOUND = "sound"
# The gravest first: what must be repaired before anything else.
GRAVITY = (
    "lost_phase", "open_diode", "capacitor_loss", "phase_unbalance", "ends_string", "end_of_life",
)  # fmt: skip
# Shares of capacitance lost, and of a phase that is low, under which a severity ends.
LOSS_WORDS, LOW_WORDS = (0.2, 0.4, 0.7), (0.03, 0.045, 0.06)
WORDS = ("incipient", "mild", "moderate", "severe")


@dataclass(frozen=True)
class Bursts:
    """N bursts: volts and amps (N, n), labels (N, 4) of CLASSES, group (N,) their system, reference (N,).

    own: (N,) the string at whose terminals it was taken; its references are held against it. loss and low:
    shares of capacitance lost and of a phase that is low, (N,), NaN where nobody knows.

    kind: of a burst of ripple, or of a curve of a discharge. A curve's labels are (N, 1), its group is the
    string or the cell, and own is the discharge that it has in common with others.
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
    kind: str = RIPPLE

    def __len__(self) -> int:
        return len(self.group)

    def only(self, places: np.ndarray) -> "Bursts":
        """The bursts at these places."""
        return Bursts(
            self.volts[places], self.amps[places], self.rate_hz, self.labels[places], self.group[places],
            self.own[places], self.reference[places], self.pulses[places], self.loss[places],
            self.low[places], self.kind,
        )  # fmt: skip

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of its labels."""
        return CLASSES_OF[self.kind]

    def for_networks(self) -> "Bursts":
        """As a network takes them: curves of discharges held against their own reference."""
        if self.kind == RIPPLE:
            return self
        return self.with_volts(self.volts - curves.usual(self.volts, self.own, self.reference))

    def with_volts(self, volts: np.ndarray) -> "Bursts":
        """The same with other volts (N, n)."""
        return replace(self, volts=volts)

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
        refuse_few(len(np.unique(self.group)), self.kind, faults=bool(self.labels.any()))


def refuse_few(groups: int, kind: str, *, faults: bool) -> None:
    """Raise BadInput for signals of too few systems, strings or cells, and for those without a fault."""
    if groups < 5:
        what = {RIPPLE: "systems", DISCHARGES: "strings", CELLS: "cells"}[kind]
        raise BadInput(
            f"{groups} {what}: training, validation and test need five at least; next step: add {what}"
        )
    if not faults:
        raise BadInput("no burst has a fault: nothing can be learned; next step: add labelled faults")


def severity_of(labels: tuple[str, ...], loss: float, low: float) -> str:
    """The word for how grave a burst's faults are; empty for a sound one and for an unknown share."""
    if not set(labels) & set(CLASSES):
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

    Of curves: curve, own_curve (against the other jars of the discharge, or the cell's first cycles).

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
        "curve": lambda: curves.numbers(bursts.volts, bursts.amps),
        "own_curve": lambda: curves.numbers(bursts.for_networks().volts),
        # What a burst's place in the dataset gives away: a control, which must be worth nothing.
        "index": lambda: np.arange(len(bursts), dtype=float)[:, None],
    }  # fmt: skip
    if kind not in makers:
        raise ValueError(f"{kind!r} is no kind of features: {', '.join(makers)}")
    features: np.ndarray = makers[kind]()
    return features
