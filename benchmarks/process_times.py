"""CPU seconds of processes by name, from /proc: what a service costs beside the work that is measured."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process id's parent, its own CPU seconds, and those of children that ended and were awaited."""

    parent: int
    own_s: float
    ended_s: float


def processes() -> dict[int, Process]:
    """Every process that is there now."""
    tick, there = os.sysconf("SC_CLK_TCK"), {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        own, ended = (sum(map(int, words[at : at + 2])) / tick for at in (11, 13))
        there[int(entry.name)] = Process(int(words[1]), own, ended)
    return there


def cpu_s_by_name(roots: Mapping[str, Iterable[int]]) -> dict[str, float]:
    """CPU seconds by name: of its processes, of those that they started, and of theirs.

    A process counts for the name whose root is nearest above it.
    """
    there = processes()
    name_of = {root: name for name, of in roots.items() for root in of}
    spent = dict.fromkeys(roots, 0.0)
    for number, process in there.items():
        above = number
        while above not in name_of and above in there:
            above = there[above].parent
        if above in name_of:
            spent[name_of[above]] += process.own_s + process.ended_s
    return spent


def since(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """What each name spent between two looks."""
    return {name: now[name] - before[name] for name in now}
