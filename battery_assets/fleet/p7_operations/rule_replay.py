"""The rules replayed: what the alerts of the last twelve months were worth, by what came true."""

from datetime import datetime
from typing import Any

import dagster as dg
import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.fleet.jars import site_history
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.identity import identity

MONTHS = 12


@dg.asset(
    **materializes(
        t.rule_replay,
        reads=[t.battery],
        history=[t.alert, t.maintenance_event, t.digital_twin_state],
        history_months=MONTHS - 1,
        # Alerts of the month are complete once incidents have been made of them.
        after=[t.incident],
    )
)
def rule_replay(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.operations.replay import onsets, outcomes, renewed, replay

    part = warehouse.claim(t.rule_replay, context)
    said = onsets(_history(warehouse, t.alert, part))
    events = _history(warehouse, t.maintenance_event, part)
    states = _history(warehouse, t.digital_twin_state, part).select("battery_id", "captured_at", "fault")
    faults = states.filter(pl.col("fault").is_not_null()).select("battery_id", at="captured_at")
    strings = warehouse.read(t.battery, part, ["battery_id", "string_id"]).collect()
    newest: Any = states["captured_at"].max()
    until = min(part.end, newest or part.end)
    replayed = replay(
        said, outcomes(events, faults), renewed(events), strings.unique("battery_id"), states.height, until
    )
    rows = _rows(replayed, part, until)
    shown = dict(
        rows.drop_nulls("precision").select("signal", pl.col("precision").cast(pl.Float64)).iter_rows()
    )
    return warehouse.replace(t.rule_replay, part, rows, metadata={"precision by signal": shown})


def _history(warehouse: Warehouse, table: sa.Table, part: Part) -> pl.DataFrame:
    return site_history(warehouse, table, part, MONTHS - 1)


def _rows(replayed: pl.DataFrame, part: Part, until: datetime) -> pl.DataFrame:
    first = part.start.year * 12 + part.start.month - MONTHS
    begin = part.start.replace(year=first // 12, month=first % 12 + 1)
    ids = [
        identity("rule_replay", str(part.site), str(part.month), *key)
        for key in replayed.select("alert_type", "signal").iter_rows()
    ]
    return replayed.with_columns(
        pl.Series("replay_id", ids, dtype=pl.String),
        judged_from=pl.lit(begin, pl.Datetime("us", "UTC")),
        judged_until=pl.lit(until, pl.Datetime("us", "UTC")),
    )
