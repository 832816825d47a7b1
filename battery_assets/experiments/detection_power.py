"""What the strings of a site would have seen of a capacitor's loss: told before anything has failed.

Sound bursts are those that the fleet's diagnosis calls sound, of a site's newest months; a day counts once.
"""

from typing import Any

import dagster as dg
import polars as pl
import sqlalchemy as sa

from battery_assets.experiments.making.capturing import recorded
from battery_assets.experiments.said import says
from battery_assets.platform.dagster.partitions import Part, sites
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.detections import detection_power as table

LAST_MONTHS = 3


@dg.asset(**says("detection_power", table, 1, sites))
def detection_power(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    site = str(context.partition_key)
    with warehouse.reading() as connection:
        months = registry.months_of_site(connection, site)[-LAST_MONTHS:]
    months_recorded = [recorded(warehouse, Part(site, month)) for month in months]
    there = [bursts for bursts in months_recorded if bursts.height]
    rows = power_of(site, pl.concat(there, how="vertical_relaxed")) if there else []
    put(warehouse, site, rows)
    strings = {row["string_code"] for row in rows}
    shown: dict[str, Any] = {"strings": len(strings), "months": ", ".join(months)}
    if rows:
        shown["what would have been seen"] = dg.MetadataValue.md(markdown(rows))
    return dg.MaterializeResult(metadata=shown)


def power_of(site: str, bursts: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows of the table of a site's bursts: string_id, string_code, window_id, ts, pulses, waveforms, rate.

    A string with fewer than eight sound days says nothing, and has no row.
    """
    from battery_assets.features.ripple.bursts import judged, measured
    from battery_assets.features.ripple.detection import DAYS, LEAST_BURSTS, LOSSES, growth, power

    shown = measured(bursts)
    keys = ["string_id", "window_id", "ts"]
    sound = judged(shown).filter("steady", ~pl.col("discharge"), pl.col("faults") == "healthy").select(keys)
    of_string = bursts.select("string_id", "string_code", "pulses").unique("string_id")
    daily = (
        shown.join(sound, on=keys)
        .with_columns(first=pl.col("first_share") * pl.col("dc_v"), day=pl.col("ts").dt.date())
        .filter(pl.col("first") > 0)
        .group_by("string_id", "day")
        .agg(pl.col("first").median())
        .join(of_string, on="string_id")
        .sort("string_code", "day")
    )
    rows = []
    for (code,), mine in daily.partition_by("string_code", as_dict=True, maintain_order=True).items():
        if mine.height < LEAST_BURSTS:
            continue
        curve = power(mine["first"].to_numpy(), growth(LOSSES, int(mine["pulses"][0])))
        own = {
            "site": site, "string_code": str(code), "bursts": mine.height, "seen_until": mine["day"].max(),
            "wander": mine["first"].log().std(),
        }  # fmt: skip
        rows += [
            {**own, "days": days, "loss": loss, "power": float(one)}
            for days, powers in zip(DAYS, curve, strict=True)
            for loss, one in zip(LOSSES, powers, strict=True)
        ]
    return rows


def put(warehouse: Warehouse, site: str, rows: list[dict[str, Any]]) -> None:
    """Write what is known of a site in place of what stood there."""
    with warehouse.transaction() as connection:
        connection.execute(sa.delete(table).where(table.c.site == site))
        if rows:
            connection.execute(sa.insert(table), rows)


def markdown(rows: list[dict[str, Any]]) -> str:
    """A line for each string: the probability that seven days show each loss."""
    week = [row for row in rows if row["days"] == 7]
    losses = sorted({row["loss"] for row in week})
    lines = [["string, 7 days", *(f"{loss:.0%} lost" for loss in losses)], ["---"] * (1 + len(losses))]
    for code in dict.fromkeys(row["string_code"] for row in week):
        of_loss = {row["loss"]: row["power"] for row in week if row["string_code"] == code}
        lines.append([code, *(f"{of_loss[loss]:.2f}" for loss in losses)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
