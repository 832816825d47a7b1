"""Texts and typed columns read as points in time, in UTC."""

import re
from dataclasses import dataclass
from typing import cast

import polars as pl

from battery_assets.ingest.files.far_instants import clipped

UTC_MICROSECONDS = pl.Datetime("us", "UTC")
NAIVE, OFFSET = "naive", "offset"
_ISO = (
    r"^(\d{4}-\d{2}-\d{2})[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,9}))?)?"
    r"(?: ?(Z|z|[+-]\d{2}:?[0-5]\d|[+-]\d{2}))?$"
)
_EPOCH_UNITS = {"epoch-s": 1_000_000, "epoch-ms": 1_000, "epoch-us": 1}
EPOCHS = tuple(_EPOCH_UNITS)
# The year 292277: beyond it microseconds no longer fit 64 bits.
_LARGEST_MICROSECONDS = 9.2e18


@dataclass(frozen=True)
class Instants:
    """UTC instants, null where empty or among the faults; `kinds` says naive, offset or both."""

    values: pl.Series
    faults: list[tuple[str, pl.Series]]
    kinds: frozenset[str]


def read_instants(texts: pl.Series, time_format: str, timezone: str | None) -> Instants:
    """Instants from text. Where `timezone` is None, naive times stay null and only `kinds` tells of them.

    ISO times are read beside those of another format: tables of one export are often written by two programs.
    """
    if time_format in _EPOCH_UNITS:
        return _or_iso(_epochs(texts, _EPOCH_UNITS[time_format]), texts, timezone)
    if time_format != "iso":
        return _or_iso(_patterned(texts, time_format, timezone), texts, timezone)
    quick = _quick(texts, timezone)
    if quick is not None:
        return quick
    return _any_iso(texts, timezone)


def date_pattern(time_format: str) -> str | None:
    """The part of a contract's pattern that is a date: '%d.%m.%Y' of '%d.%m.%Y %H:%M'; None without one."""
    match = re.search(r"%[dmYyb](?:[^%]?%[dmYyb]){2}", time_format)
    return match[0] if match else None


def typed_instants(values: pl.Series, timezone: str | None) -> Instants:
    """Instants from a Datetime column, with or without a zone."""
    values = clipped(values)
    if cast(pl.Datetime, values.dtype).time_zone is None:
        return _placed(values.cast(pl.Datetime("us")), timezone, _none(values))
    utc = values.dt.convert_time_zone("UTC").cast(UTC_MICROSECONDS)
    return Instants(utc, [], _kinds(False, values.null_count() < len(values)))


def _quick(texts: pl.Series, timezone: str | None) -> Instants | None:
    """One format for the whole series, taken from its first value; None where some value differs from it."""
    present = texts.drop_nulls()
    shape = re.match(_ISO, present[0]) if len(present) else None
    if shape is None or shape[4] is None:
        return None
    offset = shape[6]
    if offset is not None and offset != "Z" and ":" not in offset:
        return None
    fraction = "%.f" if shape[5] else ""
    pattern = f"%Y-%m-%d{present[0][10]}%H:%M:%S{fraction}" + {None: "", "Z": "Z"}.get(offset, "%:z")
    values = texts.str.to_datetime(pattern, time_unit="us", strict=False)
    # A leap second reads as the next one, and a pattern forgives spaces and signs: let the long way judge.
    odd = len(present) - values.count() or texts.str.contains(":60", literal=True).any()
    if odd or not _one_length(present, bool(fraction)):
        return None
    if offset is None:
        return _placed(values, timezone, _none(texts))
    utc = values.dt.replace_time_zone("UTC") if offset == "Z" else values.dt.convert_time_zone("UTC")
    return Instants(utc.cast(UTC_MICROSECONDS), [], _kinds(False, True))


def _one_length(present: pl.Series, fraction: bool) -> bool:
    """Whether all texts have the length of the first, or, with fractions, one that a fraction explains."""
    lengths = present.str.len_bytes().to_numpy()
    spread = int(lengths.max()) - int(lengths.min())
    return spread <= 8 if fraction else spread == 0


def _or_iso(read: Instants, texts: pl.Series, timezone: str | None) -> Instants:
    """The reading, and the ISO times among what it could not read."""
    [(reason, bad), *others] = read.faults
    if not bad.any():
        return read
    places = bad.arg_true()
    iso = _any_iso(texts.gather(places), timezone)
    faults = {why: _none(texts).scatter(places, mask) for why, mask in iso.faults}
    unread = faults.pop(reason)
    kinds = iso.kinds if bad.sum() == len(texts) - texts.null_count() else read.kinds | iso.kinds
    values = read.values.scatter(places, iso.values)
    return Instants(values, [(reason, unread), *others, *faults.items()], kinds)


