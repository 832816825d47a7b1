"""What of a day of telemetry can be what its columns say: scales that no jar has, inputs without a sensor.

Both are judged by the day and the string, from the master data and the samples alone, so that every reader
of a day leaves out the same. A column of a string whose scale no jar can have is empty for the day; so is an
input that shows a fault's code, or one value that its neighbours contradict. What was left out is told by
`scale_objections`.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from battery_assets.features.samples.blocks import JAR_V
from battery_assets.features.samples.rated_capacity import REFERENCE_AH
from battery_assets.features.samples.runs import medians, numbers, unit_runs

SCALES: dict[str, pl.DataType | type[pl.DataType]] = {
    "unit_kind": pl.String,
    "unit_id": pl.String,
    "string_id": pl.String,
    "column": pl.String,
    "code": pl.String,
    "likely": pl.String,
    "term": pl.String,
    "shown": pl.Float64,
    "unit": pl.String,
    "rows": pl.Int64,
}
NOTHING = pl.DataFrame(schema=SCALES)
PER_UNIT = 200
# Day medians of a lead-acid jar over its nominal voltage: from an empty string to one that is boosted.
JAR_SHARE = (0.65, 1.45)
# On float, charged or at rest: by this much a likely unit has to fit.
FITS = (0.85, 1.3)
# No string stands hotter than this all day, jar by jar; in degF it is 13 degC. A unit is there all day: a jar
# that runs away began the day below, so the day's coolest samples are judged.
HOTTEST_C, COOLEST_SHARE = 55.0, 0.05
# Of jars in degF among others: so near to them in K, and by their volts over their nominal ones.
SAME_K, SAME_SHARE = 3.0, 0.03
LEAST_ROWS = 3
# Median of a string's ohmic readings over those of new jars of its size: a worn-out string has five times.
OHMIC_FACTOR = 8.0
NEW_JAR_MOHM = 4.25  # 120 Ah, 12 V (SOURCES 1.1)


def thin(rows: pl.DataFrame, unit: str, *columns: str) -> pl.DataFrame:
    """Some hundred rows of each unit, evenly over the day, with NULL in columns that are not there."""
    absent = [name for name in columns if name not in rows.columns]
    rows = rows.with_columns(pl.lit(None, pl.Float64).alias(name) for name in absent)
    units = max(rows[unit].n_unique(), 1)
    return rows.gather_every(max(rows.height // (PER_UNIT * units), 1))


def scale_row(
    unit_kind: str, unit: str, column: str, likely: str, term: str, shown: float, of: str, rows: int
):
    string = unit if unit_kind == "string" else None
    return (unit_kind, unit, string, column, "scale", likely, term, shown, of, rows)


def as_scales(objections: Iterable[tuple]) -> pl.DataFrame:
    """SCALES of such rows."""
    rows = list(objections)
    return pl.DataFrame(rows, schema=SCALES, orient="row") if rows else NOTHING


def together(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """SCALES of several judges; mostly none of them has any."""
    some = [frame for frame in frames if frame.height]
    return pl.concat(some) if some else NOTHING


def jar_scales(rows: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """SCALES of the strings of a day of telemetry_jar_raw, sorted by (unit, ts).

    jars: battery_id, string_id, nominal_v, capacity_ah, cells.
    """
    if rows.is_empty() or jars.is_empty() or _all_usual(rows, jars):
        return NOTHING
    middle = (
        thin(rows, "battery_id", "voltage_v", "temperature_c")
        .group_by(pl.col("battery_id").cast(pl.String))
        .agg(
            v=pl.col("voltage_v").filter(pl.col("voltage_v") != 0).median().cast(pl.Float64),
            t=pl.col("temperature_c").median().cast(pl.Float64),
            cool=pl.col("temperature_c").quantile(COOLEST_SHARE, "lower").cast(pl.Float64),
            rows=pl.len(),
        )
        .join(
            jars.select(pl.col("battery_id", "string_id").cast(pl.String), "nominal_v", "cells"),
            on="battery_id",
        )
    )
    odd = ~(pl.col("v") / pl.col("nominal_v")).median().is_between(*JAR_SHARE)
    hot = (pl.col("cool") > HOTTEST_C).any()
    objections = []
    for string, of in _strings_where(middle, odd.fill_null(value=False) | hot.fill_null(value=False)):
        objections += [*_jar_volts(string, of), *_celsius(string, of)]
    readings = (
        rows.filter(pl.col("resistance_mohm").is_not_null()) if "resistance_mohm" in rows.columns else None
    )
    ohmic = NOTHING if readings is None else ohmic_scales(readings, jars, "telemetry_jar_raw.resistance_mohm")
    return together([as_scales(objections), ohmic])


def _all_usual(rows: pl.DataFrame, jars: pl.DataFrame) -> bool:
    """Whether each jar by itself shows what its string may: most days end here, on arrays."""
    runs = unit_runs(rows["battery_id"], jars["battery_id"].cast(pl.String).to_list())
    if (runs.stop - runs.start).sum() != rows.height:
        return False  # jars that nobody knows are among them
    nominal, step = numbers(jars, "nominal_v")[runs.unit], max(rows.height // (PER_UNIT * len(runs.unit)), 1)
    # The rows that `thin` takes, and where those of each jar lie among them.
    start, stop = -(-runs.start // step), -(-runs.stop // step)
    volts, celsius = (numbers(rows, name)[::step] for name in ("voltage_v", "temperature_c"))
    share = medians(np.where(volts == 0, np.nan, volts), start, stop) / nominal
    odd = (share < JAR_SHARE[0]) | (share > JAR_SHARE[1]) | (medians(celsius, start, stop) > HOTTEST_C)
    if odd.any() or "resistance_mohm" not in rows.columns:
        return not odd.any()
    read = (rows["resistance_mohm"] > 0).arg_true()
    ohms = numbers(rows[read, ["resistance_mohm"]], "resistance_mohm")
    unit = runs.unit[np.searchsorted(runs.start, read.to_numpy(), side="right") - 1]
    new = jars.select(new_mohm()).to_series().to_numpy()[unit]
    return bool((np.abs(np.log(ohms / new)) < np.log(OHMIC_FACTOR)).all())


def _strings_where(jars: pl.DataFrame, doubtful: pl.Expr) -> Iterator[tuple[str, pl.DataFrame]]:
    """The jars of each string of which an aggregate is doubtful."""
    judged = jars.group_by("string_id", maintain_order=True).agg(doubtful=doubtful)
    for string in judged.filter("doubtful")["string_id"]:
        yield string, jars.filter(pl.col("string_id") == string)


def _jar_volts(string: str, jars: pl.DataFrame) -> list[tuple]:
    measured = jars.filter(pl.col("v").is_not_null())
    if measured.is_empty():
        return []
    share = _middle(measured["v"] / measured["nominal_v"])
    if JAR_SHARE[0] <= share <= JAR_SHARE[1]:
        return []
    cells, volts = int(_middle(measured["cells"])), _middle(measured["v"])
    column, n = "telemetry_jar_raw.voltage_v", measured.height
    candidates: dict[float, tuple[str, str]] = {
        1 / n: (f"the voltage of the string, of {n} jars", f"units={column}:/{n}"),
        cells: (f"volts per cell of {cells}", f"units={column}:x{cells}"),
        2: ("half of the jar, or the model's nominal_voltage_v is twice the jars'", f"units={column}:x2"),
        10: ("tenths, a shifted decimal", f"units={column}:x10"),
        0.5: ("twice the jar, or the model's nominal_voltage_v is half of the jars'", f"units={column}:/2"),
        0.1: ("a shifted decimal", f"units={column}:/10"),
    }
    best = best_unit(share, candidates) or ("no unit that is known here", f"units={column}:none")
    return [scale_row("string", string, "voltage_v", *best, volts, "V", _rows(measured))]


def _middle(values: pl.Series) -> float:
    """The median of numbers that are not all unknown."""
    return float(np.median(values.drop_nulls().to_numpy()))


def _rows(jars: pl.DataFrame) -> int:
    return int(jars["rows"].sum())


def best_unit(share: float, candidates: dict) -> tuple[str, str] | None:
    """The unit whose factor brings a share nearest to that of a charged jar, where one comes near."""
    near = {factor: abs(share * factor / 1.12 - 1.0) for factor in candidates if factor != 1}
    fitting = [f for f in near if FITS[0] <= share * f <= FITS[1]]
    return candidates[min(fitting, key=near.__getitem__)] if fitting else None


def _celsius(string: str, jars: pl.DataFrame) -> list[tuple]:
    measured = jars.filter(pl.col("t").is_not_null())
    hot = measured.filter(pl.col("cool") > HOTTEST_C)
    if hot.is_empty():
        return []
    likely, term = "degF", "units=telemetry_jar_raw.temperature_c:degF"
    if (measured["cool"].quantile(0.1, "lower") or 0.0) <= HOTTEST_C:
        hot = _as_warm_in_fahrenheit(hot, measured.filter(pl.col("cool") <= HOTTEST_C))
        likely, term = f"degF, of {hot.height} of its jars", f"{term}, for a file of these alone"
    if hot.is_empty():
        return []
    return [scale_row("string", string, "temperature_c", likely, term, _middle(hot["t"]), "°C", _rows(hot))]


def _as_warm_in_fahrenheit(hot: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The hot jars of a string that are as warm as the others in degF, and show it by their volts.

    At one float current a jar that is 50 K warmer shows 0.9 V less of 13.6 (3 mV/K a cell, SOURCES 1.5): one
    that runs away is no unit. Without volts two jars have to agree.
    """
    same = ((pl.col("t") - 32.0) / 1.8 - _middle(others["t"])).abs() < SAME_K
    if not others["v"].count():
        return hot.filter(same) if hot.filter(same).height > 1 else hot.clear()
    share = _middle(others["v"] / others["nominal_v"])
    return hot.filter(same & ((pl.col("v") / pl.col("nominal_v") - share).abs() < SAME_SHARE))


