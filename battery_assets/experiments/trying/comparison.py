"""A dataset's experiments as a table: seeds of a model are one row, rows that noise cannot part one rank."""

from dataclasses import dataclass
from typing import Any

from battery_assets.experiments.trying.models import ROWS

SCORE = "macro_auroc"
SHOWN = (SCORE, "sound_called_sound", "both_named", "jar_named", "recall_capacitor_15_35")


@dataclass(frozen=True)
class Row:
    """A model with its settings: rank, mean scores over its seeds, and where the first of them may lie."""

    rank: int
    label: str
    seeds: int
    scores: dict[str, float]
    low: float
    high: float


def compared(groups: list[dict[str, Any]], classical: tuple[str, ...] = ROWS) -> tuple[list[Row], list[str]]:
    """Rows by rank, and the classical rows that are not there yet. groups: as `books.grouped` has them.

    A row's interval is that over test systems, widened by what other seeds moved its mean. Where two overlap
    nobody can say which is better: they share the better rank. Controls and splits by window stand last.
    """
    rows = sorted((_row(group) for group in groups), key=_order)
    ranked: list[Row] = []
    for place, row in enumerate(rows, 1):
        leader = next((one for one in ranked if one.rank == ranked[-1].rank), None) if ranked else None
        shares = leader is not None and row.high >= leader.low and _flat(row) == _flat(leader)
        rank = leader.rank if leader is not None and shares else place
        ranked.append(Row(rank, row.label, row.seeds, row.scores, row.low, row.high))
    there = {one["model_type"] for one in groups if one["split"] == "system" and not one["control"]}
    return ranked, [kind for kind in classical if kind not in there]


def _flat(row: Row) -> bool:
    """Whether a row is a control, or judged on systems that it saw."""
    return " (" in row.label


def _order(row: Row) -> tuple[bool, float, str]:
    return _flat(row), -row.scores[SCORE], row.label


def _label(one: dict[str, Any]) -> str:
    """Model and numbers that are not its own, without the seed."""
    notes = [one["control"].replace("_", " ")] if one["control"] else []
    notes += ["split by window"] if one["split"] == "window" else []
    campaign = f" of campaign {one['campaign']}" if one["campaign"] else ""
    size = f", {one['epochs']} epochs" if one["epochs"] else ""
    return f"{one['model_type']}{size}{campaign}" + (f" ({', '.join(notes)})" if notes else "")


def _row(one: dict[str, Any]) -> Row:
    moved = 2 * one["sd"] / one["seeds"] ** 0.5 if one["sd"] is not None else 0.0
    scores = {name: one[name] for name in SHOWN if one.get(name) is not None}
    return Row(0, _label(one), one["seeds"], scores, one["low"] - moved, one["high"] + moved)
