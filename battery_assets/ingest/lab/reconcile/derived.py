"""Quantities that follow from two columns of a file: formed where the file leaves them to its reader.

EC-Lab writes what a user ticks: the voltage between both electrodes or the electrodes, the current or the
charge of each interval. The same test then reads the same from .mpr and .mpt, whatever was ticked.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from battery_assets.ingest.lab.dialects.headings import Heading
from battery_assets.ingest.lab.dialects.vocabulary import factor
from battery_assets.ingest.lab.formats.raw_table import RawTable

_VOLTAGES = ("ecell", "ewe_ece")


def completed(table: RawTable) -> RawTable:
    """The table with a voltage of both electrodes, and a current of charge or power, where it has none."""
    by_slug = {heading.slug: heading for heading in reversed(table.headings)}
    if not by_slug.keys() & set(_VOLTAGES) and {"ewe", "ece"} <= by_slug.keys():
        table = _with(
            table, "Ewe-Ece/V", [by_slug["ewe"], by_slug["ece"]], ("voltage", "voltage"), np.subtract
        )
    if "i" in by_slug:
        return table
    # 'dQ/mA.h' is another column: the charge since the half cycle began.
    interval = next((heading for heading in table.headings if heading.text.startswith("dq/")), None)
    if "time" in by_slug and interval:
        note = "the file holds no current: it is the charge of each interval over the interval"
        return _with(table, "<I>/A", [by_slug["time"], interval], ("time", "charge"), _mean_current, note)
    volts = next((by_slug[name] for name in (*_VOLTAGES, "ewe") if name in by_slug), None)
    if "p" in by_slug and volts and "ece" not in by_slug:
        note = "the file holds no current: it is the power over the voltage"
        return _with(table, "<I>/A", [by_slug["p"], volts], ("power", "voltage"), _over, note)
    return table


def _with(
    table: RawTable,
    text: str,
    sources: list[Heading],
    dimensions: tuple[str, str],
    formed: Callable[[np.ndarray, np.ndarray], np.ndarray],
    note: str = "",
) -> RawTable:
    """The table with one column more, formed of two."""
    place = 1 + max(max(heading.place for heading in table.headings), *table.follows, 0)
    name, _, unit = text.partition("/")
    slug = {"Ewe-Ece": "ewe_ece"}.get(name, "i")
    scales = [_factor(heading, dimension) for heading, dimension in zip(sources, dimensions, strict=True)]
    if None in scales:
        return table
    behind = [heading.place for heading in sources]

    def take(places: Sequence[int], numeric: Sequence[int]) -> pl.DataFrame:
        if place not in places:
            return table.take(places, numeric)
        own = [one for one in places if one != place]
        numbers = [one for one in numeric if one != place]
        frame = table.take([*dict.fromkeys([*own, *behind])], [*dict.fromkeys([*numbers, *behind])])
        parts = [
            frame[str(at)].cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy() * scale
            for at, scale in zip(behind, scales, strict=True)
        ]
        formed_now = pl.Series(str(place), formed(*parts)).fill_nan(None)
        return frame.select(str(at) for at in own).with_columns(formed_now).select(str(at) for at in places)

    return replace(
        table,
        headings=[*table.headings, Heading(text, slug, unit, place)],
        take=take,
        sample=None if table.sample is None else lambda at: [] if at == place else table.sample(at),  # type: ignore[misc]
        used=table.used | set(behind),
        follows={**table.follows, place: tuple(behind)},
        notes=(*table.notes, *([note] if note else [])),
    )


def _factor(heading: Heading, dimension: str) -> float | None:
    return factor(heading.unit, dimension) if heading.unit else None


def _mean_current(time_s: np.ndarray, charge_ah: np.ndarray) -> np.ndarray:
    """A in the interval that ends at each point; where no time has passed, that of the next one."""
    hours = np.diff(time_s, prepend=time_s[0]) / 3600
    passed = hours > 0
    current = np.divide(charge_ah, hours, out=np.zeros(len(hours)), where=passed)
    places = np.where(passed, np.arange(len(hours)), len(hours))
    after = np.minimum.accumulate(places[::-1])[::-1]
    return np.append(current, 0.0)[after]


def _over(power_w: np.ndarray, voltage_v: np.ndarray) -> np.ndarray:
    return np.divide(power_w, voltage_v, out=np.full(len(power_w), np.nan), where=voltage_v != 0)
