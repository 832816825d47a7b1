"""Dagster's store of schedules, sensors and their ticks: which tables it has is asked once.

Dagster lists the tables of the database before each of its queries here, up to eight times for a tick. A
table that is there stays, and so does an index that was built.
"""

from typing import TYPE_CHECKING, Any

from dagster_postgres import PostgresScheduleStorage

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Ticks(PostgresScheduleStorage):
    """What is missing is asked for each time, as it may be made meanwhile."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._there: set[str] = set()
        super().__init__(*arguments, **options)

    def has_instigators_table(self) -> bool:
        """Whether the database has the table of schedules and sensors by selector."""
        return "instigators" in self._there or super().has_instigators_table()

    def _has_instigators_table(self, conn: "Connection") -> bool:
        if "instigators" not in self._there and super()._has_instigators_table(conn):
            self._there.add("instigators")
        return "instigators" in self._there

    def has_built_index(self, migration_name: str) -> bool:
        """Whether a migration of data was carried out."""
        if migration_name not in self._there and super().has_built_index(migration_name):
            self._there.add(migration_name)
        return migration_name in self._there
