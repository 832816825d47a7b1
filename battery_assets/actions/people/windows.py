"""How many requests of somebody are let through in a minute: a count of this minute and of the one before.

The minute before counts by the share of it that is within the last 60 s, so that no edge of a minute lets
twice as many through. One process counts for itself.
"""

import threading
from collections import OrderedDict

PERIOD_S = 60.0


class Window:
    """The last minute's requests of one."""

    __slots__ = ("before", "count", "period")

    def __init__(self) -> None:
        self.period, self.count, self.before = -1, 0, 0

    def wait_s(self, limit: int, now_s: float, take: bool = True) -> float:
        """0 where one more is let through, which it then counts; else the seconds until one would be."""
        period, into = divmod(now_s, PERIOD_S)
        if period != self.period:
            self.before = self.count if period == self.period + 1 else 0
            self.period, self.count = int(period), 0
        left = 1.0 - into / PERIOD_S
        if self.before * left + self.count < limit:
            self.count += take
            return 0.0
        if self.count < limit:
            return PERIOD_S * (left - (limit - self.count) / self.before)
        return PERIOD_S * (left + 1.0 - limit / self.count)


class Windows:
    """Windows of many, the longest unused forgotten first."""

    def __init__(self, most: int = 10_000) -> None:
        self.most, self._of, self._lock = most, OrderedDict[str, Window](), threading.Lock()

    def __contains__(self, who: str) -> bool:
        return who in self._of

    def wait_s(self, who: str, limit: int, now_s: float, take: bool = True) -> float:
        """As Window says, of one of them."""
        with self._lock:
            window = self._of.get(who)
            if window is None:
                window = self._of[who] = Window()
                if len(self._of) > self.most:
                    self._of.popitem(last=False)
            else:
                self._of.move_to_end(who)
            return window.wait_s(limit, now_s, take)
