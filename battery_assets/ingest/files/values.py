"""One column of a piece read as its table column: values, which rows are bad and why."""

from collections import Counter
from dataclasses import dataclass, field
from typing import cast

import polars as pl
import sqlalchemy as sa

from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.files.documents import read_documents
from battery_assets.ingest.files.far_instants import clipped
from battery_assets.ingest.files.instants import NAIVE, OFFSET, read_instants, typed_instants
from battery_assets.ingest.files.problems import FileRefused
from battery_assets.ingest.files.units import SENTINELS, declared, in_own_unit

INT32 = 2**31
_UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
_NON_FINITE = r"(?i)^\s*[+-]?(nan|inf|infinity|\d*\.#[a-z]+\d*)\s*$"
_TRUE, _FALSE = ("true", "1", "t"), ("false", "0", "f")

_LEAD_ACID = ("vrla", "agm", "gel", "leadacid", "pb", "sla", "vla", "opzv", "opzs", "flooded", "pbacid")
_LITHIUM = ("liion", "lfp", "lifepo4", "nmc", "nca", "lto", "lithium", "lithiumion", "lmo", "lco")
# Chemistries by the names that data sheets give them, without marks and capitals.
SPELLINGS = {
    "battery_model.chemistry": {
        **dict.fromkeys(_LEAD_ACID, "VRLA"),
        **dict.fromkeys(_LITHIUM, "Li-ion"),
        **dict.fromkeys(("nimh", "nickelmetalhydride"), "NiMH"),
    }
}

Faults = list[tuple[str, pl.Series]]


@dataclass(frozen=True)
class Checked:
    """values in the table's in-memory type, null where bad; faults as (reason, mask); `kinds` of times."""

    values: pl.Series
    faults: Faults
    notes: Counter = field(default_factory=Counter)
    kinds: frozenset[str] = frozenset()


