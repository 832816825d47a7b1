"""What the page of a month shows, read from the tables and views as of the month's end."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.features.fleet_page import contents as c
from battery_assets.fleet.order_lines import ORDERS
from battery_assets.platform import clock
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_SOURCES
from battery_assets.platform.warehouse.resource import Warehouse

LOADS = ("measured_load", "system_rating", "rated_15min", "rated_1h")
LIFE_MODEL = "catboost_rul"
MOST_MODELS = 3
_DONE = "('completed', 'closed')"
_ORDERS = sa.text(
    ORDERS
    + f"""
JOIN operations.work_order o ON o.work_order_id = w.work_order_id AND o.month = :month
WHERE o.status NOT IN {_DONE} AND w.created_at < :until
  AND (w.status NOT IN {_DONE} OR coalesce(w.completed_at, i.resolved_at, i.closed_at) >= :until)
ORDER BY w.site, w.due_date, w.work_order_id
"""
)
_INCIDENTS = sa.text("""
SELECT i.site, i.incident_id, i.incident_code, o.severity, i.title, i.rca_code, i.created_at,
       CASE WHEN i.status IN ('resolved', 'closed') THEN coalesce(i.resolved_at, i.closed_at) END AS ended_at,
       o.status IN ('open', 'investigating') AND i.created_at < :until
           AND (i.status IN ('open', 'investigating')
                OR coalesce(i.resolved_at, i.closed_at) >= :until) AS open
FROM fleet.incident i
JOIN operations.incident o ON o.incident_id = i.incident_id AND o.month = :month
ORDER BY i.site, i.created_at, i.incident_code
""")
_STALE = sa.text("SELECT site FROM fleet.stale_months WHERE month = :month ORDER BY site")


def fleet_month(warehouse: Warehouse, part: Part) -> tuple[c.FleetMonth, list[dict[str, Any]]]:
    """A month of every site, and its work orders that were not done at its end, as rows of ORDERS."""
    until = min(part.end, max(clock.now(), part.start))
    at = {"month": part.month, "until": until}
    with warehouse.reading() as connection:
        rows = registry.sites(connection)
        orders = [dict(row) for row in connection.execute(_ORDERS, at).mappings()]
        incidents = [dict(row) for row in connection.execute(_INCIDENTS, at).mappings()]
        stale = list(connection.execute(_STALE, {"month": part.month}).scalars())
    for table in (t.incident, t.work_order):
        warehouse.note(table)
    sites = sorted(row.site for row in rows if row.source not in LAB_SOURCES)
    each = [_site_month(warehouse, Part(site, part.month), until) for site in sites]

    def of_all(place: int, schema: Mapping[str, Any]) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=schema), *(frames[place] for frames in each)])

    month = c.FleetMonth(
        month=str(part.month),
        start=part.start,
        until=until,
        sites=sites,
        jars=of_all(0, c.JARS),
        renewed=of_all(1, c.RENEWED),
        strings=of_all(2, c.STRINGS),
        rules=of_all(3, c.RULES),
        incidents=_with_orders(incidents, orders),
        orders={site: sum(order["site"] == site for order in orders) for site in sites},
        places=of_all(4, c.PLACES),
        models=_models(warehouse, part),
        stale=[site for site in stale if site in sites],
    )
    return month, orders


def _site_month(warehouse: Warehouse, part: Part, until: datetime) -> tuple[pl.DataFrame, ...]:
    """Jars, renewals, strings, rules and place of a site, with the columns of the page."""
    strings = warehouse.read(t.string, part, ["string_id", "string_code"]).collect()
    columns = [
        "battery_id",
        "battery_code",
        "string_id",
        "position_in_string",
        "installed_date",
        "replaced_date",
    ]
    batteries = warehouse.read(t.battery, part, columns).collect().join(strings, on="string_id", how="left")
    codes = batteries.select("battery_id", "battery_code")
    replaced = pl.col("replaced_date")
    renewed = batteries.filter(replaced >= part.start.date(), replaced < until.date()).select(
        pl.lit(part.site).alias("site"), jar="battery_code", replaced_date="replaced_date"
    )
    return (
        _jars(warehouse, part, batteries, until),
        renewed,
        _strings(warehouse, part, strings, codes),
        _of_page(warehouse.read(t.rule_replay, part).collect(), part, c.RULES),
        _place(warehouse, part),
    )


def _place(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """The coordinates of a site: those of its first location that has them."""
    where = warehouse.read(t.location, part, ["location_id", "latitude", "longitude"]).collect()
    located = where.drop_nulls().sort("location_id").head(1)
    return _of_page(located, part, c.PLACES)


def _jars(warehouse: Warehouse, part: Part, batteries: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """Jars in service at the month's end, their state and prediction, and those of a month before."""
    replaced, installed = pl.col("replaced_date"), pl.col("installed_date")
    served = batteries.filter(
        replaced.is_null() | (replaced >= until.date()), installed.is_null() | (installed <= until.date())
    )
    for when, month in (("", part), ("_before", part.before)):
        states = warehouse.read(
            t.digital_twin_state, month, ["battery_id", "captured_at", "soh_pct", "fault"]
        ).collect()
        lives = warehouse.read(
            t.rul_prediction,
            month,
            ["battery_id", "predicted_at", "rul_days", "rul_lower_ci_days", "rul_upper_ci_days",
             "failure_probability_90d", "source"],
        ).collect()  # fmt: skip
        for newest in (_newest(states, "captured_at"), _newest(lives, "predicted_at")):
            served = served.join(newest, on="battery_id", how="left", suffix=when)
    named = served.rename(
        {
            "battery_code": "jar",
            "position_in_string": "position",
            "rul_lower_ci_days": "rul_lower_days",
            "rul_upper_ci_days": "rul_upper_days",
            "failure_probability_90d": "p90",
            "failure_probability_90d_before": "p90_before",
            "soh_pct_before": "soh_before_pct",
        }
    ).with_columns(string=pl.col("string_code").fill_null("no string"))
    return _of_page(named, part, c.JARS)


