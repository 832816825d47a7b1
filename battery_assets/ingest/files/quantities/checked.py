"""What reading a column gives."""

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

Faults = list[tuple[str, pl.Series]]


@dataclass(frozen=True)
class Checked:
    """values in the table's in-memory type, null where bad; faults as (reason, mask); `kinds` of times."""

    values: pl.Series
    faults: Faults
    notes: Counter = field(default_factory=Counter)
    kinds: frozenset[str] = frozenset()
