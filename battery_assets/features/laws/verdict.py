"""What an invariant says of a partition: what was looked at, and where the law does not hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Finding:
    """One place where a law does not hold. `measured` and `limit` are in `unit`.

    string_id: the string that it concerns, where data break the law; days: the first and the last of them.
    """

    where: str
    when: str
    expected: str
    found: str
    measured: float
    limit: float
    unit: str
    string_id: str | None = None
    days: tuple[date, date] | None = None

    @property
    def words(self) -> str:
        """The finding as one sentence."""
        return f"{self.where}, {self.when}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True)
class Verdict:
    """`judged` says in words what was looked at, or why nothing could be; `next_step` is for the operator."""

    judged: str
    next_step: str
    findings: Sequence[Finding] = ()
    facts: Mapping[str, float] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether the law holds wherever it could be judged."""
        return not self.findings

    @property
    def words(self) -> str:
        """The verdict for people: the first findings with the next step, or what was found to hold."""
        if self.holds:
            return self.judged
        shown = "; ".join(finding.words for finding in self.findings[:3])
        more = len(self.findings) - 3
        return f"{shown}{f'; and {more} more' if more > 0 else ''}. Next step: {self.next_step}"
