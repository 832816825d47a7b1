"""What the store knew at an instant.

The books say since when the rows of each partition are what they are, and when it was there at first. One
whose rows are older than the instant is as it was then, however often it was made again to the same bits; one
that came later was not there. Of one whose rows have changed since, what it held before is not kept: such a
question is refused with the reason. Master data stand as they are now.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from battery_assets.errors import UserError
from battery_assets.platform.registry.tables import partition_version as version


class PastNotKept(UserError):
    """What was known then cannot be told any more."""


@dataclass(frozen=True)
class Knowledge:
    """What was known at `as_of`; None: now."""

    as_of: datetime | None = None

    def of(self, table: sa.Table, named: sa.FromClause | None = None) -> sa.ColumnElement[bool]:
        """The condition that a row's partition was there; `named` is an alias of the table."""
        if self.as_of is None or table.info.get("newest_wins") or table.info.get("cut") == "whole":
            return sa.true()
        columns = (table if named is None else named).c
        mine = [version.c[name] == columns[name] for name in ("site", "month") if name in columns]
        is_known = version.c.known_since <= self.as_of
        return sa.exists().where(version.c.table_name == table.name, is_known, *mine)

    def until(self, column: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
        """The condition that something was entered by then; for rows that are never changed."""
        return sa.true() if self.as_of is None else column <= self.as_of

    def refuse_made_again(
        self,
        connection: sa.Connection,
        tables: Iterable[sa.Table],
        sites: Sequence[str] | None,
        months: Sequence[str] | None = None,
    ) -> None:
        """PastNotKept where a partition that the answer needs has other rows since; it names the latest."""
        names = [table.name for table in tables if not table.info.get("newest_wins")]
        if self.as_of is None or not names:
            return
        again = [version.c.table_name.in_(names), version.c.known_since > self.as_of]
        again.append(version.c.first_committed_at <= self.as_of)
        if sites is not None:
            again.append(version.c.site.in_([*sites, ""]))
        if months:
            again.append(version.c.month.in_([*months, ""]))
        query = sa.select(version).where(*again).order_by(version.c.known_since.desc()).limit(1)
        row = connection.execute(query).one_or_none()
        if row is not None:
            part = "|".join(word for word in (row.month, row.site) if word)
            raise PastNotKept(
                f"{row.table_name} {part} was made again at {row.known_since:%Y-%m-%dT%H:%M:%SZ} with other "
                "rows; what it held before is not kept",
                "give a later as_of, or narrow site and month to partitions that have not changed since",
            )


NOW = Knowledge()
