"""Inputs of a day that no sensor feeds: fault codes, values that do not move."""

import numpy as np
import polars as pl

from battery_assets.features.credible.scales import NOTHING, SCALES, together
from battery_assets.features.samples.runs import Runs, numbers, unit_runs

# Inside of what the columns allow: a counter's end, a fault's code, a chip after its reset (DS18B20: 85 °C).
CODES_C = (-40.0, 0.0, 85.0, 99.9, 100.0)
CODES_A = (-655.36, -655.35, -327.68, 327.67, 655.35, 850.0, 999.9, -3276.8, 3276.7)
CODES_V = (655.35, 327.67, 999.9, 850.0, 999.99, 1000.0)
CODES_MOHM = (327.67, 655.35, 850.0, 999.9, 3276.7, 6553.5, 9999.0, 9999.9, 32767.0, 65535.0, 99999.0)
# A fault's code in between is believed to be one where the input is elsewhere by so much (K, or a share of
# the code) just before and after: a jar that runs away, or a load, passes 85 °C or 850 A too.
APART_C, APART_V, APART_SHARE = 15.0, 1.0, 0.2
MOST_SHARE = 5 / 3  # of a jar's nominal voltage: 20 V of 12 V, beyond any boost and any open strap
STILL_ROWS = 12
# Where so many inputs of a string stand still, the monitor is coarse: that one does so says nothing.
STILL_SHARE = 0.5
DEAD = "an input without a sensor"
# V or K: an input that moves by more shows it in its rounded values too.
MOVES, PROBES = 0.002, 200


