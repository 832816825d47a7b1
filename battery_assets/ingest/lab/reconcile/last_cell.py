"""The last cell of a file that does not end its last line: whole, or cut in its middle."""

import re
from collections.abc import Sequence

from battery_assets.ingest.lab.dialects.definition import Dialect
from battery_assets.ingest.lab.formats.raw_table import RawTable

_NUMBER = re.compile(r"[-+]?\d+(?:[.,](?P<decimals>\d+))?(?:[eE][-+]?(?P<exponent>\d+))?")
_FEWEST = 3


def is_whole(table: RawTable, dialect: Dialect, place: int) -> bool:
    """Whether the last row's cell has the form of all cells above it.

    Numbers in scientific notation show a cut by themselves; with a fixed number of decimals a cut shows too,
    and is believed where the dialect's software never ends the last line.
    """
    if table.sample is None:
        return False
    forms = [_form(cell) for cell in table.sample(place)]
    if len(forms) < _FEWEST or len(set(forms)) > 1 or forms[0] is None:
        return False
    decimals, exponent = forms[0]
    return exponent > 0 or (dialect.never_ended and decimals > 0)


def _form(cell: str) -> tuple[int, int] | None:
    """(decimals, digits of the exponent) of a number; None for anything else."""
    match = _NUMBER.fullmatch(cell.strip())
    return (len(match["decimals"] or ""), len(match["exponent"] or "")) if match else None


def words_of(places: dict, table: RawTable, place: int) -> Sequence[str]:
    """The words that are read from the column at `place`, or from one that follows from it."""
    return [
        word
        for word, (_, heading) in places.items()
        if place == heading.place or place in table.follows.get(heading.place, ())
    ]
