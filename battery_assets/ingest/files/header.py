"""The columns a file has, held against those its table wants."""

import csv
import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.files.problems import PRIVATE, FileRefused
from battery_assets.tables.projections import columns

MAX_COLUMNS = 1_000
_SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Header:
    """Where each of the table's columns stands in the file.

    places   position of each column that is there, by name
    width    number of fields of a row
    notes    extra columns that are ignored, nullable ones that are missing
    """

    places: dict[str, int]
    width: int
    notes: Counter


def split_header(text: str, separator: str) -> list[str]:
    """The names in a header line, without the spaces around them."""
    return [name.strip() for name in next(csv.reader([text], delimiter=separator), [])]


def matched(
    names: Sequence[str], table: sa.Table, contract: SourceContract, line: int | None = None
) -> Header:
    """Match found names to the table's columns, in any order.

    A missing column that may be empty is filled with nulls and reported, unless an extra column looks like
    it: then it was renamed, and reading on would lose its values.
    Raises FileRefused: DUPLICATE_COLUMN, HEADER_MISMATCH (with the difference), DIALECT, LIMIT.
    """
    renames = dict(contract.rename)
    names = [renames.get(name, name) for name in names]
    if len(names) > MAX_COLUMNS:
        raise FileRefused("LIMIT", f"{len(names):,} columns; at most {MAX_COLUMNS:,}", line=line)
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        shown = f"{len(twice)} names" if table.schema == PRIVATE else ", ".join(map(repr, twice))
        raise FileRefused("DUPLICATE_COLUMN", f"more than once: {shown}", line=line)
    wanted = {column.name: column for column in columns(table)}
    missing = [name for name in wanted if name not in names]
    extra = [name for name in names if name not in wanted]
    _check_dialect(names, wanted, contract, line)
    required = [name for name in missing if not wanted[name].nullable]
    renamed = {name: _alike(name, extra) for name in missing if _alike(name, extra)}
    refused_extra = extra if contract.extra_columns == "refuse" else []
    if required or renamed or refused_extra:
        # Without a header the first row stands in its place, with the values of somebody.
        told = f"missing: {', '.join(missing)}; expected: {', '.join(wanted)}"
        if table.schema != PRIVATE:
            told = _difference(names, wanted, missing, extra, renamed)
        raise FileRefused("HEADER_MISMATCH", told, line=line)
    notes: Counter = Counter()
    if extra:
        notes[f"extra columns ignored: {', '.join(sorted(extra))}"] += 1
    if missing:
        notes[f"missing columns filled with nulls: {', '.join(missing)}"] += 1
    places = {name: names.index(name) for name in wanted if name in names}
    return Header(places, len(names), notes)


def _check_dialect(found: Sequence[str], wanted: dict, contract: SourceContract, line: int | None) -> None:
    if len(found) != 1:
        return
    for separator in _SEPARATORS:
        names = split_header(found[0], separator)
        if separator != contract.separator and sum(name in wanted for name in names) >= 2:
            raise FileRefused(
                "DIALECT",
                f"columns are separated by {separator!r}; the contract says {contract.separator!r}",
                line=line,
            )


def _alike(name: str, extra: Sequence[str]) -> str | None:
    """The extra column that is probably `name` under another spelling."""
    plain = {other.lower().replace(" ", "_"): other for other in extra}
    near = difflib.get_close_matches(name, list(plain), n=1, cutoff=0.75)
    if near:
        return plain[near[0]]
    stem = name.rsplit("_", 1)[0]
    return next((other for low, other in plain.items() if "_" in name and low == stem), None)


def _difference(found, wanted, missing, extra, renamed) -> str:
    parts = [f"missing: {', '.join(missing) or 'none'}", f"unknown: {', '.join(extra) or 'none'}"]
    if renamed:
        parts.append("looks renamed: " + ", ".join(f"{new!r} for {name!r}" for name, new in renamed.items()))
    return "; ".join([*parts, f"expected: {', '.join(wanted)}", f"found: {', '.join(found)}"])[:2_000]
