"""What a file says about its test: cell, channel, protocol, start. Read, never computed."""

import re
from datetime import datetime

from battery_assets.ingest.lab.dialects.definition import Dialect
from battery_assets.ingest.lab.formats.raw_table import RawTable
from battery_assets.ingest.lab.reading import Declared

_TEXTS = ("cell", "barcode", "channel", "protocol")
_NUMBERS = ("mass_g", "nominal_capacity_ah")


def declared(dialect: Dialect, table: RawTable) -> Declared:
    """The facts of the preamble, by the dialect's patterns."""
    found: dict = {key: _first(dialect, table, key) for key in _TEXTS}
    for key in _NUMBERS:
        text = _first(dialect, table, key)
        found[key] = float(text) if text else None
    found["started_at"] = _instant(
        _first(dialect, table, "started_at"), dialect.facts.get("started_at_format", ())
    )
    return Declared(**found)


def _first(dialect: Dialect, table: RawTable, key: str) -> str | None:
    for pattern in dialect.facts.get(key, ()):
        for line in table.preamble:
            match = re.search(pattern, line.rstrip())
            if match and match[1].strip():
                return match[1].strip()
    return None


def _instant(text: str | None, patterns: tuple[str, ...]) -> datetime | None:
    for pattern in patterns:
        try:
            return datetime.strptime(text, pattern) if text else None
        except ValueError:
            continue
    return None