def sensor_scales(rows: pl.DataFrame) -> pl.DataFrame:
    """SCALES of the sensors of a day of telemetry_env that show more than any room has, all day."""
    if rows.is_empty():
        return NOTHING
    middle = rows.group_by(pl.col("sensor_id").cast(pl.String)).agg(
        t=pl.col("temperature_c").median().cast(pl.Float64),
        cool=pl.col("temperature_c").quantile(COOLEST_SHARE, "lower").cast(pl.Float64),
        rows=pl.len(),
    )
    term = "units=telemetry_env.temperature_c:degF"
    return as_scales(
        scale_row("location", sensor, "temperature_c", "degF", term, celsius, "°C", count)
        for sensor, celsius, _, count in middle.filter(pl.col("cool") > HOTTEST_C)
        .sort("sensor_id")
        .iter_rows()
    )


def ohmic_scales(readings: pl.DataFrame, jars: pl.DataFrame, column: str) -> pl.DataFrame:
    """SCALES of ohmic readings of one round: battery_id, resistance_mohm; they stand in `column`.

    jars: as for `jar_scales`. One jar of several alone is not judged: it may have a broken weld.
    """
    of_jars = jars.select(pl.col("battery_id", "string_id").cast(pl.String), new_mohm=new_mohm())
    measured = (
        readings.filter(pl.col("resistance_mohm") > 0)
        .group_by(pl.col("battery_id").cast(pl.String))
        .agg(r=pl.col("resistance_mohm").cast(pl.Float64).median(), rows=pl.len())
        .join(of_jars, on="battery_id")
    )
    odd = ~(pl.col("r") / pl.col("new_mohm")).median().is_between(1 / OHMIC_FACTOR, OHMIC_FACTOR)
    objections = []
    for string, of in _strings_where(measured, odd.fill_null(value=True)):
        if of.height >= min(LEAST_ROWS, jars.filter(pl.col("string_id").cast(pl.String) == string).height):
            objections += _ohms(string, of, column)
    return as_scales(objections)


def new_mohm() -> pl.Expr:
    """What a new jar of that size has."""
    size = pl.col("capacity_ah").cast(pl.Float64).fill_null(REFERENCE_AH)
    return NEW_JAR_MOHM * REFERENCE_AH / size * pl.col("nominal_v") / JAR_V


def _ohms(string: str, of: pl.DataFrame, column: str) -> list[tuple]:
    share, shown = _middle(of["r"] / of["new_mohm"]), _middle(of["r"])
    if 1 / OHMIC_FACTOR <= share <= OHMIC_FACTOR:
        return []
    # Siemens of a jar are a thousand over its milliohms.
    as_siemens = 1000.0 / _middle(of["r"] * of["new_mohm"])
    near = {"uohm": share / 1e3, "ohm": share * 1e3, "S": as_siemens, "x10": share * 10, "/10": share / 10}
    word = min(near, key=lambda name: abs(pl.Series([near[name]]).log()[0]))
    likely = {"uohm": "µΩ", "ohm": "Ω", "S": "conductance in S"}.get(word, "a shifted decimal")
    term = f"units={column}:{word}"
    return [scale_row("string", string, "resistance_mohm", likely, term, shown, "mΩ", _rows(of))]
