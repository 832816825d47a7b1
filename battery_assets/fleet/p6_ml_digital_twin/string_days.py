"""What the strings of a site did, reduced day by day: extremes of their current, and all that was drawn."""

import polars as pl

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import empty

STRING_COLUMNS = ["ts", "string_id", "voltage_v", "current_a"]

NOTHING = {
    "hours": empty(t.telemetry_string_raw).select(
        "string_id", hour="ts", low_a="current_a", high_a="current_a"
    ),
    "drawn": empty(t.telemetry_string_raw).select(STRING_COLUMNS),
}


def string_days(warehouse: Warehouse, part: Part) -> dict[str, pl.DataFrame]:
    """Frames of the month. `hours`: string_id, hour, low_a, high_a. `drawn`: STRING_COLUMNS of every sample
    in which a string gave current, more than its sensor's offset.
    """
    from battery_assets.features.ride_through.loads import ANY_DISCHARGE_A

    read = Inputs(warehouse, part, {t.telemetry_string_raw: STRING_COLUMNS})
    with warehouse.reductions("string_days", part, read.digests, by=__name__) as due:
        for day in due.days:
            rows = read.scan(t.telemetry_string_raw, day)
            drawn = rows.filter(pl.col("current_a") < ANY_DISCHARGE_A)
            hours = rows.group_by("string_id", hour=pl.col("ts").dt.truncate("1h")).agg(
                low_a=pl.col("current_a").min(), high_a=pl.col("current_a").max()
            )
            found = pl.collect_all([hours, drawn])
            due.hand_on(day, hours=found[0].sort("string_id", "hour"), drawn=found[1])
    days = [values for _, values in due.handed_on()]
    return {
        name: pl.concat([nothing, *(values[name] for values in days)]) for name, nothing in NOTHING.items()
    }
