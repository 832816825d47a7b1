"""How new content becomes what readers see: written first, then swapped for the old in one step."""

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl
import sqlalchemy as sa

from battery_assets.platform.dagster.assets import later_readers
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.plan import DayEntry, DayPlan
from battery_assets.platform.lake.damage import damaged
from battery_assets.platform.lake.format import LakeFile, in_turn, sha256_of
from battery_assets.platform.lake.store import Days, Lake
from battery_assets.platform.outbox.events import Event, emit_all
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.staleness import mark_later_stale
from battery_assets.platform.warehouse.crash_points import crash_point
from battery_assets.platform.warehouse.database import explain_refusals, transaction
from battery_assets.platform.warehouse.digests import are_changed, digest_kept, rows_digest
from battery_assets.platform.warehouse.profile import Profile, merged
from battery_assets.platform.warehouse.relations import ensure_leaf, mark_children_stale, refuse_dangling
from battery_assets.platform.warehouse.rows import fitting, put, put_days, rows_there
from battery_assets.tables.projections import empty, key_columns


@dataclass(frozen=True)
class Claimed(Part):
    """A partition that this run may replace, as long as nobody claims it later: a token for each table.

    `from_scratch`: no day of it is kept, whatever the books say.
    """

    tokens: tuple[tuple[str, int], ...] = ()
    from_scratch: bool = False

    def token(self, table: sa.Table) -> int | None:
        """The claim of a table; None where it was not among those claimed."""
        return dict(self.tokens).get(table.name)


def from_scratch(part: Part) -> bool:
    """Is no day of the partition to be kept?"""
    return isinstance(part, Claimed) and part.from_scratch


def days_there(
    connection: sa.Connection, lake: Lake, table: sa.Table, part: Part, entries: Mapping[date, DayEntry]
) -> set[date]:
    """The days of entries whose content is there: files to the bit, rows by their number and digest."""
    if table.info["store"] != "lake":
        rows = sum(entry.rows or 0 for entry in entries.values())
        if not entries or rows_there(connection, table, part) != rows:
            return set()
        row = registry.committed(connection, table, part)
        kept = row.rows_digest if row is not None else None
        return set() if are_changed(kept, rows_digest(connection, table, part)) else set(entries)
    named, registered = lake.paths(table, part), registry.files_of(connection, table, part)
    there = Counter(registered[path].day for path in named if path in registered)
    of_entries = {entry.path for entry in entries.values() if entry.path}.intersection(named, registered)
    good = of_entries - damaged(lake, table, [registered[path] for path in of_entries])
    return {
        day
        for day, entry in entries.items()
        if (entry.path in good and there[day] == 1) or (entry.path is None and not there[day])
    }


def _token(part: Part, table: sa.Table) -> int | None:
    return part.token(table) if isinstance(part, Claimed) else None


def replace_lake(
    url: str, lake: Lake, table: sa.Table, part: Part, days: Days, plan: DayPlan | None
) -> tuple[Profile, str]:
    """Files of the days that were made, beside those that stay; profile and sha256 of them all."""
    kept = plan.unchanged if plan else {}
    made = in_turn(lake.write_days(table, part, days if plan is None else _wanted(days, plan)))
    crash_point("files_written")
    token = _token(part, table)
    try:
        with transaction(url) as connection:
            before = registry.hold(connection, table, part, token)
            registry.enter_files(connection, table, part, made)
            registered = registry.files_of(connection, table, part)
            stay = [registered[entry.path] for entry in kept.values() if entry.path]
            files = in_turn([*stay, *made])
            sha256 = sha256_of(files)
            registry.announce(connection, table, part, sha256)
    except registry.SupersededError:
        lake.discard(table, made)
        raise
    profile = merged([file.profile for file in files])
    entries = _file_entries(plan, made)
    with transaction(url) as connection:
        paths = [file.path for file in stay]
        lake.commit(table, part, made, token, lambda: registry.hold(connection, table, part, token), paths)
        crash_point("lake_committed")
        registry.put_day_entries(connection, registry.place(table, part), kept, entries)
        registry.record(connection, table, part, profile["rows"], sha256, profile)
        if sha256 != before:
            mark_later_stale(connection, part, later_readers(table))
    return profile, sha256


