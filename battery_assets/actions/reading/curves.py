"""What was measured of a jar, a string or a cell's test over time, thinned to so many points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.reading.catalogue import RESOURCES
from battery_assets.actions.reading.knowledge import NOW, Knowledge
from battery_assets.actions.reading.resource import Resource
from battery_assets.errors import BadInput
from battery_assets.platform.dagster.partitions import Part, month_range
from battery_assets.platform.lake.reads import LakeError
from battery_assets.platform.registry.tables import partition_version as version
from battery_assets.platform.warehouse.resource import Warehouse

LONGEST = timedelta(days=31)
__all__ = ["CURVES", "Curve", "LakeError", "thinned"]


@dataclass(frozen=True)
class Curve:
    """A curve that can be read.

    of: whose it is. unit: the column of its owner in `table`. monthly: its owner lies in one month, whose
    files hold all of it; otherwise a range of instants is asked for.
    """

    of: Resource
    table: sa.Table
    unit: str
    names: tuple[str, ...]
    title: str
    monthly: bool = False

    @property
    def fields(self) -> dict[str, str]:
        """Columns of a point with what each is."""
        meanings = {"ts": "First instant of the point's span.", "rows": "Rows that it stands for."}
        for name in self.names:
            about = self.table.c[name].comment or name
            meanings |= {f"{name}_{how}": f"{word} of: {about}" for how, word in _HOW.items()}
        return meanings


_HOW = {"mean": "Mean", "min": "Least", "max": "Largest"}
CURVES: Mapping[str, Curve] = {
    "jars/{name}/telemetry": Curve(
        RESOURCES["jars"], t.telemetry_jar_raw, "battery_id",
        ("voltage_v", "temperature_c", "resistance_mohm", "conductance_s"), "What was measured of a jar",
    ),
    "jars/{name}/estimates": Curve(
        RESOURCES["jars"], t.telemetry_jar_calc, "battery_id", ("soc_pct", "soh_pct"),
        "State of charge and health of a jar",
    ),
    "strings/{name}/telemetry": Curve(
        RESOURCES["strings"], t.telemetry_string_raw, "string_id",
        ("voltage_v", "current_a", "ripple_voltage_rms_v", "ripple_current_rms_a"),
        "What was measured of a string",
    ),
    "tests/{name}/curve": Curve(
        RESOURCES["tests"], t.timeseries_point, "session_id",
        ("test_time_s", "voltage_v", "current_a", "temperature_c"), "Points of a test of a cell",
        monthly=True,
    ),
}  # fmt: skip


def thinned(
    warehouse: Warehouse,
    curve: Curve,
    owner: Mapping[str, str],
    since: datetime | None,
    until: datetime | None,
    points: int,
    knowledge: Knowledge = NOW,
) -> pl.DataFrame:
    """Points of a curve: ts, rows, and mean, min and max of each name; no more than `points`.

    owner: its row, with site. BadInput for a range that cannot be, LakeError for files that are not as they
    were written, PastNotKept for months whose files were others at the instant that is asked for.
    """
    months = [owner["month"]] if curve.monthly else _months(since, until)
    each = {
        month: _month(warehouse, curve, Part(owner["site"], month), owner[curve.unit], since, until)
        for month in months
    }
    # Months are judged once their files are chosen: one that is made again meanwhile is not taken for old.
    then = _visible_until(warehouse, curve, owner["site"], months, knowledge)
    rows = pl.concat(part if month in then else part.clear() for month, part in each.items()).collect()
    if rows.is_empty():
        return pl.DataFrame(schema=_schema(rows.schema, curve))
    first = since if since is not None else rows["ts"].min()
    last = until if until is not None else rows["ts"].max() + timedelta(microseconds=1)  # type: ignore[operator]
    span = max((last - first) // timedelta(microseconds=1), 1)  # type: ignore[operator]
    place = (pl.col("ts") - pl.lit(first)).dt.total_microseconds() * points // span
    kinds = {"mean": pl.Expr.mean, "min": pl.Expr.min, "max": pl.Expr.max}
    summaries = [kinds[how](pl.col(name)).alias(f"{name}_{how}") for name in curve.names for how in _HOW]
    return (
        rows.group_by(place.alias("place"))
        .agg(pl.col("ts").min(), pl.len().cast(pl.Int64).alias("rows"), *summaries)
        .sort("place")
        .drop("place")
    )


def _visible_until(
    warehouse: Warehouse, curve: Curve, site: str, months: Sequence[str], knowledge: Knowledge
) -> set[str]:
    """The months whose files were there. PastNotKept where one has others since."""
    if knowledge.as_of is None:
        return set(months)
    with warehouse.reading() as connection:
        knowledge.refuse_made_again(connection, [curve.table], [site], months)
        mine = [version.c.table_name == curve.table.name, version.c.site == site]
        query = sa.select(version.c.month).where(*mine, version.c.known_since <= knowledge.as_of)
        return set(connection.execute(query).scalars())


def _months(since: datetime | None, until: datetime | None) -> list[str]:
    if since is None or until is None or not timedelta() < until - since <= LONGEST:
        raise BadInput(
            f"since and until are needed, at most {LONGEST.days} days apart; next step: narrow them"
        )
    return month_range(f"{since:%Y-%m}", f"{until:%Y-%m}")


def _month(
    warehouse: Warehouse,
    curve: Curve,
    part: Part,
    unit: str,
    since: datetime | None,
    until: datetime | None,
) -> pl.LazyFrame:
    files = [
        file for file in warehouse.files(curve.table, part)
        if (since is None or file.day >= since.date()) and (until is None or file.day <= until.date())
    ]  # fmt: skip
    rows = warehouse.scan_in(curve.table, files, ["ts", curve.unit, *curve.names])
    rows = rows.filter(pl.col(curve.unit) == unit)
    if since is not None:
        rows = rows.filter(pl.col("ts") >= pl.lit(since))
    if until is not None:
        rows = rows.filter(pl.col("ts") < pl.lit(until))
    return rows.select("ts", *(pl.col(name).cast(pl.Float64).fill_nan(None) for name in curve.names))


def _schema(schema: pl.Schema, curve: Curve) -> dict[str, pl.DataType]:
    return {name: schema["ts"] if name == "ts" else pl.Int64() if name == "rows" else pl.Float64()
            for name in curve.fields}  # fmt: skip
