"""Rows that stand in every table: the product's own rule, and forests on numbers of the bursts."""

from dataclasses import dataclass

import numpy as np

from battery_assets.features.ripple.diagnosis import Signature, Usual, diagnose, signature
from battery_assets.features.ripple.labels import FAULTS, labelled
from battery_assets.features.ripple.spectrum import spectra
from battery_assets.learning.signals.bursts import CLASSES, Bursts

TREES, LEAST_LEAF = 200, 2
# The words of the product's rule, beside the classes that they name.
NAMED = {
    "capacitor_loss": "capacitor_loss", "unbalance": "phase_unbalance", "open_diode": "open_diode",
    "lost_phase": "lost_phase",
}  # fmt: skip


def rule(bursts: Bursts, *, own: bool) -> np.ndarray:
    """What the product's rule names, (N, 4) of 0 and 1; with or without each system's sound references."""
    said = np.zeros((len(bursts), len(CLASSES)))
    for pulses in np.unique(bursts.pulses):
        mine = bursts.pulses == pulses
        of_volts = spectra(bursts.volts[mine], bursts.rate_hz)
        of_amps = spectra(bursts.amps[mine], bursts.rate_hz, of_volts.mains_hz)
        measured = signature(of_volts, of_amps, int(pulses))
        usual = _usual(bursts, mine, measured) if own else None
        kinds, _ = diagnose(measured, usual)
        for word, kind in NAMED.items():
            said[np.flatnonzero(mine)[kinds == word], CLASSES.index(kind)] = 1.0
    return said


def rule_labels(bursts: Bursts) -> np.ndarray:
    """Every fault that the product's diagnosis names, (N, 4) of 0 and 1, against each string's references."""
    said = np.zeros((len(bursts), len(CLASSES)))
    for pulses in np.unique(bursts.pulses):
        mine = bursts.pulses == pulses
        of_volts = spectra(bursts.volts[mine], bursts.rate_hz)
        of_amps = spectra(bursts.amps[mine], bursts.rate_hz, of_volts.mains_hz)
        measured = signature(of_volts, of_amps, int(pulses))
        labels = labelled(measured, _usual(bursts, mine, measured))
        order = [CLASSES.index(NAMED[fault]) for fault in FAULTS]
        said[np.ix_(mine, order)] = labels.shown
    return said


def _usual(bursts: Bursts, mine: np.ndarray, measured: Signature) -> Usual:
    """First line, its spread, and voltage of each string's references."""
    group, reference = bursts.own[mine], bursts.reference[mine]
    share, volts, spread, count = np.full((4, len(group)), np.nan)
    for one in np.unique(group):
        own = (group == one) & reference
        if own.any():
            logs = np.log(measured.first_share[own])
            share[group == one] = np.exp(np.median(logs))
            volts[group == one] = np.median(measured.dc_v[own])
            spread[group == one] = logs.std(ddof=1) if len(logs) > 1 else np.nan
            count[group == one] = len(logs)
    return Usual(share, volts, spread, count)


@dataclass(frozen=True)
class Forest:
    """A forest of trees for each label."""

    trees: tuple

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Share of trees that name each fault, (N, 4)."""
        return np.column_stack([_share(one, features) for one in self.trees])


def fit_forest(
    features: np.ndarray, labels: np.ndarray, seed: int, trees: int = TREES, **more: int
) -> Forest:
    """A forest for each of the labels (N, 4); a label that nobody has is named by none."""
    from sklearn.ensemble import RandomForestClassifier

    terms = {"min_samples_leaf": LEAST_LEAF, **more}
    return Forest(tuple(
        RandomForestClassifier(trees, random_state=seed + k, n_jobs=2, **terms).fit(features, labels[:, k])
        for k in range(labels.shape[1])
    ))  # fmt: skip


def _share(forest, features: np.ndarray) -> np.ndarray:
    said = forest.predict_proba(features)
    if len(forest.classes_) == 2:
        share: np.ndarray = said[:, 1]
        return share
    return np.full(len(features), float(forest.classes_[0]))
