"""References and names of foreign rows: what points at nothing is emptied, what is named twice is told apart.

The row itself is kept, and a finding tells what was changed.
"""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl
import sqlalchemy as sa

from battery_assets.ingest.exports.tables import Reading
from battery_assets.ingest.files.problems import PRIVATE
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import key_columns, parents

_SHOWN = 6


def with_sound_references(warehouse: Warehouse, table: sa.Table, reading: Reading, part: Part) -> Reading:
    """The reading with dangling references empty, rings of successors cut, and names that are one row's.

    There is a finding for each column that had any. Rows that arrive together may point at each other. Only
    nullable columns are emptied: a key that points at nothing is PostgreSQL's to refuse.
    """
    rows, findings = reading.rows, list(reading.findings)
    for name, parent in parents(table).items():
        if not table.c[name].nullable or rows[name].null_count() == rows.height:
            continue
        keys = _keys_of(warehouse, parent)
        if parent.table is table:
            keys |= set(rows[key_columns(table)[0]].to_list())
        dangling = rows.filter(pl.col(name).is_not_null() & ~pl.col(name).is_in(list(keys)))
        if dangling.height:
            findings.append(_sentence(name, str(parent.table.name), dangling[name]))
            held = pl.when(pl.col(name).is_in(list(keys))).then(pl.col(name))
            rows = rows.with_columns(held.alias(name))
        if parent.table is table:
            rows, rings = _without_rings(rows, key_columns(table)[0], name)
            findings += rings
    rows, doubled = named_apart(warehouse, table, rows, part)
    return replace(reading, rows=rows, findings=findings + doubled)


def named_apart(
    warehouse: Warehouse, table: sa.Table, rows: pl.DataFrame, part: Part
) -> tuple[pl.DataFrame, list[str]]:
    """Rows whose codes are one row's of the site: a code that another id has gets its own id behind it.

    Systems that are set up anew issue new ids for the same names, and the old ids are still referred to.
    """
    findings = []
    for name in _unique_names(table) if rows.height else []:
        taken = _taken(warehouse, table, name, part)
        rows, renamed = _told_apart(
            rows, key_columns(table)[0], name, taken, table.c[name].info.get("length")
        )
        if renamed and table.schema == PRIVATE:
            # Who reads findings may not read how to reach people.
            renamed = [
                f"{name}: {len(renamed)} values are another row's already; those have their id behind them"
            ]
        findings += renamed
    return rows, findings


def _unique_names(table: sa.Table) -> list[str]:
    """The columns whose values are unique within a site."""
    constraints = [c for c in table.constraints if isinstance(c, sa.UniqueConstraint)]
    return [str(column.name) for c in constraints for column in c.columns if column.name != "site"]


def _taken(warehouse: Warehouse, table: sa.Table, name: str, part: Part) -> dict[str, str]:
    key = key_columns(table)[0]
    query = sa.select(table.c[name], table.c[key]).where(table.c.site == part.site)
    with warehouse.transaction() as connection:
        return {str(value): str(unit) for value, unit in connection.execute(query) if value is not None}


def _told_apart(
    rows: pl.DataFrame, key: str, name: str, taken: Mapping[str, str], length: int | None
) -> tuple[pl.DataFrame, list[str]]:
    owner, fresh, findings = dict(taken), [], []
    for unit, value in rows.select(key, name).iter_rows():
        shown = value
        if value is not None and owner.setdefault(value, unit) != unit:
            mark = f" #{unit[:8]}"
            shown = value[: (length or len(value) + len(mark)) - len(mark)] + mark
            findings.append(
                f"{name}: {value!r} is the name of {owner[value]} already; {unit} is called {shown!r}"
            )
        fresh.append(shown)
    return rows.with_columns(pl.Series(name, fresh, pl.String)) if findings else rows, findings