def _any_iso(texts: pl.Series, timezone: str | None) -> Instants:
    """Each value by its own ISO shape."""
    stripped = texts.str.strip_chars()
    part = {n: stripped.str.extract(_ISO, n) for n in range(1, 7)}
    wall = part[1] + " " + part[2] + ":" + part[3] + ":" + part[4].fill_null("00")
    wall = wall + "." + part[5].fill_null("0").str.slice(0, 6).str.pad_end(6, "0")
    values = wall.str.to_datetime("%Y-%m-%d %H:%M:%S.%6f", time_unit="us", strict=False)
    bad = texts.is_not_null() & values.is_null()
    has_offset = part[6].is_not_null() & ~bad
    offset = part[6].str.to_uppercase().replace("Z", "+0000").str.replace(":", "", literal=True)
    minutes = (offset.str.slice(1, 2).cast(pl.Int64) * 60) + offset.str.slice(3, 2).replace("", "0").cast(
        pl.Int64
    ).fill_null(0)
    sign = offset.str.starts_with("-").cast(pl.Int64) * 2 - 1
    shifted = (values + (minutes * sign * 60_000_000).cast(pl.Duration("us"))).dt.replace_time_zone("UTC")
    naive = _placed(values.set(has_offset, None), timezone, bad)
    kinds = naive.kinds | _kinds(False, bool(has_offset.any()))
    return Instants(shifted.zip_with(has_offset, naive.values), naive.faults, kinds)


def _patterned(texts: pl.Series, pattern: str, timezone: str | None) -> Instants:
    values = texts.str.strip_chars().str.to_datetime(pattern, time_unit="us", strict=False)
    seconds_60 = texts.str.contains(":60", literal=True).fill_null(False)
    bad = texts.is_not_null() & (values.is_null() | seconds_60)
    if cast(pl.Datetime, values.dtype).time_zone is not None:
        utc = values.dt.convert_time_zone("UTC").cast(UTC_MICROSECONDS).set(bad, None)
        return Instants(utc, [("BAD_TIME", bad)], _kinds(False, utc.null_count() < len(utc)))
    return _placed(values.set(bad, None), timezone, bad)


def _epochs(texts: pl.Series, microseconds: int) -> Instants:
    numbers = texts.str.strip_chars().cast(pl.Float64, strict=False) * microseconds
    bad = texts.is_not_null() & (numbers.is_null() | ~numbers.is_finite()).fill_null(True)
    whole = texts.str.strip_chars().cast(pl.Int64, strict=False)
    far = (numbers.abs() > _LARGEST_MICROSECONDS).fill_null(False)
    rounded = numbers.set(bad | far, None).round(0).cast(pl.Int64)
    exact = (whole.set(far, None) * microseconds).fill_null(rounded)
    values = exact.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return Instants(values, [("BAD_TIME", bad), ("TIME_RANGE", far)], frozenset({OFFSET}))


def _placed(naive: pl.Series, timezone: str | None, bad: pl.Series) -> Instants:
    """Naive wall times put into their zone; those of a clock change are faults."""
    present = naive.is_not_null()
    kinds = _kinds(bool(present.any()), False)
    if timezone is None:
        nothing = pl.repeat(None, len(naive), dtype=UTC_MICROSECONDS, eager=True)
        return Instants(nothing, [("BAD_TIME", bad)], kinds)
    if timezone == "UTC":
        return Instants(naive.dt.replace_time_zone("UTC"), [("BAD_TIME", bad)], kinds)
    values = naive.dt.replace_time_zone(timezone, ambiguous="null", non_existent="null")
    faults = [("BAD_TIME", bad)]
    if (values.is_null() & present).any():
        chosen = naive.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
        faults.append(("AMBIGUOUS_TIME", values.is_null() & chosen.is_not_null()))
        faults.append(("NONEXISTENT_TIME", present & chosen.is_null()))
    return Instants(values.dt.convert_time_zone("UTC"), faults, kinds)


def _kinds(naive: bool, offset: bool) -> frozenset[str]:
    return frozenset(kind for kind, present in ((NAIVE, naive), (OFFSET, offset)) if present)


def _none(series: pl.Series) -> pl.Series:
    return pl.repeat(False, len(series), dtype=pl.Boolean, eager=True)