def dead_inputs(rows: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """SCALES of a day's jar inputs that show nothing of the jar: unit_id is a jar, code no_sensor.

    rows: telemetry_jar_raw sorted by (unit, ts). jars: battery_id, string_id.
    """
    if rows.is_empty():
        return NOTHING
    facts = _day_facts(rows)
    if facts is None:
        return NOTHING
    facts = facts.join(jars.select(pl.col("battery_id", "string_id").cast(pl.String)), on="battery_id")
    still = {name: pl.col(f"{name}_min") == pl.col(f"{name}_max") for name in ("v", "t")}
    long, code_c = pl.col("rows") >= STILL_ROWS, pl.col("t_min").is_in(list(CODES_C))
    apart = {
        name: (pl.col(f"{name}_mid") - pl.col(f"{name}_mid").median().over("string_id")).abs() > most
        for name, most in (("v", APART_V), ("t", APART_C))
    }
    all_code = (still["t"] & code_c).all().over("string_id")
    alone = {name: long & (still[name].mean().over("string_id") < STILL_SHARE) for name in ("v", "t")}
    dead = {
        "temperature_c": still["t"] & ((code_c & (long | apart["t"] | all_code)) | (alone["t"] & apart["t"])),
        "voltage_v": still["v"] & ((pl.col("v_min") == 0) | (alone["v"] & apart["v"])),
    }
    units = {"temperature_c": ("t_min", "°C"), "voltage_v": ("v_min", "V")}
    frames = [
        facts.filter(dead[column]).select(
            unit_kind=pl.lit("jar"), unit_id="battery_id", string_id="string_id", column=pl.lit(column),
            code=pl.lit("no_sensor"), likely=pl.lit(DEAD), term=pl.lit(None, pl.String),
            shown=pl.col(shown).cast(pl.Float64), unit=pl.lit(unit), rows=pl.col("rows").cast(pl.Int64),
        )
        for column, (shown, unit) in units.items()
    ]  # fmt: skip
    return together(frames)


def _day_facts(rows: pl.DataFrame) -> pl.DataFrame | None:
    """battery_id, rows, and of voltage (v) and temperature (t) min, max and mid; None where all move."""
    ids = rows["battery_id"].rle().struct.field("value").cast(pl.String).to_list()
    runs = unit_runs(rows["battery_id"], ids)
    columns = {"v": numbers(rows, "voltage_v"), "t": numbers(rows, "temperature_c")}
    facts = {name: _facts(values, runs) for name, values in columns.items()}
    if not any((high - low < MOVES).any() for low, high, _ in facts.values()):
        return None
    named = {
        f"{name}_{word}": values
        for name, of in facts.items()
        for word, values in zip(("min", "max", "mid"), of, strict=True)
    }
    rounded = [pl.col(name).fill_nan(None).round(3) for name in named]
    return pl.DataFrame({"battery_id": ids, "rows": runs.stop - runs.start, **named}).with_columns(rounded)


def _facts(values: np.ndarray, runs: Runs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least, largest and middle value (J,) of each run, NaN where it has none."""
    lengths, every = runs.stop - runs.start, np.arange(len(runs.start))
    at = runs.start[:, None] + (lengths // PROBES + 1)[:, None] * np.arange(PROBES)
    some = np.where(at < runs.stop[:, None], values[np.minimum(at, len(values) - 1)], np.nan)
    some = np.sort(some.astype(values.dtype), axis=1)  # NaN comes last
    counts = (~np.isnan(some)).sum(axis=1)
    low, high = some[:, 0].astype(float), some[every, np.maximum(counts - 1, 0)].astype(float)
    middle = some[every, np.maximum(counts - 1, 0) // 2], some[every, np.minimum(counts // 2, PROBES - 1)]
    # Most inputs move: a few samples show that, and the others need not be looked at.
    for k in np.flatnonzero(low == high):
        own = values[runs.start[k] : runs.stop[k]]
        low[k], high[k] = np.nanmin(own), np.nanmax(own)
    return low, high, ((middle[0] + middle[1]) / 2).astype(float)


def without_codes(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of a day, of jars or of strings, without the samples that are a fault's code amid others.

    And SCALES of what was left out, code fault_code: one row for each unit and column.
    """
    kind, unit = ("jar", "battery_id") if "battery_id" in rows.columns else ("string", "string_id")
    codes: dict[str, tuple[tuple[float, ...], str, float | None]] = {
        "resistance_mohm": (CODES_MOHM, "mΩ", None),
        "current_a": (CODES_A, "A", APART_SHARE),
        "voltage_v": (CODES_V if kind == "string" else (), "V", APART_SHARE),
        "temperature_c": (CODES_C, "°C", APART_C),
    }
    frames = []
    for name, (values, of, apart) in codes.items():
        if name not in rows.columns or not values or not _touched(rows[name], values):
            continue
        marked = rows.with_columns(code=_is_code(name, values, unit, apart))
        coded = marked.filter("code").group_by(pl.col(unit).cast(pl.String).alias("unit_id"))
        frames.append(
            coded.agg(
                unit_kind=pl.lit(kind), string_id=pl.lit(None, pl.String), column=pl.lit(name),
                code=pl.lit("fault_code"), likely=pl.lit("a fault's code"), term=pl.lit(None, pl.String),
                shown=pl.col(name).first().cast(pl.Float64), unit=pl.lit(of), rows=pl.len().cast(pl.Int64),
            ).select(list(SCALES))
        )  # fmt: skip
        rows = marked.with_columns(pl.when(~pl.col("code")).then(pl.col(name)).alias(name)).drop("code")
    return rows, together(frames)


def without_spikes(rows: pl.DataFrame, jars: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of a day of telemetry_jar_raw without volts that no jar of its kind has, and SCALES of these.

    jars: battery_id, string_id, nominal_v. A column holds the volts of a module of 48 V too.
    """
    most = rows["voltage_v"].max() if "voltage_v" in rows.columns else None
    if most is None or most <= MOST_SHARE * jars["nominal_v"].min():  # type: ignore[operator]
        return rows, NOTHING
    limits = dict(
        jars.select(pl.col("battery_id").cast(pl.String), pl.col("nominal_v") * MOST_SHARE).iter_rows()
    )
    limit = pl.col("battery_id").cast(pl.String).replace_strict(limits, default=None, return_dtype=pl.Float64)
    marked = rows.with_columns(code=(pl.col("voltage_v") > limit).fill_null(value=False))
    coded = marked.filter("code").group_by(unit_id=pl.col("battery_id").cast(pl.String)).agg(
        unit_kind=pl.lit("jar"), string_id=pl.lit(None, pl.String), column=pl.lit("voltage_v"),
        code=pl.lit("fault_code"), likely=pl.lit("a fault's code"), term=pl.lit(None, pl.String),
        shown=pl.col("voltage_v").first().cast(pl.Float64), unit=pl.lit("V"), rows=pl.len().cast(pl.Int64),
    )  # fmt: skip
    without = pl.when(~pl.col("code")).then(pl.col("voltage_v")).alias("voltage_v")
    return marked.with_columns(without).drop("code"), coded.select(list(SCALES))


def _touched(values: pl.Series, codes: tuple[float, ...]) -> bool:
    """Whether any of the codes may be there: all of them lie at an end of what an input shows, or in between
    nothing does."""
    low, high = values.min(), values.max()
    return low is not None and any(abs(float(low) - c) < 1e-4 or abs(float(high) - c) < 1e-4 for c in codes)  # type: ignore[arg-type]


def _is_code(name: str, codes: tuple[float, ...], unit: str, apart: float | None) -> pl.Expr:
    """Where a column shows one of the codes, far from the unit's samples on either side (K, or a share)."""
    value = pl.col(name).cast(pl.Float64)
    is_code = pl.any_horizontal((value - code).abs() < 1e-4 for code in codes)
    if apart is not None:
        other = pl.when(~is_code).then(value)
        beside = (other.forward_fill().over(unit), other.backward_fill().over(unit))
        nearest = pl.min_horizontal((value - sample).abs() for sample in beside)
        is_code &= nearest > (apart if apart > 1 else apart * value.abs())
    return is_code.fill_null(value=False)
