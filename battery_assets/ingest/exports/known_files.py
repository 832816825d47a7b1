"""What is remembered of a file that was read, so that it need not be read again for days that stay."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass
class Share:
    """What became of the good rows that a file has of one day: numbers, and lines of those in conflict."""

    loaded: int = 0
    exact: int = 0
    superseded: int = 0
    conflicting: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class KnownFile:
    """The file's share of each day that it has rows of, and its notes with how often each was made."""

    shares: Mapping[date, Share]
    notes: Mapping[str, int]

    def document(self) -> dict[str, Any]:
        """As it is kept in the books."""
        shares = {
            day.isoformat(): [share.loaded, share.exact, share.superseded, share.conflicting]
            for day, share in self.shares.items()
        }
        return {"shares": shares, "notes": dict(self.notes)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "KnownFile":
        """What `document` gave."""
        shares = {date.fromisoformat(day): Share(*share) for day, share in document["shares"].items()}
        return cls(shares, document["notes"])