def _newest(rows: pl.DataFrame, at: str) -> pl.DataFrame:
    return rows.sort(at).unique("battery_id", keep="last", maintain_order=True).drop(at)


def _strings(warehouse: Warehouse, part: Part, strings: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """Each string at its own load: what was measured goes before what is rated."""
    order = pl.col("load_basis").replace_strict(dict(zip(LOADS, range(len(LOADS)), strict=True)))

    def own(month: Part) -> pl.DataFrame:
        rows = (
            warehouse.read(t.string_runtime, month)
            .collect()
            .sort(order, "captured_at", descending=[False, True])
        )
        return rows.unique("string_id", keep="first", maintain_order=True)

    before = own(part.before).select("string_id", "load_basis", p_before="ride_through_probability")
    named = (
        own(part)
        .join(strings, on="string_id")
        # Another load is another question: then nothing is said to have changed.
        .join(before, on=["string_id", "load_basis"], how="left")
        .join(codes, left_on="weakest_battery_id", right_on="battery_id", how="left")
        .rename({"battery_code": "weakest"})
        .join(codes, left_on="change_first_battery_id", right_on="battery_id", how="left")
        .rename({"battery_code": "change_first", "string_code": "string", "load_basis": "load"})
        .rename({"ride_through_probability": "p"})
        .with_columns(because=pl.coalesce(pl.col("limited_by").cast(pl.String), "note"))
    )
    return _of_page(named, part, c.STRINGS)


def _of_page(rows: pl.DataFrame, part: Part, schema: Mapping[str, Any]) -> pl.DataFrame:
    return rows.with_columns(pl.lit(part.site).alias("site")).select(
        pl.col(name).cast(kind) for name, kind in schema.items()
    )


def _with_orders(incidents: Sequence[dict[str, Any]], orders: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Incidents with the work order that was to be done for each."""
    of = {order["incident_id"]: order for order in orders}
    rows = [
        {
            **one,
            "work_order": order.get("title"),
            "external_id": order.get("external_id"),
            "due_date": order.get("due_date"),
        }
        for one in incidents
        for order in [of.get(one["incident_id"], {})]
    ]
    return pl.DataFrame(
        [{name: row[name] for name in c.INCIDENTS} for row in rows], schema=c.INCIDENTS, orient="row"
    )


def _models(warehouse: Warehouse, part: Part) -> list[tuple[str, dict[str, float]]]:
    """The newest models whose cut-off is no later than the month, with their scores."""
    columns = ["model_name", "version", "status", "training_data_end", "metrics_json"]
    where = (t.ml_model.c.month <= str(part.month)) & (t.ml_model.c.model_type == LIFE_MODEL)
    rows = warehouse.read(t.ml_model, columns=columns, where=where).collect()
    newest = rows.sort("training_data_end", "version", descending=True).head(MOST_MODELS)
    return [
        (f"{one['model_name']} {one['version']}, {one['status']}", json.loads(one["metrics_json"] or "{}"))
        for one in newest.to_dicts()
    ]
