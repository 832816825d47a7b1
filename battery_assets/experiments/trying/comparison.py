"""A dataset's experiments as a table: seeds of a model are one row, rows that noise cannot part one rank."""

from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from battery_assets.experiments.trying.models import ROWS

SCORE = "macro_auroc"
SHOWN = (SCORE, "sound_called_sound", "both_named", "recall_capacitor_15_35")


@dataclass(frozen=True)
class Row:
    """A model with its settings: rank, mean scores over its seeds, and where the first of them may lie."""

    rank: int
    label: str
    seeds: int
    scores: dict[str, float]
    low: float
    high: float


def compared(experiments: list[dict[str, Any]]) -> tuple[list[Row], list[str]]:
    """Rows by rank, and the classical rows that are not there yet.

    A row's interval is that over test systems, widened by what other seeds moved its mean. Where two overlap
    nobody can say which is better: they share the better rank. Controls and splits by window stand last.
    """
    done = [one for one in experiments if one["status"] == "completed" and SCORE in (one["metrics"] or {})]
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in done:
        groups.setdefault(_label(one), []).append(one)
    rows = sorted((_row(label, ones) for label, ones in groups.items()), key=_order)
    ranked: list[Row] = []
    for place, row in enumerate(rows, 1):
        leader = next((one for one in ranked if one.rank == ranked[-1].rank), None) if ranked else None
        shares = leader is not None and row.high >= leader.low and _flat(row) == _flat(leader)
        rank = leader.rank if leader is not None and shares else place
        ranked.append(Row(rank, row.label, row.seeds, row.scores, row.low, row.high))
    there = {one["model_type"] for one in done if _honest(one)}
    return ranked, [kind for kind in ROWS if kind not in there]


def _honest(one: dict[str, Any]) -> bool:
    return one["config"]["split"] == "system" and not one["config"]["control"]


def _flat(row: Row) -> bool:
    """Whether a row is a control, or judged on systems that it saw."""
    return " (" in row.label


def _order(row: Row) -> tuple[bool, float]:
    return _flat(row), -row.scores[SCORE]


def _label(one: dict[str, Any]) -> str:
    """Model and numbers that are not its own, without the seed."""
    config = one["config"]
    notes = [config["control"].replace("_", " ")] if config["control"] else []
    notes += ["split by window"] if config["split"] == "window" else []
    campaign = f" of campaign {one['hpo_campaign_id']}" if one["hpo_campaign_id"] else ""
    tuned = one["hyperparameters"].get("epochs")
    size = f", {tuned} epochs" if tuned else ""
    return f"{one['model_type']}{size}{campaign}" + (f" ({', '.join(notes)})" if notes else "")


def _row(label: str, ones: list[dict[str, Any]]) -> Row:
    values = [one["metrics"][SCORE] for one in ones]
    moved = 2 * stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    low, high = (fmean(one["metrics"].get(f"{SCORE}_{end}", one["metrics"][SCORE]) for one in ones)
                 for end in ("low", "high"))  # fmt: skip
    scores = {}
    for name in SHOWN:
        known = [one["metrics"][name] for one in ones if name in one["metrics"]]
        if known:
            scores[name] = fmean(known)
    return Row(0, label, len(ones), scores, low - moved, high + moved)
