"""What a file says about its test: cell, channel, protocol, start. Read, never computed."""

import re
from datetime import datetime

from battery_assets.ingest.lab.dialects.definition import Dialect
from battery_assets.ingest.lab.dialects.vocabulary import factor
from battery_assets.ingest.lab.formats.raw_table import RawTable
from battery_assets.ingest.lab.reading import Declared
from battery_assets.ingest.lab.reconcile.instants import in_both_orders

_TEXTS = ("cell", "barcode", "channel", "protocol")
_CHARGE = "nominal_capacity_ah"
# Words that software writes where there is nothing to say.
_NOTHING = ("none", "n/a", "na", "null", "nan", "-", "--", "---", "<none>", "(none)")
_NUMBER = re.compile(r"^(?P<number>[\d.,\s']*\d)\s*(?P<unit>[^\d\s].*)?$")
_THOUSANDS = re.compile(r"^\d{1,3}(,\d{3})+(\.\d+)?$")


def declared(dialect: Dialect, table: RawTable, order: str | None = None) -> Declared:
    """The facts of the preamble, by the dialect's patterns; `order`: declared, of day and month."""
    facts: dict = {key: _first(dialect, table, key) for key in _TEXTS}
    comma = "numbers have a decimal comma" in table.notes
    for key in ("mass_g", _CHARGE):
        facts[key] = _number(_first(dialect, table, key), key, comma)
    facts["started_at"] = _instant(
        _first(dialect, table, "started_at"), dialect.facts.get("started_at_format", ()), order
    )
    return Declared(**facts)


def _first(dialect: Dialect, table: RawTable, key: str) -> str | None:
    for pattern in dialect.facts.get(key, ()):
        for line in table.preamble:
            match = re.search(pattern, line.rstrip())
            if match and match[1].strip() and match[1].strip().lower() not in _NOTHING:
                return match[1].strip()
    return None


def _number(text: str | None, key: str, comma: bool) -> float | None:
    """'1,300 A.h' under a decimal comma is 1.3; a number that can be read in two ways is none."""
    match = _NUMBER.match(text or "")
    if not match:
        return None
    number = match["number"].replace(" ", "").replace("'", "")
    if comma:
        number = number.replace(".", "").replace(",", ".")
    elif "," in number:
        if "." not in number or not _THOUSANDS.match(number):
            return None
        number = number.replace(",", "")
    scale = factor(match["unit"], "charge") if match["unit"] and key == _CHARGE else 1.0
    return None if scale is None else round(float(number) * scale, 12)


def _instant(text: str | None, patterns: tuple[str, ...], order: str | None) -> datetime | None:
    """Without a zone; with one where the text itself names its offset."""
    try:
        written = datetime.fromisoformat(text or "")
        if written.tzinfo:
            return written
    except ValueError:
        pass
    for pattern in in_both_orders(patterns, order):
        try:
            return datetime.strptime(text, pattern) if text else None
        except ValueError:
            continue
    return None
