"""Who looks, and at which instant: every overview is asked with both."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import sqlalchemy as sa

from battery_assets.actions.people.caller import Caller
from battery_assets.actions.reading.knowledge import Knowledge
from battery_assets.platform import clock
from battery_assets.platform.warehouse.resource import Warehouse

Row = Mapping[str, Any]
_SHOW = sa.text("SELECT set_config('battery.as_of', :instant, true)")


@dataclass(frozen=True)
class Reader:
    """sites: those that may be seen, None for all. as_of: nothing that became known later is shown."""

    sites: frozenset[str] | None = None
    as_of: datetime | None = None

    @classmethod
    def of(cls, caller: Caller, as_of: datetime | None) -> "Reader":
        """A caller who asks for an instant."""
        return cls(caller.sites, caller.as_of(as_of))

    @property
    def now(self) -> datetime:
        """The instant that ages are counted to."""
        return min(clock.now(), self.as_of) if self.as_of else clock.now()

    @property
    def terms(self) -> dict[str, Any]:
        """Parameters of statements: `sites` is NULL where every site may be seen."""
        return {"sites": None if self.sites is None else sorted(self.sites), "now": self.now}

    @property
    def query(self) -> str:
        """What an address ends with, so that what it shows is of the same instant."""
        return "" if self.as_of is None else f"?as_of={self.as_of.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"

    def sees(self, site: str) -> bool:
        """Whether a site is among the reader's."""
        return self.sites is None or site in self.sites

    @contextmanager
    def reading(
        self, warehouse: Warehouse, *tables: sa.Table, sites: Iterable[str] | None = None
    ) -> Iterator[sa.Connection]:
        """A connection whose views show what was known.

        Raises PastNotKept where a partition of one of the tables that the answer needs was made again since.
        """
        if self.as_of is None:
            with warehouse.reading() as connection:
                yield connection
            return
        with warehouse.transaction() as connection:
            of = sorted(sites) if sites is not None else self.terms["sites"]
            Knowledge(self.as_of).refuse_made_again(connection, tables, of)
            connection.execute(_SHOW, {"instant": self.as_of.isoformat()})
            yield connection

    def rows(self, connection: sa.Connection, statement: sa.TextClause, **terms: Any) -> list[Row]:
        """The rows of a statement; of its parameters `sites` and `now` are the reader's."""
        own = {name: value for name, value in self.terms.items() if name in statement._bindparams}
        mappings = connection.execute(statement, {**own, **terms}).mappings().all()
        return [cast(Row, row) for row in mappings]
