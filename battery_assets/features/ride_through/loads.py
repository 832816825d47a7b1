"""What a string is asked to carry, and for how long.

Its own load as it was seen in its last discharges, else its share of the system's rating; beside it two
standard ratings, at which every string can be compared. A UPS draws constant power, a rectifier system
constant current (SOURCES 1.3).
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import lru_cache

import numpy as np
import polars as pl

from battery_assets.features.samples.rated_capacity import LOADED_C
from battery_assets.physics.discharge import Jars, discharge
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

POWER, CURRENT = "constant_power", "constant_current"
MEASURED, SYSTEM = "measured_load", "system_rating"
RATINGS = {"rated_15min": 15.0, "rated_1h": 60.0}
# Autonomy that such systems are laid out for, and the voltage at which they let the battery go (convention).
REQUIRED_MIN = {"UPS": 15.0, "RECTIFIER": 60.0}
END_V_CELL = {"UPS": 1.67, "RECTIFIER": 1.75}
# A battery that gives less than 80 % of its rated time is at its end (IEEE 1188 practice, SOURCES 5).
LEAST_OF_RATED = 0.8
POWER_FACTOR, INVERTER_EFFICIENCY = 0.9, 0.95  # convention
ANY_DISCHARGE_A = -1.0
PAUSE_S = 900.0
SHORTEST_RATED_MIN = 5.0  # data sheets rate nothing shorter (SOURCES 1.4)
LAST_EPISODES = 5
TEST_DAY_S = 86_400.0
LONGEST_S = 40 * 3600.0
LOADED: dict[str, pl.DataType | type[pl.DataType]] = {
    "string_id": pl.String,
    "ts": pl.Datetime("us", "UTC"),
    "voltage_v": pl.Float64,
    "current_a": pl.Float64,
}


def loaded_samples(days: Iterable[pl.DataFrame], rated_ah: Mapping[str, float]) -> pl.DataFrame:
    """string_id, ts, voltage_v, current_a of the samples of telemetry_string_raw in which a string is loaded.

    days: ts, string_id, voltage_v, current_a, streamed: days of telemetry or captures. rated_ah: rated C10 of
    each string. Loaded is a current beyond C/20.
    """
    least = pl.DataFrame(
        {"string_id": list(rated_ah), "least_a": [-LOADED_C * ah for ah in rated_ah.values()]},
        schema={"string_id": pl.String, "least_a": pl.Float64},
    )
    samples = [pl.DataFrame(schema=LOADED)]
    for day in days:
        drawn = day.filter(pl.col("current_a") < ANY_DISCHARGE_A, pl.col("voltage_v").is_not_null())
        rows = drawn.select(pl.col(name).cast(kind) for name, kind in LOADED.items())
        samples.append(
            rows.join(least, on="string_id").filter(pl.col("current_a") < pl.col("least_a"))[:, :4]
        )
    return pl.concat(samples)


def by_discharge(loaded: pl.DataFrame) -> pl.DataFrame:
    """The samples of `loaded_samples`, sorted, each with its discharge and the seconds since the one before.

    A pause of more than a quarter of an hour parts two discharges, which are counted from 1 in each string;
    step_s is 0 at the first sample of each.
    """
    since = pl.col("ts").diff().over("string_id")
    begins = (since > timedelta(seconds=PAUSE_S)).fill_null(value=True)
    return loaded.sort("string_id", "ts").with_columns(
        discharge=begins.cum_sum().over("string_id"),
        step_s=pl.when(begins).then(0.0).otherwise(since.dt.total_microseconds() / 1e6),
    )


def own_loads(loaded: pl.DataFrame, tests: pl.DataFrame) -> pl.DataFrame:
    """string_id, power_w, drawn_a, episodes: the typical load of each string, median of its last discharges.

    loaded: as `loaded_samples` returns it. tests: string_id, test_date of capacity tests, whose currents are
    the tester's and not the load's: discharges within a day of one are passed over.
    """
    return _own(_discharges(loaded, tests))


def _discharges(loaded: pl.DataFrame, tests: pl.DataFrame) -> pl.DataFrame:
    """Begin and mean load of each discharge that is no test."""
    episodes = (
        by_discharge(loaded)
        .group_by("string_id", "discharge")
        .agg(
            begun=pl.col("ts").min(),
            power_w=-(pl.col("voltage_v") * pl.col("current_a")).mean(),
            drawn_a=-pl.col("current_a").mean(),
        )
    )
    tested = tests.select(pl.col("string_id").cast(pl.String), "test_date")
    near = (pl.col("begun") - pl.col("test_date")).dt.total_seconds().abs() < TEST_DAY_S
    under_test = episodes.join(tested, on="string_id").filter(near)
    return episodes.join(under_test, on=["string_id", "discharge"], how="anti").sort("string_id", "discharge")


def _own(discharges: pl.DataFrame) -> pl.DataFrame:
    return discharges.group_by("string_id", maintain_order=True).agg(
        pl.col("power_w", "drawn_a").tail(LAST_EPISODES).median(),
        episodes=pl.col("power_w").tail(LAST_EPISODES).len(),
    )


def measured_loads(loaded: pl.DataFrame, tests: pl.DataFrame, runtimes: pl.DataFrame) -> pl.DataFrame:
    """The loads of `own_loads`, and of strings without a discharge the one that was measured last.

    measured_at is when the newest of their discharges began. runtimes: rows of string_runtime of earlier
    months: a load does not go with the month that it was seen in.
    """
    discharges = _discharges(loaded, tests)
    newest = discharges.group_by("string_id").agg(measured_at=pl.col("begun").max())
    own = _own(discharges).join(newest, on="string_id", how="left", maintain_order="left")
    before = (
        runtimes.filter(load_basis=MEASURED)
        .sort("captured_at")
        .group_by(pl.col("string_id").cast(pl.String), maintain_order=True)
        .agg(pl.col("load_w", "load_current_a", "load_measured_at", "captured_at").last())
        .select(
            "string_id",
            power_w=pl.col("load_w").cast(pl.Float64),
            drawn_a=-pl.col("load_current_a").cast(pl.Float64),
            episodes=pl.lit(0, pl.UInt32),
            measured_at=pl.coalesce("load_measured_at", "captured_at").cast(pl.Datetime("us", "UTC")),
        )
    )
    lasting = before.filter(pl.col("power_w").is_not_null() | pl.col("drawn_a").is_not_null())
    return pl.concat(
        [own, lasting.join(own, on="string_id", how="anti").select(own.columns)], how="vertical_relaxed"
    )


def string_loads(strings: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """The loads of every string: string_id, load_basis, load_kind, level, required_min, end_voltage_v_cell,
    load_measured_at.

    strings: string_id, jars, rated_ah (of a jar), system_type, rated_power_kva, strings_in_system; the last
    three may be NULL; cells of a jar are six where there is no such column. own: as `own_loads` returns it.
    level: W (constant power) or A (constant current) for each jar of the string, positive. A string whose
    system is unknown counts as one of a UPS, since constant
    power is the harder load. Without a discharge, and without a rating that a new string of its jars could
    carry for 5 minutes, it has the standard ratings only.
    """
    rated = strings.join(own, on="string_id", how="left", maintain_order="left")
    rows = [row for string in rated.to_dicts() for row in _loads(string)]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "string_id": pl.String, "load_basis": pl.String, "load_kind": pl.String,
        "level": pl.Float64, "required_min": pl.Float64, "end_voltage_v_cell": pl.Float64,
        "load_measured_at": pl.Datetime("us", "UTC"),
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _loads(string: dict) -> list[tuple]:
    system = string["system_type"] if string["system_type"] in END_V_CELL else "UPS"
    kind = POWER if system == "UPS" else CURRENT
    end_v = END_V_CELL[system]
    size = string["rated_ah"] / HX12_120.rated_ah * (1.0 / of_six(string) if kind == POWER else 1.0)
    loads = [
        (basis, rated_level(kind, minutes, end_v) * size, LEAST_OF_RATED * minutes)
        for basis, minutes in RATINGS.items()
    ]  # fmt: skip
    own = _own_level(string, kind, end_v)
    if own is not None:
        loads.insert(0, (*own, REQUIRED_MIN[system]))
    return [
        (string["string_id"], basis, kind, level, required, end_v,
         string.get("measured_at") if basis == MEASURED else None)
        for basis, level, required in loads
    ]  # fmt: skip


def of_six(string: Mapping) -> float:
    """How many times a jar of the string goes into one of six cells; 1 where its cells are not known."""
    return HX12_120.cells / (string.get("cells") or HX12_120.cells)


def _own_level(string: dict, kind: str, end_v_cell: float) -> tuple[str, float] | None:
    """Basis and level of the string's own load; None where neither a discharge nor a rating tells it."""
    measured = string["power_w"] if kind == POWER else string["drawn_a"]
    if measured is not None:
        return MEASURED, measured / string["jars"] if kind == POWER else measured
    if not string["rated_power_kva"] or not string["strings_in_system"]:
        return None
    watts = 1e3 * string["rated_power_kva"] * POWER_FACTOR / string["strings_in_system"] / string["jars"]
    level = watts / INVERTER_EFFICIENCY if kind == POWER else watts / (2.0 * HX12_120.cells) * of_six(string)
    # A system may be rated for far more than its battery was ever laid out for.
    of_new = level * HX12_120.rated_ah / string["rated_ah"] * (of_six(string) if kind == POWER else 1.0)
    new_min = new_jar_min(kind, of_new, end_v_cell)
    return (SYSTEM, level) if new_min >= SHORTEST_RATED_MIN else None


