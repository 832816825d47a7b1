"""Days that several tables of a synthetic site are made from, kept as long as they are small."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Generic, TypeVar

from battery_assets.synthetic.site import SyntheticSite

Day = TypeVar("Day")


class RecentDays(Generic[Day]):
    """A function that makes dataclasses of arrays of days; the newest are kept, up to so many bytes."""

    def __init__(self, make: Callable[[SyntheticSite, int], Day], most_bytes: int) -> None:
        self._make, self._most_bytes, self.__doc__ = make, most_bytes, make.__doc__
        self._kept: dict[tuple[SyntheticSite, int], Day] = {}

    def __call__(self, site: SyntheticSite, day: int) -> Day:
        """The day, as it was made or made now."""
        made = self._kept.pop((site, day), None)
        if made is None:
            made = self._make(site, day)
        self._kept[site, day] = made
        while len(self._kept) > 1 and sum(map(_bytes, self._kept.values())) > self._most_bytes:
            self._kept.pop(next(iter(self._kept)), None)
        return made

    def cache_clear(self) -> None:
        """Forget all days."""
        self._kept.clear()


def _bytes(day: Any) -> int:
    return sum(getattr(day, field.name).nbytes for field in fields(day))