def checked(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    """Read a text series, or a typed one from Parquet, as `column`.

    Raises FileRefused: SCHEMA_DIFF for a type that is not the column's, NO_TIMEZONE, MIXED_OFFSETS.
    """
    kind = column.info["kind"]
    if series.dtype == pl.Null:
        series = series.cast(pl.String)
    if series.dtype == pl.String and contract.null_words:
        series = series.set(series.is_in(list(contract.null_words)).fill_null(False), None)
    _check_type(series, column)
    read = _READERS[kind](series, column, contract)
    if not column.nullable and read.values.null_count():
        empty = series.is_null()
        reason = "NULL_KEY" if column.primary_key else "NULL_REQUIRED"
        read = Checked(read.values, [*read.faults, (reason, empty)], read.notes, read.kinds)
    return read


_ACCEPTED = {
    "uuid": (),
    "text": (),
    "enum": (),
    "json": (),
    "instant": (pl.Datetime,),
    "date": (pl.Date,),
    "boolean": (pl.Boolean,),
}


def _check_type(series: pl.Series, column: sa.Column) -> None:
    """Parquet types that carry the column's meaning; texts come from CSV, or were checked on reading."""
    kind, dtype = column.info["kind"], series.dtype
    if kind in ("decimal", "integer"):
        fits = dtype.is_numeric() or dtype == pl.String
    else:
        fits = dtype == pl.String or dtype in _ACCEPTED[kind]
    if not fits:
        raise FileRefused("SCHEMA_DIFF", f"{column.name} is {dtype}, expected {kind}", column=column.name)


def _uuid(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    different = series.unique().drop_nulls()
    wrong = different.filter(~different.str.contains(_UUID))
    faults: Faults = []
    if len(wrong):
        bad = series.is_in(wrong.to_list()).fill_null(False)
        faults = [("BAD_UUID", bad)]
        series = series.set(bad, None)
    if different.str.contains("[A-F]").any():
        series = series.str.to_lowercase()
    return Checked(series, faults)


def _text(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    faults: Faults = []
    length = column.info.get("length")
    if length:
        lengths = series.str.len_chars()
        if (lengths.max() or 0) > length:
            faults.append(("OUT_OF_TYPE", (lengths > length).fill_null(False)))
    nul = series.str.contains("\0", literal=True).fill_null(False)
    if nul.any():
        faults.append(("CONTROL_BYTES", nul))
    return Checked(series, faults)


def _enum(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    unknown = ~series.is_in(list(column.info["values"])).fill_null(True)
    if not unknown.any():
        return Checked(series, [])
    series, notes = _in_our_words(series, column)
    unknown = ~series.is_in(list(column.info["values"])).fill_null(True)
    return Checked(series, [("NOT_IN_ENUM", unknown)] if unknown.any() else [], notes)


def _in_our_words(series: pl.Series, column: sa.Column) -> tuple[pl.Series, Counter]:
    """Words of a listed column that mean one of the list, and a note of each that was read so."""
    spellings = SPELLINGS.get(f"{column.table.name}.{column.name}", {})
    plain = series.str.to_lowercase().str.replace_all(r"[^a-z0-9]", "")
    meant = plain.replace_strict(spellings, default=None, return_dtype=pl.String)
    read = meant.is_not_null() & (meant != series)
    notes: Counter = Counter()
    for word, times in series.filter(read).value_counts().iter_rows():
        ours = meant.filter(series == word)[0]
        notes[f"{column.name}: {word!r} read as {ours!r}"] += times
    return series.zip_with(~read.fill_null(value=False), meant), notes


def _json(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    values, bad, converted = read_documents(series, contract.json_dialect == "python-literal-ok")
    notes = Counter({f"{column.name}: Python literals turned into JSON": converted} if converted else {})
    return Checked(values, [("BAD_JSON", bad)], notes)


def _boolean(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    if series.dtype == pl.Boolean:
        return Checked(series, [])
    words = series.str.strip_chars().str.to_lowercase()
    values = pl.select(
        pl.when(words.is_in(list(_TRUE))).then(True).when(words.is_in(list(_FALSE))).then(False)
    ).to_series()
    return Checked(values, [("NOT_A_BOOLEAN", series.is_not_null() & values.is_null())])


def _date(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    values, faults = clipped(series), []
    if series.dtype == pl.String:
        days = series.str.strip_chars().str.replace(r"[T ]00:00:00(\.0+)?$", "")
        shaped = days.set(~days.str.contains(r"^\d{4}-\d{2}-\d{2}$").fill_null(False), None)
        values = shaped.str.to_date("%Y-%m-%d", strict=False)
        faults = [("BAD_DATE", series.is_not_null() & values.is_null())]
    # Batteries have manufacture dates and warranties, so dates reach further than measurements.
    far = ((values.dt.year() < 1950) | (values.dt.year() >= 2100)).fill_null(False)
    return Checked(values, [*faults, ("TIME_RANGE", far)])


def _instant(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    if series.dtype == pl.String:
        read = read_instants(series, contract.time_format, contract.timezone)
    else:
        read = typed_instants(series, contract.timezone)
    check_kinds(read.kinds, column.name, contract)
    notes: Counter = Counter()
    if NAIVE in read.kinds:
        notes[f"naive timestamps read as {contract.timezone}"] += len(series) - series.null_count()
    return Checked(read.values, read.faults, notes, read.kinds)


def check_kinds(kinds: frozenset[str], name: str, contract: SourceContract) -> None:
    """Refuse a column that mixes naive times and offsets, or naive times without a zone to put them in."""
    if kinds == {NAIVE, OFFSET}:
        raise FileRefused("MIXED_OFFSETS", f"{name} mixes times with and without an offset", column=name)
    if NAIVE in kinds and contract.timezone is None:
        raise FileRefused(
            "NO_TIMEZONE", f"{name} has no offset; say timezone: <IANA zone> in the contract", column=name
        )


def _numbers(series: pl.Series, contract: SourceContract) -> tuple[pl.Series, Faults]:
    """Float64 values with NOT_A_NUMBER and NON_FINITE apart."""
    faults: Faults = []
    if series.dtype != pl.String:
        values = series.cast(pl.Float64)
    else:
        texts = series.str.replace(",", ".", literal=True) if contract.decimal == "," else series
        values = texts.cast(pl.Float64, strict=False)
        if values.null_count() > series.null_count():
            values = values.fill_null(texts.str.strip_chars().cast(pl.Float64, strict=False))
            lost = series.is_not_null() & values.is_null()
            infinite = lost & series.str.contains(_NON_FINITE).fill_null(False)
            faults = [("NON_FINITE", infinite), ("NOT_A_NUMBER", lost & ~infinite)]
    finite = values.is_finite()
    if not finite.all():
        bad = ~finite.fill_null(True)
        faults.append(("NON_FINITE", bad))
        values = values.set(bad, None)
    return values, faults


def _decimal(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    info = column.info
    values, faults = _numbers(series, contract)
    notes: Counter = Counter()
    unit = declared(column, contract.units) if contract.units else None
    if unit is not None:
        values = _of_unit(values, column, unit)
        notes[f"{column.name}: read as {unit}"] = len(values) - values.null_count()
    elif column.nullable:
        values = _without_sentinels(values, column, notes)
    rounded = values.round(info["scale"], mode="half_to_even")
    finer = 0 if series.dtype == pl.Float32 or unit is not None else int((rounded != values).sum())
    if finer:
        notes[f"{column.name}: rounded to {info['scale']} decimals"] = finer
    faults += _bounds(rounded, 10.0 ** (info["precision"] - info["scale"]), info["low"], info["high"])
    return Checked(rounded, faults, notes)


def _of_unit(values: pl.Series, column: sa.Column, unit: str) -> pl.Series:
    try:
        return in_own_unit(values, column, unit)
    except ValueError as error:
        raise FileRefused("UNIT", str(error), column=column.name) from error


def _without_sentinels(values: pl.Series, column: sa.Column, notes: Counter) -> pl.Series:
    """Numbers without those that say "no sensor": out of the column's range, and known for it."""
    low, high, smallest, largest = column.info["low"], column.info["high"], values.min(), values.max()
    if low is None or smallest is None or (smallest >= low and largest <= high):
        return values
    absent = ((values < low) | (values > high)) & values.is_in(list(SENTINELS))
    for value, times in values.filter(absent.fill_null(False)).value_counts().iter_rows():
        notes[f"{column.name}: {value:g} read as an input without a sensor"] += times
    return values.set(absent.fill_null(False), None)


def _integer(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    values, faults = _numbers(series, contract)
    broken = (values != values.round(0)).fill_null(False)
    faults = [*faults, ("OUT_OF_TYPE", broken)]
    faults += _bounds(values, float(INT32), column.info.get("low"), column.info.get("high"))
    whole = values.set(broken | (values.abs() >= INT32).fill_null(False), None).cast(pl.Int64)
    return Checked(whole, faults)


def _bounds(values: pl.Series, limit: float, low: float | None, high: float | None) -> Faults:
    """OUT_OF_TYPE from `limit` on in size, OUT_OF_RANGE outside low..high; masks only where there are any."""
    faults: Faults = []
    smallest, largest = cast(float | None, values.min()), cast(float | None, values.max())
    if smallest is None or largest is None:
        return faults
    if max(abs(smallest), abs(largest)) >= limit:
        faults.append(("OUT_OF_TYPE", (values.abs() >= limit).fill_null(False)))
    if (low is not None and smallest < low) or (high is not None and largest > high):
        under = values < low if low is not None else values != values
        over = values > high if high is not None else values != values
        faults.append(("OUT_OF_RANGE", (under | over).fill_null(False)))
    return faults


_READERS = {
    "uuid": _uuid,
    "text": _text,
    "enum": _enum,
    "json": _json,
    "boolean": _boolean,
    "date": _date,
    "instant": _instant,
    "decimal": _decimal,
    "integer": _integer,
}
