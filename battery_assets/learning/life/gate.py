"""Whether a trained model may serve: never where a line that anyone can draw ranks this month's jars better.

Scores are those of jars held out of training, the worst of several seeds. Both that people read are asked
for: the risk of a year, by which a month's jars are ranked, and the days, by which all are. Few ends tell
little, so a challenger may not be below within one standard error either. One that is refused is kept and
says why; until one passes, the twin's ageing posterior serves.
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
ASKED = {"month": "a month's jars by their risk", "days": "jars by their days"}
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
    unsure = _unsure(metrics)
    if unsure:
        return Verdict(False, unsure)
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


def _unsure(metrics: Mapping[str, float]) -> str:
    """What the ends that were seen leave open: a rival that may well rank better; "" where there is none."""
    for asked, words in ASKED.items():
        for name, rival in RIVALS.items():
            ahead, error = (metrics[f"margin_{part}{asked}_{name}"] for part in ("", "error_"))
            if not ahead - error >= -WITHIN:
                return f"refused: ranks {words} with C {ahead:+.3f} beside {rival}, give or take {error:.3f}"
    return ""
