"""Rows that stand in every table: the product's own rule, and forests on numbers of the bursts."""

from dataclasses import dataclass
from typing import Any

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
    """Trees of each label, by label, and of each tree the share of that label in its nodes."""

    trees: tuple[tuple[Any, ...], ...]
    shares: tuple[tuple[np.ndarray, ...], ...]

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Mean share over the trees of each label, (N, labels)."""
        numbers = np.ascontiguousarray(features, np.float32)
        return np.column_stack([
            np.mean([share[tree.apply(numbers)] for tree, share in zip(*of_label, strict=True)], axis=0)
            for of_label in zip(self.trees, self.shares, strict=True)
        ])  # fmt: skip


def fit_forest(
    features: np.ndarray, labels: np.ndarray, seed: int, trees: int = TREES, **more: int
) -> Forest:
    """A forest for each of the labels (N, 4); a label that nobody has is named by none."""
    from sklearn.ensemble import RandomForestClassifier

    terms = {"min_samples_leaf": LEAST_LEAF, **more}
    grown, shares = [], []
    for k in range(labels.shape[1]):
        forest = RandomForestClassifier(trees, random_state=seed + k, n_jobs=2, **terms)
        forest.fit(features, labels[:, k])
        grown.append(tuple(one.tree_ for one in forest.estimators_))
        # What no burst has, or every one, has one class alone.
        alone = None if len(forest.classes_) == 2 else float(forest.classes_[0])
        shares.append(tuple(
            tree.value[:, 0, 1].copy() if alone is None else np.full(tree.node_count, alone)
            for tree in grown[-1]
        ))  # fmt: skip
    return Forest(tuple(grown), tuple(shares))
