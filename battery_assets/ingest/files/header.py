"""The columns a file has, held against those its table wants."""

import csv
import difflib
from collections import Counter
from collections.abc import Collection, Sequence
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
    """The names in a header line, without the spaces around them; one name where its quotes are broken."""
    try:
        return [name.strip() for name in next(csv.reader([text], delimiter=separator), [])]
    except csv.Error:
        return [text.strip()]


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
    wanted = {column.name: column for column in columns(table)}
    spelled = _in_our_letters(names, wanted)
    names = [spelled.get(name, name) for name in names]
    twice = [name for name, times in Counter(names).items() if times > 1 and name]
    if twice:
        shown = f"{len(twice)} names" if table.schema == PRIVATE else ", ".join(map(repr, twice))
        raise FileRefused("DUPLICATE_COLUMN", f"more than once: {shown}", line=line)
    missing = [name for name in wanted if name not in names]
    extra = [name for name in names if name and name not in wanted]
    _check_dialect(names, wanted, contract, line)
    required = [name for name in missing if not wanted[name].nullable]
    renamed = {name: _alike(name, extra) for name in missing if _alike(name, extra)}
    refused_extra = extra if contract.extra_columns == "refuse" else []
    if required or renamed or refused_extra:
        # Without a header the first row stands in its place, with the values of somebody.
        sentence = f"missing: {', '.join(missing)}; expected: {', '.join(wanted)}"
        if table.schema != PRIVATE:
            sentence = _difference(names, wanted, missing, extra, renamed)
        raise FileRefused("HEADER_MISMATCH", sentence, line=line)
    notes: Counter = Counter()
    if spelled:
        notes[f"columns in other letters are read: {', '.join(sorted(spelled.values()))}"] += 1
    if nameless := names.count(""):
        notes[f"columns without a name ignored: {nameless}"] += 1
    if extra:
        notes[f"extra columns ignored: {', '.join(sorted(extra))}"] += 1
    if missing:
        notes[f"missing columns filled with nulls: {', '.join(missing)}"] += 1
    places = {name: names.index(name) for name in wanted if name in names}
    return Header(places, len(names), notes)


def _in_our_letters(names: Sequence[str], wanted: Collection[str]) -> dict[str, str]:
    """Names that are the table's but for capitals and spaces, where the table's own is not there besides."""
    plain = {name: name.lower().replace(" ", "_") for name in names if name not in wanted}
    return {name: ours for name, ours in plain.items() if ours in wanted and ours not in names}


def place_of_header(lines: Sequence[str], table: sa.Table, contract: SourceContract) -> int:
    """Which of a file's first lines is the header: the first, or one below lines of a title.

    A title has words in less than half of the columns. What it says is no row, and is counted as left out.
    """
    wanted = {column.name for column in columns(table)}
    needed = {column.name for column in columns(table) if not column.nullable}
    renames = dict(contract.rename)
    above = 0
    for place, line in enumerate(lines):
        for separator in (contract.separator, *_SEPARATORS):
            cells = [renames.get(name, name) for name in split_header(line, separator)]
            names = {*cells, *_in_our_letters(cells, wanted).values()} & wanted
            if needed <= names and len(names) > 1:
                return place if above < len(cells) / 2 else 0
        above = max(above, sum(bool(name) for name in split_header(line, contract.separator)))
    return 0


def _check_dialect(columns: Sequence[str], wanted: dict, contract: SourceContract, line: int | None) -> None:
    if len(columns) != 1:
        return
    for separator in _SEPARATORS:
        names = split_header(columns[0], separator)
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


def _difference(names, wanted, missing, extra, renamed) -> str:
    parts = [f"missing: {', '.join(missing) or 'none'}", f"unknown: {', '.join(extra) or 'none'}"]
    if renamed:
        parts.append("looks renamed: " + ", ".join(f"{new!r} for {name!r}" for name, new in renamed.items()))
    return "; ".join([*parts, f"expected: {', '.join(wanted)}", f"found: {', '.join(names)}"])[:2_000]
