"""The words every cycler file is brought to: terms of the Battery Data Format, the unit in the name.

SOURCES 10. Positive current charges. Charges and energies are magnitudes that only grow: what the cycler
counted into (`charge_ah`) and out of (`discharge_ah`) the cell since the first row of the file, whatever the
file's own counters do (per step, per cycle, since the beginning, net). They are null where the file has no
counter; `integrals.moved` counts from current and time alone.
"""

from functools import lru_cache

import polars as pl

POINTS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "line": pl.Int64,
    "record_index": pl.Int64,
    "test_time_s": pl.Float64,
    "wall_clock": pl.Datetime("us"),
    "ts": pl.Datetime("us", "UTC"),
    "voltage_v": pl.Float64,
    "current_a": pl.Float64,
    "temperature_c": pl.Float64,
    "cycle_count": pl.Int64,
    "step_index": pl.Int64,
    "step_count": pl.Int64,
    "step_time_s": pl.Float64,
    "step_type": pl.String,
    "charge_ah": pl.Float64,
    "discharge_ah": pl.Float64,
    "charge_wh": pl.Float64,
    "discharge_wh": pl.Float64,
    "resistance_ohm": pl.Float64,
    "moved_ah": pl.Float64,
    "open_ah": pl.Float64,
}
COLUMN_WORDS = {
    "line": "1-based line of the row in the (unpacked) file; in workbooks and binary files the row's number",
    "record_index": "the cycler's own number of the record",
    "test_time_s": "seconds the test has run, never going back; a pause of the test may stop it",
    "wall_clock": "the cycler's clock as it stands in the file, without a zone",
    "ts": "instant in UTC, where the file or the contract names the zone",
    "voltage_v": "voltage of the cell",
    "current_a": "current, positive while it charges",
    "temperature_c": "temperature of the cell, else of its surroundings",
    "cycle_count": "the cycler's cycle number; in a joined life it never restarts",
    "step_index": "the step's number in the protocol; repeats when the protocol loops",
    "step_count": "occurrence of a step, from 1; a step that is run again gets a new one",
    "step_time_s": "seconds since the step began, by the cycler",
    "step_type": "what the cycler calls the step's kind",
    "charge_ah": "charge put in since the first row, by the cycler's counters",
    "discharge_ah": "charge taken out since the first row, by the cycler's counters",
    "charge_wh": "energy put in since the first row, by the cycler's counters",
    "discharge_wh": "energy taken out since the first row, by the cycler's counters",
    "resistance_ohm": "internal resistance as the cycler measured it; null where it gave none",
    "moved_ah": "charge since the row before, positive charges, by current, step times and counters together",
    "open_ah": "charge that may have flowed besides while nothing was recorded; infinite without limit",
}
# Voltage against charge at fixed voltages, one curve a cycle: the layout of Severson's Q(V) tables.
CURVES_SCHEMA = {
    "line": pl.Int64,
    "cycle_count": pl.Int64,
    "voltage_v": pl.Float64,
    "discharge_ah": pl.Float64,
}
REQUIRED = ("test_time_s", "voltage_v", "current_a")

# What a dialect's column may become: the words above, and raw counters from which they are computed.
DIMENSIONS = {
    "test_time_s": "time",
    "step_time_s": "time",
    "voltage_v": "voltage",
    "current_a": "current",
    "temperature_c": "temperature",
    "charge_ah": "charge",
    "discharge_ah": "charge",
    "step_ah": "charge",
    "net_ah": "charge",
    "charge_wh": "energy",
    "discharge_wh": "energy",
    "step_wh": "energy",
    "net_wh": "energy",
    "resistance_ohm": "resistance",
    "cycle_count": "count",
    "step_index": "count",
    "record_index": "count",
    "wall_clock": "instant",
    "step_type": "word",
}

