"""Which days of a partition are still to be made, and what the days that stay hand on to them.

A day stays where everything it was made from is what it was: the code, its input files, whatever else the
caller names, and for tables whose days build on each other the day before.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from battery_assets.platform.days.code_version import code_version
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.saved import Values, packed, unpacked
from battery_assets.platform.warehouse.profile import Profile

# What a materialization calls the number of days that were damaged or changed by others.
MENDED = "days mended"


@dataclass(frozen=True)
class DayEntry:
    """What the books say of a day: `path` in the lake; rows, sha256 and profile where PostgreSQL has them."""

    day: date
    input_hash: str
    path: str | None = None
    rows: int | None = None
    sha256: str | None = None
    profile: Profile | None = None
    saved: bytes | None = None


@dataclass
class DayPlan:
    """The days to make, in order, and the entries of those that stay.

    `mended` are days that would have stayed, had their content still been what was written.

    Every day of `to_make` is made, in their order, and arrays and frames of each may be saved.
    """

    input_hashes: Mapping[date, str]
    unchanged: dict[date, DayEntry]
    mended: tuple[date, ...] = ()
    _saved: dict[date, bytes] = field(default_factory=dict)

    @property
    def to_make(self) -> list[date]:
        """The days to make."""
        return [day for day in self.input_hashes if day not in self.unchanged]

    def make_again(self, days: Iterable[date]) -> None:
        """Let these days not stay, though they would be made from the same."""
        for day in days:
            self.unchanged.pop(day, None)

    def save(self, day: date, values: Values | None) -> None:
        """Keep with a day what later days, or the end of the month, need to know of it; of None nothing."""
        if values is not None:
            self._saved[day] = packed(values)

    def saved(self, only: Collection[date] | None = None) -> Iterator[tuple[date, Any]]:
        """What was saved of each day, or of `only` these, in order: the unchanged ones and those made."""
        for day in self.input_hashes:
            if only is not None and day not in only:
                continue
            entry = self.unchanged.get(day)
            content = entry.saved if entry else self._saved.get(day)
            if content is not None:
                yield day, unpacked(content)

    @property
    def shown(self) -> dict[str, int]:
        """What a materialization tells of it."""
        counts = {"days made": len(self.to_make), "days kept": len(self.unchanged)}
        return counts | ({MENDED: len(self.mended)} if self.mended else {})

    def entry(self, day: date, **facts: Any) -> DayEntry:
        """The books' entry of a day that was made. Raises ValueError for a day that was not to be made."""
        if day not in self.input_hashes or day in self.unchanged:
            raise ValueError(f"{day} is not one of the days to make")
        return DayEntry(day, self.input_hashes[day], saved=self._saved.get(day), **facts)


def input_hashes_of(name: str, inputs: Mapping[date, str], chained: bool, by: str) -> dict[date, str]:
    """The input hash of each day from what is given of it, in order of the days; `by` names the module that
    computes them.
    """
    code = code_version(by)
    hashes: dict[date, str] = {}
    before = ""
    for day in sorted(inputs):
        hashes[day] = digest(code, name, day.isoformat(), inputs[day], before if chained else "")
        before = hashes[day]
    return hashes


def unchanged_days(
    input_hashes: Mapping[date, str], entries: Mapping[date, DayEntry], whole: Collection[date], chained: bool
) -> dict[date, DayEntry]:
    """The entries that are true still and whose content is whole; of chained days, those before the first
    that is not.
    """
    stay: dict[date, DayEntry] = {}
    for day, input_hash in input_hashes.items():
        entry = entries.get(day)
        if entry is not None and entry.input_hash == input_hash and day in whole:
            stay[day] = entry
        elif chained:
            break
    return stay