@lru_cache(maxsize=64)
def rated_level(kind: str, minutes: float, end_v_cell: float) -> float:
    """Load (W or A, positive) that a new, full 120 Ah jar carries for just so long at 25 °C."""
    low, high = 1.0, 8000.0 if kind == POWER else 800.0
    for _ in range(30):
        level = 0.5 * (low + high)
        low, high = (level, high) if new_jar_min(kind, level, end_v_cell) > minutes else (low, level)
    return 0.5 * (low + high)


@lru_cache(maxsize=4096)
def new_jar_min(kind: str, level: float, end_v_cell: float) -> float:
    """Minutes that a new, full 120 Ah jar carries a load at 25 °C: 40 h at the longest."""
    # Steps of 0.4 % of the time that has passed: the end is met as finely whether it comes soon or late.
    grid = np.concatenate([np.arange(0.0, 60.0, 1.0), np.geomspace(60.0, LONGEST_S, 1600)])
    jar = Jars.new(1, HX12_120.acceptance_scale)
    power_w, current_a = (level, None) if kind == POWER else (None, -level)
    end_v = HX12_120.cells * end_v_cell
    ran = discharge(jar, grid, power_w=power_w, current_a=current_a, stop_string_v=end_v)
    over = ran.jar_v[0] - end_v
    if len(over) < 2 or over[-1] > 0:
        return float(ran.time_s[-1]) / 60.0
    share = over[-2] / (over[-2] - over[-1])
    return float(ran.time_s[-2] + share * (ran.time_s[-1] - ran.time_s[-2])) / 60.0
