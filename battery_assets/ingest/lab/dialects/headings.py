"""Column headings of cycler files: the quantity, and the unit where the heading names one."""

import re
from dataclasses import dataclass
from functools import lru_cache

from battery_assets.ingest.lab.dialects.vocabulary import is_unit

_BRACKETED = re.compile(r"^(?P<name>.+?)\s*[(\[](?P<unit>[^()\[\]]+)[)\]]\s*$")
_SLASHED = re.compile(r"^(?P<name>.+?)\s*/\s*(?P<unit>[^/]+)$")
_MACHINE = re.compile(
    r"^(?P<name>[A-Za-z0-9_]+)_(?P<unit>second|volt|ampere|celsius|ohm|ah|wh|s|V|A|Ah|Wh|C|mAh|mA|mV"
    r"|millisecond|minute|hour|millivolt|milliampere|mWh|kelvin|fahrenheit|degC|K)$"
)
# '<Ewe/V>': EC-Lab 11.4x and 11.5x put the whole heading of a mean between the angles.
_MEAN = re.compile(r"^<(?P<name>[^<>/]+)/(?P<unit>[^<>]+)>$")
# 'mAmps', 'mVolts': the unit is the heading.
_PREFIXED = re.compile(r"^(?P<prefix>[mµu])(?P<name>Amps?|Volts?|Amp-hr|Watt-hr)$")
_NO_SLUG = re.compile(r"[^a-z0-9\u4e00-\u9fff]+")


@dataclass(frozen=True)
class Heading:
    """text: as it stands in the file; slug: the quantity in lower case; unit: None where there is none."""

    text: str
    slug: str
    unit: str | None
    place: int


def slug(text: str) -> str:
    """Lower case, everything but letters (Latin, Chinese) and digits as one underscore."""
    return _NO_SLUG.sub("_", text.lower()).strip("_")


def heading(text: str, place: int) -> Heading:
    """The quantity and unit of one heading. `place` is its 0-based position."""
    return Heading(*_parts(text), place)


@lru_cache(maxsize=4_096)
def _parts(text: str) -> tuple[str, str, str | None]:
    """Text, slug and unit of a heading; the files of a lab share a few."""
    plain = text.strip().strip('"').lstrip("~").strip()
    bracketed = _BRACKETED.match(plain)
    if bracketed:
        return plain, slug(bracketed["name"]), bracketed["unit"].strip()
    prefixed = _PREFIXED.match(plain)
    if prefixed:
        return plain, slug(prefixed["name"]), plain
    for pattern in (_MEAN, _SLASHED, _MACHINE):
        match = pattern.match(plain)
        if match and is_unit(match["unit"]):
            return plain, slug(match["name"]), match["unit"].strip()
    return plain, slug(plain), None


def headings(names: list[str]) -> list[Heading]:
    """All headings of a header line; empty ones are left out."""
    return [heading(name, place) for place, name in enumerate(names) if name.strip().strip('"')]
