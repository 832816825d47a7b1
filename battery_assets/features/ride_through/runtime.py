"""Ride-through: how long a string will carry a stated load, which jar ends it, and when it no longer will.

The jars' charge, health, resistance and make are drawn many times as the twin's uncertainty allows, and each
draw is discharged through the jar model (SOURCES 1.3) at the load: today (`riding`), and as it will have worn
(`ahead`).
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import polars as pl

from battery_assets import tables as t
from battery_assets.features.ride_through.kinetics import scale_for_test
from battery_assets.features.ride_through.one_string import OneString
from battery_assets.tables.projections import polars_schema

DRAWS = 120
SCHEMA = polars_schema(t.string_runtime)


def string_runtimes(
    strings: pl.DataFrame, jars: pl.DataFrame, loads: pl.DataFrame, at: datetime, draws: int = DRAWS
) -> pl.DataFrame:
    """Rows of string_runtime: one per string and load, in the order of loads.

    strings: string_id, places (how many jars belong into it), vacant (places whose jar was taken out). jars:
    one row for each place that has a jar, or is not known to be vacant: string_id, battery_id, soc_pct,
    soh_pct, r0_mohm of the twin (NULL without one), rated_ah, temperature_c, cells; where they exist
    soh_std_pct, soh_lower_pct, soh_upper_pct, soc_std_pct, the days of LIKELY_END or WEAR_OUT, age_days,
    KINETICS. loads: as `string_loads` returns them, their level that of a jar of the string.

    runtime_min is the median, lower and upper hold 90 %. weakest_json tells the probability of each jar to be
    the lowest. weakest_margin_min: how much sooner the weakest jar is at the end voltage than the string's
    median jar, both in one string. repair_gain_min: minutes more if it were as the median. load_lost_days:
    when the string will not carry the load for required_min any more, if nobody changes a jar and none fails
    at once; NULL beyond ten years. change_first_battery_id: the jar whose renewal puts that day off most. A
    string with a vacant place or an open connection has 0. A string of whose jars fewer than half have a twin
    has NULL, and the note says so.
    """
    of_string = {name: rows for (name,), rows in jars.partition_by("string_id", as_dict=True).items()}
    facts = {row["string_id"]: row for row in strings.to_dicts()}

    def rows_of(name: str, asked: pl.DataFrame) -> list[dict]:
        string = OneString(facts[name], of_string.get(name, jars.clear()), at, draws)
        return [string.row(load) for load in asked.to_dicts()]

    groups = loads.partition_by("string_id", as_dict=True, maintain_order=True)
    scale_for_test()  # made once, before two threads would
    # Each string has a stream of random numbers of its own, so two at a time change nothing but the time.
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda group: rows_of(str(group[0][0]), group[1]), groups.items())
        rows = [row for of_one in results for row in of_one]
    return pl.DataFrame(rows, schema=SCHEMA)
