"""Fingerprints: equal where everything that decides a result is equal."""

import hashlib
import json
from collections.abc import Mapping

import polars as pl


def digest(*parts: str | int | Mapping | pl.DataFrame | None) -> str:
    """Checksum of texts, settings and small frames, in the order given; frames row by row as they lie."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, pl.DataFrame):
            words = f"{part.columns}{part.write_ndjson()}"
        else:
            words = part if isinstance(part, str) else json.dumps(part, sort_keys=True, default=str)
        total.update(hashlib.sha256(words.encode()).digest())
    return total.hexdigest()
