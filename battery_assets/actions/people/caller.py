"""Who asks, and what they may: the same for a key and for a person who signed in."""

from dataclasses import dataclass
from datetime import datetime

READ = ("fleet:read", "lab:read", "experiments:read", "platform:read")
OPERATE, PREDICT, WORK, ADMINISTER = "operations:write", "predictions:write", "jobs:write", "people:write"
SCOPES = (*READ, OPERATE, PREDICT, WORK, ADMINISTER)
BY_ROLE = {
    "viewer": frozenset(READ),
    "operator": frozenset({*READ, OPERATE, PREDICT}),
    "engineer": frozenset({*READ, OPERATE, PREDICT, WORK}),
    "admin": frozenset(SCOPES),
}
# Who may start work, or give rights to others, does so with a second factor only (ASVS 6.3.3).
WITH_SECOND_FACTOR = ("admin", "engineer")
EVERY_SITE = "*"


@dataclass(frozen=True)
class Caller:
    """Who asks.

    number: as key:12 or user:3, in logs and limits. sites: None for all. ceiling: nothing that became known
    later is seen. rate_limit: requests a minute. fresh: proved who they are within the last minutes.
    must_enrol: the role's other scopes come with a second factor, which this person has yet to set up.
    """

    number: str
    name: str
    scopes: frozenset[str]
    sites: frozenset[str] | None = None
    ceiling: datetime | None = None
    user_id: int = 0
    role: str = "viewer"
    rate_limit: int = 1200
    key_id: int | None = None
    session_id: int | None = None
    fresh: bool = False
    must_enrol: bool = False

    def as_of(self, asked: datetime | None) -> datetime | None:
        """The instant whose knowledge it gets: what it asks for, its ceiling at most."""
        return min((one for one in (asked, self.ceiling) if one is not None), default=None)

    def sees(self, site: str) -> bool:
        """Whether a site is among its own."""
        return self.sites is None or site in self.sites


def sites_of(*each: list[str]) -> frozenset[str] | None:
    """The sites that are in each list; None where each holds every site."""
    named = [frozenset(one) for one in each if EVERY_SITE not in one]
    return frozenset.intersection(*named) if named else None