_PLAIN = {
    "time": {"s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0, "min": 60.0, "mins": 60.0,
             "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hr": 3600.0, "hrs": 3600.0, "hour": 3600.0,
             "hours": 3600.0, "ms": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3,
             "us": 1e-6, "d": 86400.0, "day": 86400.0, "days": 86400.0},
    "voltage": {"v": 1.0, "volt": 1.0, "volts": 1.0, "mv": 1e-3, "mvolt": 1e-3, "mvolts": 1e-3,
                "millivolt": 1e-3, "millivolts": 1e-3, "uv": 1e-6, "kv": 1e3},
    "current": {"a": 1.0, "amp": 1.0, "amps": 1.0, "ampere": 1.0, "amperes": 1.0, "ma": 1e-3, "mamp": 1e-3,
                "mamps": 1e-3, "milliampere": 1e-3, "milliamperes": 1e-3, "milliamps": 1e-3, "ua": 1e-6,
                "uamps": 1e-6, "ka": 1e3},
    "charge": {"ah": 1.0, "a.h": 1.0, "a·h": 1.0, "amp-hr": 1.0, "ahr": 1.0, "mah": 1e-3, "ma.h": 1e-3,
               "ma·h": 1e-3, "mamp-hr": 1e-3, "mahr": 1e-3, "uamp-hr": 1e-6, "uah": 1e-6,
               "ua.h": 1e-6, "c": 1 / 3600, "as": 1 / 3600},
    "energy": {"wh": 1.0, "w.h": 1.0, "w·h": 1.0, "watt-hr": 1.0, "whr": 1.0, "mwh": 1e-3, "mw.h": 1e-3,
               "mwatt-hr": 1e-3, "mwhr": 1e-3, "uwh": 1e-6,
               "kwh": 1e3, "j": 1 / 3600},
    "resistance": {"ohm": 1.0, "ohms": 1.0, "ω": 1.0, "o": 1.0, "mohm": 1e-3, "mohms": 1e-3, "mω": 1e-3,
                   "mo": 1e-3},
    "temperature": {"c": 1.0, "°c": 1.0, "degc": 1.0, "deg c": 1.0, "deg. c": 1.0, "celsius": 1.0,
                    "degree celsius": 1.0, "℃": 1.0, "k": 1.0, "kelvin": 1.0, "degk": 1.0, "f": 5 / 9,
                    "°f": 5 / 9, "degf": 5 / 9, "deg f": 5 / 9, "fahrenheit": 5 / 9,
                    "degree fahrenheit": 5 / 9,
                    "℉": 5 / 9},
    "power": {"w": 1.0, "mw": 1e-3, "kw": 1e3},
    "frequency": {"hz": 1.0, "khz": 1e3},
    "count": {"1": 1.0, "#": 1.0},
}  # fmt: skip
# What 0 of a temperature scale is in °C.
_ZERO_C = {"k": -273.15, "f": -160 / 9}


def factor(unit: str, dimension: str) -> float | None:
    """What a number in `unit` is multiplied with to be in the vocabulary's unit; None for a foreign unit."""
    return _PLAIN.get(dimension, {}).get(_plain(unit, dimension))


def zero(unit: str | None, dimension: str) -> float:
    """What is added after the factor: 0 for every unit but kelvin and degrees Fahrenheit."""
    if unit is None or dimension != "temperature":
        return 0.0
    plain = _plain(unit, dimension).lstrip("°").removeprefix("degree ").removeprefix("deg").strip()
    return _ZERO_C.get("f" if plain == "℉" else plain[:1], 0.0)


def _plain(unit: str, dimension: str) -> str:
    plain = unit.strip().lower().replace("µ", "u").replace("μ", "u")
    if dimension != "temperature":
        return plain
    # Some exports lose the sign of ℃ or ° on the way and write '?'.
    if plain in ("?", "??"):
        return "c"
    if plain[-1:] in ("c", "f", "k") and (plain[:-1] == "?" or not plain[:-1].isascii()):
        return plain[-1]
    return plain


@lru_cache(maxsize=1024)
def is_unit(text: str) -> bool:
    """Whether a word stands for a unit of any quantity read here."""
    return any(factor(text, dimension) is not None for dimension in _PLAIN)
