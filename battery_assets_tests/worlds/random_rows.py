"""Rows that a table allows and nobody would think of: its limits, odd texts, missing values."""

import json
import random
import string as letters
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import sqlalchemy as sa

from battery_assets.tables.projections import columns, polars_schema

MONTH_START = datetime(2025, 3, 1, tzinfo=UTC)
MONTH_US = 31 * 86_400 * 1_000_000
INT32 = (-(2**31), 2**31 - 1)
ODD_TEXTS = (
    "", " ", "\\N", '"\\N"', "\\.", "NULL", "null", '"', '""', "'", "a,b", "a\tb", "two\nlines", "\r\n", "\n",
    "back\\slash", "100%", "%(name)s", "{}", "{0}", "อุณหภูมิ 25 °C", "Ünïcödé 🔋", "\u200b", "e\u0301", "0", "NaN",
    "-inf", "true", "2025-03-01", "; DROP TABLE battery; --", "\x01\x7f",
)  # fmt: skip


class World:
    """Random rows of tables, so that what they refer to is there: make parents before children."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ids: dict[str, list[str]] = {}

    def rows(self, table: sa.Table, count: int, prefix: str = "") -> pl.DataFrame:
        """So many rows, keys in random order; codes begin with `prefix` and are unique."""
        made = [self._row(table, number, prefix) for number in range(count)]
        keys = [c.name for c in table.primary_key.columns if c.info["kind"] != "partition"]
        frame = pl.DataFrame(made, schema=polars_schema(table)).unique(keys, maintain_order=True)
        if len(keys) == 1:
            self.ids.setdefault(f"{table.name}.{keys[0]}", []).extend(frame[keys[0]])
        return frame

    def _row(self, table: sa.Table, number: int, prefix: str) -> dict[str, Any]:
        unique = {
            c.name
            for one in table.constraints
            if isinstance(one, sa.UniqueConstraint)
            for c in one.columns
            if c.name != "site"
        }
        return {
            column.name: f"{prefix}{number}"
            if column.name in unique
            else None
            if column.nullable and self.random.random() < 0.2
            else self._value(column)
            for column in columns(table)
        }

    def _value(self, column: sa.Column) -> Any:
        info, kind = column.info, column.info["kind"]
        if kind == "uuid":
            known = self.ids.get(info.get("references", ""), [])
            if "references" in info and info["references"] != f"{column.table.name}.{column.name}":
                return self.random.choice(known) if known else self._absent(column)
            return str(uuid.UUID(int=self.random.getrandbits(128)))
        if kind == "decimal":
            return self._decimal(column)
        if kind == "integer":
            low, high = info.get("low"), info.get("high")
            low, high = INT32[0] if low is None else low, INT32[1] if high is None else high
            return self.random.choice([low, high, self.random.randint(low, high)])
        return {
            "instant": self._instant,
            "date": lambda: date(1900, 1, 1) + timedelta(days=self.random.randrange(80_000)),
            "boolean": lambda: self.random.random() < 0.5,
            "enum": lambda: self.random.choice(info["values"]),
            "text": lambda: self._text(info["length"]),
            "json": lambda: json.dumps(self._document(2)),
        }[kind]()

    def _absent(self, column: sa.Column) -> str | None:
        return None if column.nullable else str(uuid.UUID(int=self.random.getrandbits(128)))

    def _decimal(self, column: sa.Column) -> float:
        info = column.info
        unit = 10 ** info["scale"]
        most = 10 ** info["precision"] - 1
        low = -most if info["low"] is None else max(-most, round(info["low"] * unit))
        high = most if info["high"] is None else min(most, round(info["high"] * unit))
        return self.random.choice([low, high, self.random.randint(low, high)]) / unit

    def _instant(self) -> datetime:
        micros = self.random.choice([0, 1, MONTH_US - 1, self.random.randrange(MONTH_US)])
        return MONTH_START + timedelta(microseconds=micros)

    def _text(self, length: int | None) -> str:
        odd = self.random.choice(ODD_TEXTS)
        longest = length or 2_000
        if self.random.random() < 0.2:
            odd = "".join(self.random.choices(letters.printable + "ฎ🔋", k=longest))
        return odd[:longest]

    def _document(self, depth: int) -> Any:
        if depth == 0:
            return self.random.choice([None, True, 0, -1.5, 1e-5, 12345678901234567890, *ODD_TEXTS])
        if self.random.random() < 0.5:
            return [self._document(depth - 1) for _ in range(self.random.randrange(4))]
        return {self._text(20): self._document(depth - 1) for _ in range(self.random.randrange(4))}
