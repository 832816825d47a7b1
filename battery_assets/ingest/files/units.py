"""Units that a source has in place of the tables' own: declared in its contract, and turned on reading."""

from collections.abc import Callable, Iterable

import polars as pl
import sqlalchemy as sa

# What an instrument or a gateway writes where it has no reading: a fault's code, or the end of its counter.
SENTINELS = (
    -32768.0, -9999.0, -3276.8, -999.9, -999.0, -327.68, -127.0, 327.67, 655.35, 850.0, 999.0, 999.9, 3276.7,
    6553.5, 9999.0, 9999.9, 32767.0, 65535.0, 99999.0,
)  # fmt: skip
_TURNS: dict[str, dict[str, Callable[[pl.Series], pl.Series]]] = {
    "°C": {"degF": lambda x: (x - 32.0) / 1.8, "K": lambda x: x - 273.15},
    "V": {"mV": lambda x: x / 1e3, "kV": lambda x: x * 1e3},
    "A": {"mA": lambda x: x / 1e3, "kA": lambda x: x * 1e3},
    "mΩ": {"uohm": lambda x: x / 1e3, "ohm": lambda x: x * 1e3, "S": lambda x: 1e3 / x},
    "S": {"mS": lambda x: x / 1e3, "kS": lambda x: x * 1e3},
}
NOT_READ = "none"


def allowed_units(column: sa.Column) -> list[str]:
    """The units that a contract may name for a column, beside factors such as x6 and /1000."""
    own = str(column.info.get("unit") or "").removesuffix(" rms")
    return [*_TURNS.get(own, ()), *([NOT_READ] if column.nullable else ())]


def declared(column: sa.Column, units: Iterable[tuple[str, str]]) -> str | None:
    """The unit that a contract names for a column, by `column` or `table.column`; the latter goes first."""
    named = dict(units)
    return named.get(f"{column.table.name}.{column.name}") or named.get(str(column.name))


def in_own_unit(values: pl.Series, column: sa.Column, word: str) -> pl.Series:
    """Numbers of a source's unit as the table has them. Raises ValueError for a unit of another quantity."""
    if word == NOT_READ and column.nullable:
        return pl.repeat(None, len(values), dtype=pl.Float64, eager=True).alias(values.name)
    factor = factor_of(word)
    if factor is not None:
        return values * factor
    turn = _TURNS.get(str(column.info.get("unit") or "").removesuffix(" rms"), {}).get(word)
    if turn is None:
        allowed = ", ".join([*allowed_units(column), "xNUMBER", "/NUMBER"])
        raise ValueError(f"{column.table.name}.{column.name}: no unit {word!r}; allowed: {allowed}")
    turned = turn(values)
    return turned.set(turned.is_infinite().fill_null(False), None)


def factor_of(word: str) -> float | None:
    """The factor that a term such as x6 or /1000 names; None for a word."""
    if word[:1] not in ("x", "/") or len(word) < 2:
        return None
    try:
        number = float(word[1:])
    except ValueError:
        return None
    return None if number == 0 else number if word[0] == "x" else 1.0 / number


def is_unit(word: str) -> bool:
    """Is it a unit of any quantity, or a factor?"""
    return word == NOT_READ or factor_of(word) is not None or any(word in turns for turns in _TURNS.values())
