"""What the product's diagnosis names on systems that nothing was chosen on, and a forest beside it."""

from dataclasses import replace

import numpy as np
import polars as pl

from battery_assets.experiments.making.files import bursts_of
from battery_assets.experiments.making.generation import frame_of
from battery_assets.learning.signals.bursts import Bursts, features_of
from battery_assets.learning.signals.classical import fit_forest, rule, rule_labels
from battery_assets.learning.signals.scores import score, thresholds
from battery_assets.learning.signals.split import sides
from battery_assets.synthetic.signals.burst_campaign import Campaign, system_bursts
from battery_assets_tests.worlds.ripple.rule_table import campaign_bursts
from battery_assets_tests.worlds.ripple.systems import weeks

SYSTEMS, SEEDS, WEEKS = 60, (101, 102, 103), (400, 1000)


def measure(small: bool) -> dict[str, float]:
    """Percent of bursts named right by the rule of one name, the set of labels, a forest; and of weeks."""
    systems, seeds = (12, SEEDS[:1]) if small else (SYSTEMS, SEEDS)
    percents: dict[str, list[float]] = {}
    for seed in seeds:
        campaign = Campaign(systems=systems, seed=seed)
        bursts = bursts_of(pl.concat([frame_of(one) for one in system_bursts(campaign)]))
        side = sides(bursts, "system", seed)
        test = np.flatnonzero(side == "test")
        for name, said in (("rule", rule(bursts, own=True)), ("labels", rule_labels(bursts)),
                           ("forest", _forest(bursts, side))):  # fmt: skip
            told = score(bursts.only(test), said[test], said[test] > 0.5)
            for key in ("sound_called_sound", "both_named", "exact"):
                percents.setdefault(f"diagnosis_{name}_{key}_pct", []).append(100 * told[key])
        for name, value in rule_table(systems, seed).items():
            percents.setdefault(name, []).append(value)
    seen, sound = (30, 60) if small else WEEKS
    return {name: float(np.mean(values)) for name, values in percents.items()} | {
        "diagnosis_tenth_in_a_week_pct": 100 * float(weeks(seen, 11, 0.10).mean()),
        "diagnosis_false_alarms_per_100_weeks": 100 * float(weeks(sound, 12, 0.0).mean()),
    }


def rule_table(systems: int, seed: int) -> dict[str, float]:
    """Percent of bursts whose one fault the first rule names, where faults begin at the rule's thresholds."""
    bursts = campaign_bursts(systems, seed)
    shown = ~bursts.reference
    unknown = replace(bursts, pulses=np.full(len(bursts), 6))
    said = {
        "without_own": rule(bursts, own=False), "own": rule(bursts, own=True),
        "pulses_unknown": rule(unknown, own=False),
    }  # fmt: skip
    return {
        f"rule_{name}_right_pct": 100 * float(((told > 0.5) == bursts.labels).all(axis=1)[shown].mean())
        for name, told in said.items()
    }


def _forest(bursts: Bursts, side: np.ndarray) -> np.ndarray:
    """Yes or no of a forest on lines against own references, at thresholds of the validation systems."""
    features, train, valid = features_of(bursts, "own_lines"), side == "train", side == "val"
    said = fit_forest(features[train], bursts.labels[train], 1).predict(features)
    return (said > thresholds(said[valid], bursts.sound[valid])).astype(float)
