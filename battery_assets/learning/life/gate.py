"""Whether a trained model may serve: never where a line that anyone can draw ranks this month's jars better.

Scores are those of jars held out of training, the worst of several seeds. A challenger that is refused is
kept and says why; until one passes, the twin's ageing posterior serves.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WITHIN = 0.005  # of concordance: less than seeds alone move it
RIVALS = {
    "posterior": "the twin's ageing posterior",
    "soh_trend": "the line through health",
    "resistance_trend": "the line through resistance",
    "resistance": "the ohmic rule",
    "age": "the calendar",
}
SEEDS = "c_index_month_seed_"
EARLY_AT_MOST = 0.06  # of jars may end before their own 2.5 % bound


@dataclass(frozen=True)
class Verdict:
    """`passed`, and a sentence that says why."""

    passed: bool
    words: str


def verdict(metrics: Mapping[str, float], red: Sequence[str] = ()) -> Verdict:
    """The gate's decision on `fit`'s metrics and the names of probes that turned red."""
    if red:
        return Verdict(False, f"refused: {', '.join(red)} foretold what it cannot know")
    seeds = [value for name, value in metrics.items() if name.startswith(SEEDS)]
    scored = [metrics["c_index_month"], *seeds]
    own = float("nan") if any(math.isnan(value) for value in scored) else min(scored)
    rival, best = max(((name, metrics[f"c_index_month_{name}"]) for name in RIVALS), key=lambda pair: pair[1])
    if not own >= best - WITHIN:
        return Verdict(
            False, f"refused: ranks a month's jars with C {own:.3f}, {RIVALS[rival]} with {best:.3f}"
        )
    champion = metrics.get("c_index_later_champion", float("nan"))
    if metrics.get("c_index_later", float("nan")) < champion - WITHIN:
        return Verdict(
            False,
            f"refused: ranks the months since with C {metrics['c_index_later']:.3f}, "
            f"the model in production with {champion:.3f}",
        )
    if metrics["out_of_fold_nll"] > metrics["out_of_fold_nll_posterior"] + 1e-9:
        return Verdict(False, "refused: the twin's ageing posterior tells the ends seen as likelier")
    early = metrics["early_failure_share"]
    if not early <= EARLY_AT_MOST:
        return Verdict(False, f"refused: {early:.1%} of jars ended before their own lower 2.5 % bound")
    return Verdict(
        True, f"passed: ranks a month's jars with C {own:.3f}, the best other, {RIVALS[rival]}, {best:.3f}"
    )
