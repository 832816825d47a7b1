"""One column of a piece read as its table column: values, which rows are bad and why."""

import re
from collections import Counter

import polars as pl
import sqlalchemy as sa

from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.files.documents import read_documents
from battery_assets.ingest.files.far_instants import clipped
from battery_assets.ingest.files.instants import (
    EPOCHS,
    NAIVE,
    OFFSET,
    date_pattern,
    read_instants,
    typed_instants,
)
from battery_assets.ingest.files.problems import FileRefused
from battery_assets.ingest.files.quantities.checked import Checked, Faults
from battery_assets.ingest.files.quantities.numbers import decimals, integers

_UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
# The same digits as databases print them: in braces, behind urn:uuid:, without dashes, between spaces.
_DIGITS_OF_UUID = (
    rf"(?i)^\s*(?:urn:uuid:)?\{{?([0-9a-f]{{8}}){3 * '-?([0-9a-f]{4})'}-?([0-9a-f]{{12}})\}}?\s*$"
)
_TRUE, _FALSE = ("true", "1", "t", "yes", "y", "on"), ("false", "0", "f", "no", "n", "off")
_MIDNIGHT = r"[T ]00:00(:00(\.0+)?)?( ?(Z|[+-]00:?00))?$"

_LEAD_ACID = ("vrla", "agm", "gel", "leadacid", "pb", "sla", "vla", "opzv", "opzs", "flooded", "pbacid")
_LITHIUM = ("liion", "lfp", "lifepo4", "nmc", "nca", "lto", "lithium", "lithiumion", "lmo", "lco")
# A word of several parts, `VRLA AGM` or `LiFePO4 16S`, is what its parts say: they also say it by these.
_PARTS = {"lead": "VRLA", "li": "Li-ion", "lifepo": "Li-ion", "lipo": "Li-ion"}
_NICKEL = ("nimh", "nickelmetalhydride")
# Chemistries by the names that data sheets give them, without marks and capitals.
SPELLINGS = {
    "battery_model.chemistry": {
        **dict.fromkeys(_LEAD_ACID, "VRLA"),
        **dict.fromkeys(_LITHIUM, "Li-ion"),
        **dict.fromkeys(_NICKEL, "NiMH"),
    }
}
# What a word of letters is that names none of the list, or two of it: refused, its jars would count as
# lead-acid, as those without a model do.
_OTHERWISE = {"battery_model.chemistry": "other"}


def checked(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    """Read a text series, or a typed one from Parquet, as `column`.

    Raises FileRefused: SCHEMA_DIFF for a type that is not the column's, NO_TIMEZONE, MIXED_OFFSETS.
    """
    kind = column.info["kind"]
    if series.dtype == pl.Null:
        series = series.cast(pl.String)
    if series.dtype == pl.String and contract.null_words:
        series = series.set(series.is_in(list(contract.null_words)).fill_null(False), None)
    _check_type(series, column, contract)
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


def _check_type(series: pl.Series, column: sa.Column, contract: SourceContract) -> None:
    """Parquet types that carry the column's meaning; texts come from CSV, or were checked on reading."""
    kind, dtype = column.info["kind"], series.dtype
    counted = kind == "instant" and dtype.is_numeric()
    if kind in ("decimal", "integer"):
        fits = dtype.is_numeric() or dtype == pl.String
    else:
        fits = dtype == pl.String or dtype in _ACCEPTED[kind] or (counted and contract.time_format in EPOCHS)
    if not fits:
        way = (
            f"; if it counts from 1970, say --contract time_format={', or '.join(EPOCHS)}" if counted else ""
        )
        sentence = f"{column.name} is {dtype}, expected {kind}{way}"
        raise FileRefused("SCHEMA_DIFF", sentence, column=column.name)


def _uuid(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    different = series.unique().drop_nulls()
    wrong = different.filter(~different.str.contains(_UUID))
    faults: Faults = []
    notes: Counter = Counter()
    if len(wrong):
        plain = wrong.str.replace(_DIGITS_OF_UUID, "$1-$2-$3-$4-$5")
        series = series.replace(wrong, plain)
        if meant := int(plain.str.contains(_UUID).sum()):
            notes[f"{column.name}: ids without dashes, in braces or between spaces are read"] = meant
        wrong = plain.filter(~plain.str.contains(_UUID))
    if len(wrong):
        bad = series.is_in(wrong.to_list()).fill_null(False)
        faults = [("BAD_UUID", bad)]
        series = series.set(bad, None)
    if different.str.contains("[A-F]").any():
        series = series.str.to_lowercase()
    return Checked(series, faults, notes)


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
    """Words of a listed column that mean one of the list, and a note of each that was read so.

    Capitals, spaces and marks tell no two words of a list apart.
    """
    name = f"{column.table.name}.{column.name}"
    listed = {re.sub("[^a-z0-9]", "", word.lower()): word for word in column.info["values"]}
    spellings = {**listed, **SPELLINGS.get(name, {})}
    plain = series.str.to_lowercase().str.replace_all(r"[^a-z0-9]", "")
    meant = plain.replace_strict(spellings, default=None, return_dtype=pl.String)
    if name in SPELLINGS:
        meant = meant.fill_null(_by_parts(series, spellings | _PARTS))
    if otherwise := _OTHERWISE.get(name):
        meant = meant.set(meant.is_null() & plain.str.contains("[a-z]{2}"), otherwise)
    read = meant.is_not_null() & (meant != series)
    notes: Counter = Counter()
    for word, times in series.filter(read).value_counts().iter_rows():
        ours = meant.filter(series == word)[0]
        notes[f"{column.name}: {word!r} read as {ours!r}"] += times
    return series.zip_with(~read.fill_null(value=False), meant), notes


def _by_parts(series: pl.Series, spellings: dict[str, str]) -> pl.Series:
    """What the parts of each word mean, where those that are known agree."""
    parts = (
        series.str.to_lowercase()
        .str.extract_all("[a-z]+")
        .list.eval(
            pl.element().replace_strict(spellings, default=None, return_dtype=pl.String).drop_nulls().unique()
        )
    )
    return parts.list.get(0, null_on_oob=True).set(parts.list.len().fill_null(0) != 1, None)


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
        days = series.str.strip_chars().str.replace(_MIDNIGHT, "")
        shaped = days.set(~days.str.contains(r"^\d{4}-\d{2}-\d{2}$").fill_null(False), None)
        values = shaped.str.to_date("%Y-%m-%d", strict=False)
        if values.null_count() > series.null_count() and (pattern := date_pattern(contract.time_format)):
            values = values.fill_null(days.str.to_date(pattern, strict=False))
        faults = [("BAD_DATE", series.is_not_null() & values.is_null())]
    # Batteries have manufacture dates and warranties, so dates reach further than measurements.
    far = ((values.dt.year() < 1950) | (values.dt.year() >= 2100)).fill_null(False)
    return Checked(values, [*faults, ("TIME_RANGE", far)])


def _instant(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    if series.dtype.is_numeric():
        series = series.cast(pl.String)
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


_READERS = {
    "uuid": _uuid,
    "text": _text,
    "enum": _enum,
    "json": _json,
    "boolean": _boolean,
    "date": _date,
    "instant": _instant,
    "decimal": decimals,
    "integer": integers,
}
