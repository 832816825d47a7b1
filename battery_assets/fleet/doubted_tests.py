"""Capacity tests of a site that its own telemetry, or its jars, disprove."""

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from battery_assets import tables as t
from battery_assets.features.credible.discharge_claims import AROUND, doubted_tests
from battery_assets.features.samples.blocks import cells_of
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse

CURRENT = ["ts", "string_id", "voltage_v", "current_a", "mode"]


def tests_doubted(
    warehouse: Warehouse,
    part: Part,
    tests: pl.DataFrame,
    jars: pl.DataFrame,
    rated_ah: Mapping[str, float],
    jars_per_string: Mapping[str, int],
) -> pl.DataFrame:
    """Of rows of capacity_test_raw of the site those that cannot be, as `doubted_tests` gives them.

    tests: of this month and earlier ones. jars: as `jars.jar_facts` gives them; rated_ah and
    jars_per_string by their strings.
    """
    if tests.is_empty():
        return doubted_tests(tests, {}, {}, {}, {})
    captures = {
        test["test_id"]: warehouse.capture(test["raw_data_url"])
        for test in tests.select("test_id", "raw_data_url").to_dicts()
        if warehouse.has_capture(test["raw_data_url"])
    }
    paper = tests.filter(~pl.col("test_id").is_in(list(captures)))
    loads = {test["test_id"]: _around(warehouse, part, test, jars) for test in paper.to_dicts()}
    cells = cells_of(jars, "string_id")
    installed = _first_installed(warehouse.read(t.battery, part, ["string_id", "installed_date"]).collect())
    return doubted_tests(tests, loads, rated_ah, jars_per_string, cells, captures, installed)


def _first_installed(jars: pl.DataFrame) -> dict[str, date]:
    """The day of the first jar of each string, of strings whose jars all have one."""
    dates = jars.group_by(pl.col("string_id").cast(pl.String)).agg(
        first=pl.col("installed_date").min(), missing=pl.col("installed_date").null_count()
    )
    return dict(dates.filter(pl.col("missing") == 0).select("string_id", "first").iter_rows())


def _around(warehouse: Warehouse, part: Part, test: dict, jars: pl.DataFrame) -> pl.DataFrame:
    """ts, current_a, voltage_v of the test's string, from a day and a half before it to as long after it."""
    from battery_assets.features.credible.days import credible_strings

    minutes = float(test["discharge_duration_min"] or 0.0)
    begin, end = test["test_date"] - AROUND, test["test_date"] + timedelta(minutes=minutes) + AROUND
    of_string = pl.col("string_id").cast(pl.String) == test["string_id"]
    wanted = [begin.date() + timedelta(days=n) for n in range((end.date() - begin.date()).days + 1)]
    floats = ("current_a", "voltage_v")
    frames = [pl.DataFrame(schema={"ts": pl.Datetime("us", "UTC"), **dict.fromkeys(floats, pl.Float64)})]
    for month in sorted({f"{day:%Y-%m}" for day in wanted}):
        # What a later month brings is not known when this one is computed.
        if part.month is not None and month > part.month:
            continue
        days = warehouse.days(
            t.telemetry_string_raw, Part(part.site, month), CURRENT, only=_of(month, wanted)
        )
        for _, rows in days:
            mine = credible_strings(rows, jars)[0].filter(of_string)
            frames.append(mine.select("ts", pl.col(floats).cast(pl.Float64)))
    return pl.concat(frames)


def _of(month: str, days: list[date]) -> list[date]:
    return [day for day in days if f"{day:%Y-%m}" == month]
