"""Which days of a partition are still to be made, and what the days that stay hand on to them.

A day stays where everything it was made from is what it was: the code, its input files, whatever else the
caller names, and for tables whose days build on each other the day before.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from battery_assets.platform.days.code_version import code_version
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.saved import packed, unpacked
from battery_assets.platform.warehouse.profile import Profile


@dataclass(frozen=True)
class DayEntry:
    """What the books say of a day: `path` in the lake; rows, sha256 and profile where PostgreSQL has them."""

    day: date
    fingerprint: str
    path: str | None = None
    rows: int | None = None
    sha256: str | None = None
    profile: Profile | None = None
    carry: bytes | None = None


@dataclass
class Due:
    """The days to make, in order, and the entries of those that stay.

    A caller makes every day of `days`, in their order, and may `hand_on` arrays and frames of each.
    """

    fingerprints: Mapping[date, str]
    kept: dict[date, DayEntry]
    _handed_on: dict[date, bytes] = field(default_factory=dict)

    @property
    def days(self) -> list[date]:
        """The days to make."""
        return [day for day in self.fingerprints if day not in self.kept]

    def make_too(self, days: Iterable[date]) -> None:
        """Let these days not stay, though they would be made from the same."""
        for day in days:
            self.kept.pop(day, None)

    def hand_on(self, day: date, **values: np.ndarray | pl.DataFrame) -> None:
        """Keep with a day what later days, or the end of the month, need to know of it."""
        self._handed_on[day] = packed(values)

    def handed_on(self, only: Collection[date] | None = None) -> Iterator[tuple[date, dict[str, Any]]]:
        """What each day, or each of `only`, handed on, in order: those that stay, and those made so far."""
        for day in self.fingerprints:
            if only is not None and day not in only:
                continue
            entry = self.kept.get(day)
            content = entry.carry if entry else self._handed_on.get(day)
            if content is not None:
                yield day, unpacked(content)

    @property
    def shown(self) -> dict[str, int]:
        """What a materialization tells of it."""
        return {"days made": len(self.days), "days kept": len(self.kept)}

    def entry(self, day: date, **facts: Any) -> DayEntry:
        """The books' entry of a day that was made. Raises ValueError for a day that was not to be made."""
        if day not in self.fingerprints or day in self.kept:
            raise ValueError(f"{day} is not one of the days to make")
        return DayEntry(day, self.fingerprints[day], carry=self._handed_on.get(day), **facts)


def fingerprints_of(name: str, given: Mapping[date, str], chained: bool, by: str) -> dict[date, str]:
    """The fingerprint of each day from what is given of it, in order of the days; `by` names the module that
    computes them.
    """
    code = code_version(by)
    found: dict[date, str] = {}
    before = ""
    for day in sorted(given):
        found[day] = digest(code, name, day.isoformat(), given[day], before if chained else "")
        before = found[day]
    return found


def what_stays(
    fingerprints: Mapping[date, str], entries: Mapping[date, DayEntry], whole: Collection[date], chained: bool
) -> dict[date, DayEntry]:
    """The entries that are true still and whose content is whole; of chained days, those before the first
    that is not.
    """
    stay: dict[date, DayEntry] = {}
    for day, fingerprint in fingerprints.items():
        entry = entries.get(day)
        if entry is not None and entry.fingerprint == fingerprint and day in whole:
            stay[day] = entry
        elif chained:
            break
    return stay
