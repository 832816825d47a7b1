"""Mail addresses in what the books keep of foreign files: analysts read these, and reach nobody by them."""

import re
from typing import Any

HIDDEN = "(a mail address)"
_MARKS = r"\s@,;:'\"<>|()"
_ADDRESS = re.compile(rf"[^{_MARKS}]+@[^{_MARKS}]+\.[^{_MARKS}]+")
_TEXTS = ("reason", "value", "raw")


def without_addresses(text: str) -> str:
    """A text with HIDDEN in place of each mail address."""
    return _ADDRESS.sub(HIDDEN, text) if "@" in text else text


def cleared(record: dict[str, Any]) -> dict[str, Any]:
    """A row of ingest_file or quarantined_row whose words name no mail address."""
    texts = {name: record[name] for name in _TEXTS if isinstance(record.get(name), str)}
    return record | {name: without_addresses(text) for name, text in texts.items()}
