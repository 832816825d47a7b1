"""Which turn of an object's being open was told last, and whether its end was: the books of what was said.

A fault comes and goes. Its incident's identifier follows from when it began, which a late month may move:
what was told of it stands here, by the object alone.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from battery_assets.platform.outbox.kinds import Kind
from battery_assets.tables.service.messages import outbox


@dataclass(frozen=True)
class Turn:
    """The newest turn that was told, 0 for none, and whether its end was told."""

    number: int = 0
    ended: bool = True

    @property
    def if_open(self) -> int:
        """The turn of an object that is open now."""
        return self.number + 1 if self.ended else self.number


def turns(connection: sa.Connection, opening: Kind, ending: Kind, site: str) -> dict[str, Turn]:
    """Of each object of a site, as events name it in `same_as`, the newest turn."""
    o = outbox.c
    query = sa.select(o.dedupe_key).where(o.event_type.in_([opening.name, ending.name]), o.site == site)
    turned: dict[str, dict[str, int]] = {}
    for key in connection.execute(query).scalars():
        kind, _, rest = key.split("|", 2)
        same, _, number = rest.rpartition("|")
        newest = turned.setdefault(same, {opening.name: 0, ending.name: 0})
        newest[kind] = max(newest[kind], int(number))
    return {same: Turn(of[opening.name], of[ending.name] >= of[opening.name]) for same, of in turned.items()}