def _wanted(days: Days, plan: DayPlan) -> Iterator[tuple[date, pl.DataFrame]]:
    wanted = set(plan.to_make)
    for day, rows in days:
        if day not in wanted:
            raise ValueError(f"{day} is not one of the days to make")
        yield day, rows


def _file_entries(plan: DayPlan | None, made: list[LakeFile]) -> list[DayEntry]:
    paths = {file.day: file.path for file in made}
    return [plan.entry(day, path=paths.get(day)) for day in plan.to_make] if plan else []


def replace_rows(
    url: str,
    table: sa.Table,
    part: Part,
    rows: pl.DataFrame | Mapping[date, pl.DataFrame],
    also: Mapping[sa.Table, pl.DataFrame],
    plan: DayPlan | None,
    events: Collection[Event] = (),
) -> tuple[Profile, str]:
    """Rows of PostgreSQL tables, in one transaction: all of a partition, or the days that were made.

    With them go the events that they are, where no later month is there.
    """
    for target in (table, *also):
        ensure_leaf(url, target, part)
    with explain_refusals(f"{table.name} {part.key}"), transaction(url) as connection:
        contents: dict[sa.Table, pl.DataFrame | Mapping[date, pl.DataFrame]] = {table: rows, **also}
        before = {
            target: registry.hold(connection, target, part, _token(part, target)) for target in contents
        }
        written: dict[sa.Table, tuple[Profile, str, str | None]] = {}
        entries: list[DayEntry] = []
        for target, content in contents.items():
            if isinstance(content, pl.DataFrame):
                ready = fitting(content, target).sort(key_columns(target))
                written[target] = put(connection, target, part, ready)
            else:
                assert plan is not None
                entries, digest = _day_rows(connection, target, part, content, plan)
                whole = sorted([*plan.unchanged.values(), *entries], key=lambda entry: entry.day)
                profiles = [entry.profile for entry in whole if entry.profile is not None]
                written[target] = merged(profiles), sha256_of(whole), digest  # type: ignore[arg-type]
            crash_point("rows_copied")
        for target in contents:
            refuse_dangling(connection, target, part)
            mark_children_stale(connection, target, part)
        if table.info["dated_by"]:
            kept = plan.unchanged if plan else ()
            registry.put_day_entries(connection, registry.place(table, part), kept, entries)
        for target, (profile, sha256, unchanged) in written.items():
            as_they_are = unchanged or rows_digest(connection, target, part)
            registry.record(connection, target, part, profile["rows"], sha256, profile, as_they_are)
            if sha256 != before[target]:
                mark_later_stale(connection, part, later_readers(target))
        if events and registry.is_newest(connection, table, part):
            emit_all(connection, events)
    return written[table][:2]


def _day_rows(
    connection: sa.Connection, table: sa.Table, part: Part, days: Mapping[date, pl.DataFrame], plan: DayPlan
) -> tuple[list[DayEntry], str | None]:
    """Put the rows of the days that were made in the place of all but those of the days that stay.

    Returns the entries of the days made, and the digest of all rows where none was made and none went: that
    they are what was committed was found when the days were planned.
    """
    made = {day: days.get(day, empty(table)) for day in plan.to_make}
    ready = {day: fitting(rows, table).sort(key_columns(table)) for day, rows in made.items()}
    written, removed = put_days(connection, table, part, plan.unchanged, ready)
    entries = [
        dataclasses.replace(plan.entry(day), rows=profile["rows"], sha256=sha256, profile=profile)
        for day, (profile, sha256) in written.items()
    ]
    return entries, None if entries or removed else digest_kept(connection, table, part)
