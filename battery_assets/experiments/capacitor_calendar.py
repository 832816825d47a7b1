"""What the capacitors of a dataset's rectifiers lost by week, and when each is due, as proposals of work."""

from datetime import date, timedelta
from typing import Any

import dagster as dg
import numpy as np
import polars as pl
import sqlalchemy as sa

from battery_assets.experiments.making import books
from battery_assets.experiments.making.files import bursts_of, read
from battery_assets.experiments.proposing import propose
from battery_assets.experiments.said import datasets as partitions
from battery_assets.experiments.said import says
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.calendars import capacitor_exchange as table
from battery_assets.tables.experiments.calendars import capacitor_weeks

EPOCH = date(1970, 1, 1)


@dg.asset(**says("capacitor_calendar", table, 1, partitions, follows=["signals"]))
def capacitor_calendar(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    row = books.dataset(warehouse, context.partition_key)
    files = read(warehouse, list((row.meta_data or {}).get("files") or []))
    # Bursts of a campaign, those that nobody dated, and curves lie on no calendar.
    drawn = bool((row.meta_data or {}).get("drawn"))
    on_it = "month" in files.columns and "kind" not in files.columns and not drawn
    dated = files.filter(pl.col("month").is_not_null()) if on_it else files.clear()
    weeks, due = calendar_of(dated, int(row.id)) if dated.height else ([], [])
    put(warehouse, int(row.id), weeks, due)
    proposed = sum(one["due"] is not None for one in due)
    orders = propose(warehouse, str(row.name))
    metadata = {"systems": len(due), "weeks": len(weeks), "exchanges": proposed, "new work orders": orders}
    return dg.MaterializeResult(metadata=metadata)


def calendar_of(dated: pl.DataFrame, number: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of capacitor_weeks and of capacitor_exchange of dated bursts."""
    from battery_assets.features.ripple.calendar import exchange, weekly

    weeks, due = [], []
    for (system,), mine in dated.partition_by("system", as_dict=True, maintain_order=True).items():
        day, first, reference, pulses = _first_lines(mine)
        if len(np.unique(day[reference])) < 3 or reference.all():
            continue
        by_week = weekly(day, first, reference, pulses)
        forecast = exchange(by_week)
        own = {"dataset_id": number, "system": system}
        weeks += [
            {
                **own,
                "week_from": _date(start),
                "loss": loss,
                "loss_low": low,
                "loss_high": high,
                "days": int(n),
            }
            for start, loss, low, high, n in zip(
                *(
                    values.tolist()
                    for values in (by_week.day, by_week.loss, by_week.low, by_week.high, by_week.days)
                ),
                strict=True,
            )
        ]
        due.append({
            **own, "seen_until": _date(by_week.day[-1]), "loss": float(by_week.loss[-1]),
            "loss_a_year": forecast.loss_a_year,
            "due_early": _date(forecast.early), "due": _date(forecast.median),
            "due_late": _date(forecast.late),
        })  # fmt: skip
    return weeks, due


def _first_lines(mine: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Day, first line against its string's own, whether it is a reference, and pulses, of whole bridges."""
    from battery_assets.features.ripple.diagnosis import signature
    from battery_assets.features.ripple.labels import bridge_faults
    from battery_assets.features.ripple.spectrum import spectra

    bursts = bursts_of(mine)
    pulses = int(bursts.pulses[0])
    volts = spectra(bursts.volts, bursts.rate_hz)
    measured = signature(volts, spectra(bursts.amps, bursts.rate_hz, volts.mains_hz), pulses)
    whole = ~bridge_faults(measured).any(axis=1) & (measured.first_share > 0)
    share = measured.first_share.copy()
    for string in np.unique(bursts.own):
        own = bursts.own == string
        usual = share[own & bursts.reference & whole]
        share[own] /= np.exp(np.log(usual).mean()) if len(usual) else np.nan
    whole &= np.isfinite(share)
    return mine["day"].to_numpy()[whole], share[whole], bursts.reference[whole], pulses


def _date(day: float | None) -> date | None:
    return None if day is None else EPOCH + timedelta(days=round(day))


def put(warehouse: Warehouse, number: int, weeks: list[dict[str, Any]], due: list[dict[str, Any]]) -> None:
    """Write the calendar of a dataset in place of what stood there."""
    with warehouse.transaction() as connection:
        for one, rows in ((capacitor_weeks, weeks), (table, due)):
            connection.execute(sa.delete(one).where(one.c.dataset_id == number))
            if rows:
                connection.execute(sa.insert(one), rows)
