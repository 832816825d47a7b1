"""What the numbers of a column are measured in: as contract, heading, a cell beside, or the dialect say."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects.definition import Column, Dialect
from battery_assets.ingest.lab.dialects.headings import Heading
from battery_assets.ingest.lab.dialects.vocabulary import DIMENSIONS, factor, zero
from battery_assets.ingest.lab.formats.raw_table import RawTable
from battery_assets.ingest.lab.refusal import LabFileRefused

_BESIDE = ("unit", "units")
_BEHIND_POINT = re.compile(r"\.(\d*)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Scale:
    """A number of the file times `factor`, plus `zero`, is in the vocabulary's unit."""

    factor: float = 1.0
    zero: float = 0.0


PLAIN = Scale()


def unit_of(table: RawTable, heading: Heading) -> str | None:
    """The unit that the file states: in the heading, or elsewhere (`RawTable.units`)."""
    return heading.unit or table.units.get(heading.place)


def with_beside(table: RawTable, raw: pl.DataFrame, beside: dict[int, int]) -> RawTable:
    """The table with the units that stand in columns of their own; `beside`: their places by the heading's.

    A column that holds several units states none that all rows share: they come together.
    """
    beside_units = {}
    for place, unit_column in beside.items():
        cells = raw[str(unit_column)].drop_nulls().cast(pl.String).str.strip_chars(" ()[]")
        stated = cells.filter(cells != "").unique(maintain_order=True).to_list()
        if stated:
            beside_units[place] = " and ".join(stated)
    return replace(table, units={**table.units, **beside_units}) if beside_units else table


def beside(table: RawTable, headings: Sequence[Heading]) -> dict[int, int]:
    """Places of columns of units, by the place of their heading: 'Units' behind one without a unit
    of its own, or its name and 'unit'."""
    places: dict[int, int] = {}
    if not any(other.slug.endswith(_BESIDE) for other in table.headings):
        return places
    for heading in headings:
        own = {f"{heading.slug}_{word}" for word in _BESIDE}
        for other in table.headings:
            behind = other.place == heading.place + 1 and other.slug in _BESIDE
            if not heading.unit and (other.slug in own or behind):
                places[heading.place] = other.place
    return places


def scale(
    word: str, column: Column, heading: Heading, table: RawTable, dialect: Dialect, contract: LabContract
) -> Scale | None:
    """From the file's unit to the vocabulary's; None where a column that is not required has none.

    Raises LabFileRefused: UNIT.
    """
    dimension = DIMENSIONS[word]
    if dimension == "time" and contract.time_scale is not None:
        return Scale(contract.time_scale)
    declared = {text: stated_scale for text, meant, stated_scale in contract.columns if meant == word}
    stated_scale = declared.get(heading.text)
    if isinstance(stated_scale, float | int):
        return Scale(float(stated_scale))
    unit = stated_scale or unit_of(table, heading) or column.unit
    times = factor(unit, dimension) if unit else None
    undecided = unit is None and dimension == "time" and dialect.clock_decides
    if times is None and (dimension == "count" or undecided):
        return PLAIN
    if times is None and column.required:
        raise LabFileRefused(
            "UNIT",
            found=without_unit(word, heading, table),
            expected=f"a unit of {dimension}",
            next_step=f"name the unit in the heading, as in '{heading.text} (...)', or "
            f"{_declared(word, heading)}",
        )
    return None if times is None else Scale(times, zero(unit, dimension))


def without_unit(word: str, heading: Heading, table: RawTable) -> str:
    unit = unit_of(table, heading)
    return f"the column {heading.text!r} {f'in {unit!r}' if unit else 'without a unit'}, not read as {word}"


def _declared(word: str, heading: Heading) -> str:
    return f"declare it: --column '{heading.text}={word}:UNIT', or a factor in place of the unit"


def left_out(word: str, heading: Heading, table: RawTable) -> str:
    """A column of a known quantity in no known unit, and how it can be read."""
    return f"{without_unit(word, heading, table)}; to read it, {_declared(word, heading)}"


def unread(table: RawTable, read: set[int], contract: LabContract, notes: Counter) -> None:
    """Name the columns that became nothing, and declared ones that are absent: nothing vanishes silently."""
    texts = {heading.text for heading in table.headings}
    absent = [text for text, _, _ in contract.columns if text not in texts]
    if absent:
        notes[f"declared columns that this file does not have: {', '.join(absent)}"] += 1
    left = [heading for heading in table.headings if heading.place not in read | table.used]
    names = [heading.text for heading in left if heading.slug not in _BESIDE]
    if names:
        notes[f"columns that are not read: {', '.join(names)}"] += 1


def resolution_a(table: RawTable, places: dict, dialect: Dialect, contract: LabContract) -> float:
    """One in the last decimal place of the currents, A; 0 where they are floats."""
    column, heading = places["current_a"]
    texts = table.sample(heading.place) if table.sample else []
    joined = "\n".join(texts).replace(",", ".")
    if not texts or "e" in joined or "E" in joined:
        return 0.0
    places_after = max(map(len, _BEHIND_POINT.findall(joined)), default=0)
    scaled = scale("current_a", column, heading, table, dialect, contract) or PLAIN
    return 10.0**-places_after * abs(scaled.factor)