def _without_rings(rows: pl.DataFrame, key: str, name: str) -> tuple[pl.DataFrame, list[str]]:
    """Rows of which none follows itself: the references of a ring are emptied, as none is first."""
    follows = dict(rows.filter(pl.col(name).is_not_null()).select(key, name).iter_rows())
    ring = {unit for unit in follows if _comes_back(unit, follows)}
    if not ring:
        return rows, []
    sentence = (
        f"{name}: {len(ring)} rows name each other in a ring, left empty: {', '.join(sorted(ring)[:_SHOWN])}"
    )
    held = pl.when(~pl.col(key).is_in(sorted(ring))).then(pl.col(name))
    return rows.with_columns(held.alias(name)), [sentence]


def _comes_back(unit: str, follows: Mapping[str, str]) -> bool:
    at, passed = follows.get(unit), {unit}
    while at is not None and at not in passed:
        passed.add(at)
        at = follows.get(at)
    return at == unit


def unknown_units(warehouse: Warehouse, column: sa.Column, counts: Mapping[str, int]) -> list[str]:
    """A finding where a time series has rows of units that no master table names: `counts` rows by unit."""
    [parent] = [foreign.column for foreign in column.foreign_keys]
    keys = _keys_of(warehouse, parent)
    strangers = {unit: rows for unit, rows in counts.items() if unit not in keys}
    if not strangers:
        return []
    most = sorted(strangers.items(), key=lambda unit: (-unit[1], unit[0]))
    shown = ", ".join(f"{unit} x {rows}" for unit, rows in most[:_SHOWN])
    more = f" and {len(most) - _SHOWN} more" if len(most) > _SHOWN else ""
    return [
        f"{column.name}: {sum(strangers.values())} rows are of {len(most)} units that {parent.table.name} "
        f"does not name; they are kept, and nothing is computed from them: {shown}{more}"
    ]


def codes_there(warehouse: Warehouse, table: sa.Table, part: Part) -> dict[str, str]:
    """The codes of a site's master data as they are now, by id; nothing of tables that a month replaces."""
    if not table.info["newest_wins"]:
        return {}
    [key] = key_columns(table)
    name = next(iter(_unique_names(table)), key)
    there = sa.select(table.c[key], table.c[name]).where(table.c.site == part.site)
    with warehouse.transaction() as connection:
        return {str(unit): str(code) for unit, code in connection.execute(there)}


def no_longer_named(
    warehouse: Warehouse, table: sa.Table, part: Part, rows: pl.DataFrame, before: Mapping[str, str]
) -> list[str]:
    """Findings where an export does not name what another one named: what stays of it, and what went.

    `before` is `codes_there` of before the rows were put there. A row stays where something points at it, or
    where another month brought it: nobody says what became of it. One of this month alone goes.
    """
    if not table.info["newest_wins"] or rows.is_empty():
        return []
    named, now = set(rows[key_columns(table)[0]].to_list()), codes_there(warehouse, table, part)
    name = next(iter(_unique_names(table)), key_columns(table)[0])
    return [
        *_left_out(
            f"{name}: {table.name} has {{}} rows that this export does not name; they stay as they were; "
            "next step: say what became of them (replaced_date, status): ",
            [code for unit, code in now.items() if unit not in named],
        ),
        *_left_out(
            f"{name}: {{}} rows of {table.name} that an earlier export of this month named, and this one "
            "does not, are gone, since nothing points at them: ",
            [code for unit, code in before.items() if unit not in now],
        ),
    ]


def _left_out(words: str, codes: list[str]) -> list[str]:
    more = f" and {len(codes) - _SHOWN} more" if len(codes) > _SHOWN else ""
    return [f"{words.format(len(codes))}{', '.join(sorted(codes)[:_SHOWN])}{more}"] if codes else []


def _keys_of(warehouse: Warehouse, parent: sa.Column) -> set[str]:
    with warehouse.transaction() as connection:
        return {str(value) for value in connection.execute(sa.select(parent)).scalars()}


def _sentence(name: str, parent: str, values: pl.Series) -> str:
    counts = values.value_counts(sort=True)
    first = ", ".join(f"{value} x {count}" for value, count in counts.head(_SHOWN).iter_rows())
    more = f" and {counts.height - _SHOWN} more" if counts.height > _SHOWN else ""
    return f"{name}: {values.len()} rows name a {parent} that is not there, left empty: {first}{more}"
