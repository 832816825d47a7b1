"""Dagster's PostgreSQL storage for workers that write many events: connections are kept between queries."""

from typing import TYPE_CHECKING, Any

from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import create_pg_engine, get_token_provider_from_config, pg_url_from_config

from battery_assets.hosting.events.ticks import Ticks
from battery_assets.hosting.events.written import EventLog
from battery_assets.platform.warehouse.pool import ask_after_rest

if TYPE_CHECKING:
    from dagster._serdes import ConfigurableClassData
    from dagster_postgres.auth import PgTokenProvider

# Two are kept, for a query inside another; the rest of a burst of the daemon's threads is closed again.
POOL = {"pool_size": 2, "max_overflow": -1, "isolation_level": "AUTOCOMMIT"}
# Whoever commits rows to the warehouse waits for the disk, and with them for every event before; an event
# alone does not wait. A machine that loses its power may lose the last half second of the log.
UNHURRIED = "-c synchronous_commit=off"


class PooledPostgresStorage(DagsterPostgresStorage):
    """What `storage: postgres:` is, but a run of a site's month opens 3 connections instead of 1,300.

    Dagster itself keeps connections in its web server only; a run worker logs in anew for each query.
    """

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: "ConfigurableClassData | None" = None,
        token_provider: "PgTokenProvider | None" = None,
    ) -> None:
        super().__init__(postgres_url, should_autocreate_tables, inst_data, token_provider)
        options = str(self._run_storage._engine.url.query.get("options", ""))
        arguments = {"options": f"{options} {UNHURRIED}".strip()}
        engine = create_pg_engine(postgres_url, token_provider, connect_args=arguments, **POOL)
        ask_after_rest(engine)
        self._event_log_storage = EventLog(postgres_url, token_provider)
        self._schedule_storage = Ticks(
            postgres_url, should_autocreate_tables=False, token_provider=token_provider
        )
        for store in (self._run_storage, self._event_log_storage, self._schedule_storage):
            store._engine = engine

    @classmethod
    def from_config_value(
        cls, inst_data: "ConfigurableClassData | None", config_value: Any
    ) -> "PooledPostgresStorage":
        """Made from the same settings as `storage: postgres:` takes."""
        return cls(
            pg_url_from_config(config_value),
            config_value.get("should_autocreate_tables", True),
            inst_data,
            get_token_provider_from_config(config_value),
        )
