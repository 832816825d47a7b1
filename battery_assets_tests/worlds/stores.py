"""Rows put into a warehouse as an asset does it, and a run put into MLflow."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.experiments import Experiment
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

CONTENT = b"not a real model, but real bytes"
RUL, NOTE = Experiment("rul", "Lives.", ("c_index",), ("depth",)), "Lives of jars."
PART = Part("alpha", "2025-03")
NOW = datetime(2025, 3, 1, tzinfo=UTC)
GOOD = {
    "region": "central", "city": "Bangkok", "timezone": "UTC", "created_at": NOW, "updated_at": NOW,
    "system_type": "UPS", "string_position": 1, "batteries_count": 1, "position_in_string": 1, "status": "active",
    "title": "x", "severity": "critical", "source": "rule_engine", "alert_type": "voltage_low", "message": "low",
    "triggered_at": NOW, "priority": "high", "test_date": NOW, "test_type": "full_discharge", "pass_fail": "pass",
    "fault": "jar|x", "model_type": "catboost_rul", "version": "1", "predicted_at": NOW, "rul_days": 100.0,
}  # fmt: skip


def part_of(table: sa.Table, part: Part = PART) -> Part:
    """The part as the table is cut."""
    cut = table.info["cut"]
    return Part(part.site if cut == "site_month" else None, None if cut == "whole" else part.month)


def stamped(table: sa.Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Tables that are not cut say of each row which site brought it."""
    return rows.with_columns(site=pl.lit("alpha")) if table.info["cut"] == "whole" else rows


def kept(warehouse: Warehouse, table: sa.Table, rows: pl.DataFrame, part: Part = PART) -> str:
    """Claim and replace. Returns the checksum."""
    claimed = warehouse.claim(table, part_of(table, part))
    return warehouse.replace(table, claimed, stamped(table, rows)).metadata["sha256"]


def rows(table: sa.Table, *given: dict) -> pl.DataFrame:
    """Good rows of a table with what is given; ids and codes are made from `name`."""
    made = []
    for one in given:
        name = one["name"]
        row = {column: GOOD.get(column) for column in polars_schema(table)}
        enums = {
            c.name: c.info["values"] for c in table.columns if c.info["kind"] == "enum" and not c.nullable
        }
        row |= {column: values[0] for column, values in enums.items() if row[column] not in values}
        [key, *_] = [c.name for c in table.primary_key.columns]
        row[key] = identity(table.name, name)
        for column in row:
            if column.endswith(("_code", "_name")) and table.c[column].info["kind"] == "text":
                row[column] = name
        made.append({**row, **{word: value for word, value in one.items() if word in row}})
    schema = polars_schema(table)
    return pl.DataFrame([{c: row[c] for c in schema} for row in made], schema)


def of(table: sa.Table, name: str) -> str:
    """The id that `rows` gives to a row of this name."""
    return identity(table.name, name)


def _figure():
    from matplotlib.figure import Figure

    figure = Figure()
    figure.add_subplot().plot([1, 2])
    return figure


def registered(tracking: Tracking, folder: Path, name: str) -> tuple[str, str]:
    """The run's id, and the version of its file."""
    model = folder / "model.cbm"
    model.write_bytes(CONTENT)
    with tracking.run(RUL, "2026-10|bkk", {"partition": "2026-10|bkk"}) as run:
        run.log_params({"depth": 4, "distributions": ("Normal", "Extreme")})
        run.log_metrics({"c_index": 0.9, "not_computable": float("nan")})
        for step in range(250):
            run.log_metrics({"nll": 1.0 / (1 + step)}, step)
        run.log_inputs({"feature_store 2026-09|bkk": "ab" * 32, "feature_store 2026-10|bkk": "cd" * 32})
        run.log_figure(_figure(), "figures/importance.png")
        run.log_table(pl.DataFrame({"jar": ["a"], "rul_days": [12.5]}), "tables/worst.csv")
        run.log_artifact_file(model, "model")
    return run.run_id, tracking.register(name, run.run_id, "model/model.cbm", NOTE, {"cutoff": "2026-11-01"})
