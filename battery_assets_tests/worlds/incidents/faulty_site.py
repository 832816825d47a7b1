"""A small site whose alerts a test writes month by month, and whose incidents the assets themselves make."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import sqlalchemy as sa

from battery_assets import definitions
from battery_assets import tables as t
from battery_assets.platform import clock
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import empty, polars_schema
from battery_assets_tests.worlds.months.nightly import CONFIG, bodies

MASTER = (t.location, t.battery_system, t.string, t.battery, t.environmental_sensor)
SITE = "phuket"
# Alerts hold as of the newest month of which telemetry came.
_CAME = sa.text(
    "INSERT INTO platform.partition_version (table_name, site, month, claimed, version, rows, state) "
    "VALUES ('telemetry_string_raw', :site, :month, 1, 1, :rows, 'current') "
    "ON CONFLICT (table_name, site, month) DO UPDATE SET rows = excluded.rows"
)


class FaultySite:
    """A synthetic site of two strings of six jars, of which only master data are made."""

    def __init__(self, warehouse: Warehouse, folder: str) -> None:
        self.warehouse, self.landing = warehouse, Landing(folder=folder)
        with warehouse.transaction() as connection:
            registry.put_site(connection, SITE, "synthetic", {**CONFIG, "jars_per_string": 6})
        for catalogue in ("battery_model", "user"):
            [asset] = [a for a in definitions.assets if a.key.path[-1] == catalogue]
            asset.node_def.compute_fn.decorated_fn(Part(), warehouse=warehouse, landing=self.landing)
        self._run(MASTER, "2025-01", landing=self.landing)
        self.jars = warehouse.read(t.battery, Part(SITE, "2025-01")).collect().sort("battery_code")
        [self.place] = warehouse.read(t.location, Part(SITE)).collect()["location_id"]

    def _run(self, tables: Iterable[Any], month: str, **given: Any) -> None:
        part = Part(SITE, month)
        with clock.stop_at(part.end + timedelta(hours=2)):
            for table in tables:
                bodies()[table.name](part, warehouse=self.warehouse, **given)

    def alert(self, jar: int, begin: str, end: str | None = None, **told: Any) -> dict[str, Any]:
        """An alert of a jar, of its string (`of="string"`) or of the place: a critical low float by default."""
        signal, severity = told.get("signal", "float_below_median"), told.get("severity", "critical")
        kind, of = told.get("kind", "voltage_low"), told.get("of", "jar")
        row, value = self.jars.row(jar, named=True), told.get("value", 1.6)
        return {
            "alert_id": identity("alert", kind, signal, jar, begin),
            "battery_id": row["battery_id"] if of == "jar" else None,
            "string_id": row["string_id"] if of != "place" else None,
            "location_id": self.place,
            "alert_type": kind,
            "severity": severity,
            "source": "rule_engine",
            "triggered_at": _at(begin),
            "resolved_at": _at(end) if end else None,
            "status": "resolved" if end else "active",
            "message": f"{signal} of {row['battery_code']}",
            "context_json": json.dumps(
                {
                    "signal": signal,
                    "signals": [f"{signal} {severity}"],
                    "value": value,
                    "threshold": 0.45,
                    "unit_code": row["battery_code"],
                }
            ),
        }

    def run(
        self, month: str, *alerts: dict[str, Any], work: Iterable[dict] = (), silent: bool = False
    ) -> None:
        """Write what a month brought, and make its incidents and work orders.

        work: rows of maintenance_event. silent: no data came of any jar.
        """
        part = Part(SITE, month)
        jars = self.jars.select("battery_id").clear() if silent else self.jars.select("battery_id")
        features = jars.with_columns(
            feature_ts=pl.lit(part.start + timedelta(days=1)), feature_window_hours=24
        )
        self._put(t.feature_store, part, features)
        self._put(t.alert, part, pl.DataFrame(list(alerts), infer_schema_length=None))
        self._put(t.maintenance_event, part, pl.DataFrame(list(work), infer_schema_length=None))
        with self.warehouse.transaction() as connection:
            told = {"site": SITE, "month": month, "rows": 0 if silent else 1}
            connection.execute(_CAME, told)
        self.again(month)

    def again(self, month: str) -> None:
        """Make incidents and work orders of a month again."""
        self._run((t.incident, t.work_order), month)

    def _put(self, table: Any, part: Part, rows: pl.DataFrame) -> None:
        schema = polars_schema(table)
        whole = pl.concat([empty(table), rows], how="diagonal_relaxed") if rows.height else empty(table)
        ready = whole.select(pl.col(name).cast(kind) for name, kind in schema.items())
        self.warehouse.replace(table, self.warehouse.claim(table, part), ready)

    def replaced(self, jar: int, at: str) -> dict[str, Any]:
        """The record of a jar's replacement."""
        return self.visit(
            "replacement", at, battery_id=self.jars["battery_id"][jar], event_subtype="shorted_cell"
        )

    def visit(self, kind: str, at: str, **more: Any) -> dict[str, Any]:
        """A finished visit to the place, an hour long."""
        end = _at(at)
        return {
            "event_id": identity("event", kind, at, str(more)),
            "location_id": self.place,
            "event_type": kind,
            "scheduled_date": end - timedelta(hours=1),
            "completed_date": end,
            "status": "completed",
            "created_at": end,
            "updated_at": end,
            **more,
        }

    def asked(self, query: str, **told: Any) -> list[dict[str, Any]]:
        """Rows of a query."""
        with self.warehouse.reading() as connection:
            return [dict(row) for row in connection.execute(sa.text(query), told).mappings()]


def _at(words: str) -> datetime:
    return datetime.fromisoformat(f"{words}+00:00")
