"""The platform's own books in PostgreSQL: claims and versions of partitions, files of the lake, sites."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, fields
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.plan import DayEntry
from battery_assets.platform.lake.format import LakeFile
from battery_assets.platform.registry import tables as r
from battery_assets.platform.warehouse.profile import Profile


class SupersededError(RuntimeError):
    """A newer run claimed the partition: what this run computed must not replace it."""


def place(table: sa.Table, part: Part) -> dict[str, str]:
    """The registry's key of a partition of a table."""
    cut = table.info["cut"]
    return {
        "table_name": table.name,
        "site": (part.site or "") if cut == "site_month" else "",
        "month": (part.month or "") if cut in ("site_month", "month") else "",
    }


def _at(key: dict[str, str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(r.partition_version.c[name] == value for name, value in key.items()))


def at_place(table: sa.Table, part: Part) -> sa.ColumnElement[bool]:
    """The condition that a row of the books is a partition's."""
    return _at(place(table, part))


def claim(connection: sa.Connection, table: sa.Table, part: Part, run_id: str) -> int:
    """Announce a writer. Returns its token; every older token is void from now on."""
    statement = insert(r.partition_version).values(**place(table, part), claimed=1, run_id=run_id)
    statement = statement.on_conflict_do_update(
        index_elements=["table_name", "site", "month"],
        set_={"claimed": r.partition_version.c.claimed + 1, "run_id": run_id, "claimed_at": sa.func.now()},
    )
    return connection.execute(statement.returning(r.partition_version.c.claimed)).scalar_one()


def hold(connection: sa.Connection, table: sa.Table, part: Part, token: int | None) -> str | None:
    """Lock the partition's row until the transaction ends. Returns the checksum of what is committed.

    Raises SupersededError for a late writer.
    """
    version = r.partition_version
    row = connection.execute(
        sa.select(version.c.claimed, version.c.run_id, version.c.sha256)
        .where(_at(place(table, part)))
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise RuntimeError(f"{table.name} {part.key}: nobody claimed this partition before writing to it")
    if token is not None and row.claimed != token:
        raise SupersededError(
            f"{table.name} {part.key}: run {row.run_id} claimed this partition after this run did, so this "
            "run's rows were not written. Nothing is lost; look at the newer run."
        )
    return row.sha256


def take_turn(connection: sa.Connection, table: sa.Table, site: str) -> None:
    """Wait until no other transaction writes a site's rows of a table; a row that no reader can lock."""
    key = {"table_name": table.name, "site": site}
    connection.execute(insert(r.turn).values(**key).on_conflict_do_nothing())
    mine = (r.turn.c.table_name == table.name) & (r.turn.c.site == site)
    connection.execute(sa.select(r.turn).where(mine).with_for_update())


def announce(connection: sa.Connection, table: sa.Table, part: Part, sha256: str) -> None:
    """Enter what the lake is about to say of a partition: a writer may die before it can record it."""
    version = r.partition_version
    pending = sa.func.coalesce(version.c.pending, sa.cast([], JSONB))
    announced = pending.op("||")(sa.cast([sha256], JSONB))
    connection.execute(sa.update(version).where(_at(place(table, part))).values(pending=announced))


def record(
    connection: sa.Connection,
    table: sa.Table,
    part: Part,
    rows: int,
    sha256: str,
    profile: Profile,
    rows_digest: str | None = None,
) -> None:
    """Enter what was committed, beside the rows themselves.

    What was made again and is the same to the bit has been known since it was there first.
    """
    v = r.partition_version.c
    same = sa.and_(v.version.is_not(None), v.sha256 == sha256)
    connection.execute(
        sa.update(r.partition_version)
        .where(_at(place(table, part)))
        .values(
            version=r.partition_version.c.claimed,
            rows=rows,
            sha256=sha256,
            profile=profile,
            pending=None,
            rows_digest=rows_digest,
            state="current",
            committed_at=sa.func.now(),
            first_committed_at=sa.func.coalesce(v.first_committed_at, sa.func.now()),
            known_since=sa.case((same, sa.func.coalesce(v.known_since, sa.func.now())), else_=sa.func.now()),
        )
    )


def committed(connection: sa.Connection, table: sa.Table, part: Part) -> sa.Row | None:
    """What the books say of a partition; None where nothing was committed."""
    row = connection.execute(sa.select(r.partition_version).where(_at(place(table, part)))).one_or_none()
    return row if row is not None and row.version is not None else None


def is_newest(connection: sa.Connection, table: sa.Table, part: Part) -> bool:
    """Whether no later month of the partition's site is committed."""
    version, at = r.partition_version, place(table, part)
    later = sa.select(version.c.month).where(
        version.c.table_name == at["table_name"],
        version.c.site == at["site"],
        version.c.month > at["month"],
        version.c.version.is_not(None),
    )
    return connection.execute(later.limit(1)).one_or_none() is None


def announced_parts(connection: sa.Connection, table: sa.Table, part: Part) -> list[sa.Row]:
    """What the books allow a lake table to say of each partition of a site, a month, or all."""
    version = r.partition_version
    key = {name: value for name, value in place(table, part).items() if value}
    query = sa.select(version.c.site, version.c.month, version.c.sha256, version.c.pending)
    return list(connection.execute(query.where(*(version.c[name] == value for name, value in key.items()))))


def committed_parts(
    connection: sa.Connection, table: sa.Table, *, site: str | None = None, before: str | None = None
) -> list[sa.Row]:
    """The committed partitions of a table, by month and site; `before` is a month, itself left out."""
    version = r.partition_version
    query = sa.select(version).where(version.c.table_name == table.name, version.c.version.is_not(None))
    if site is not None:
        query = query.where(version.c.site == site)
    if before is not None:
        query = query.where(version.c.month < before)
    return list(connection.execute(query.order_by(version.c.month, version.c.site)))


def checksums(connection: sa.Connection, part: Part, names: Collection[str]) -> dict[str, list[list[Any]]]:
    """Month, checksum and what is announced of the months of a partition's site up to its own, by table."""
    version = r.partition_version
    query = sa.select(version.c.table_name, version.c.month, version.c.sha256, version.c.pending)
    query = query.where(version.c.table_name.in_(names), version.c.site == (part.site or ""))
    query = query.where(version.c.month <= (part.month or "")).order_by(version.c.table_name, version.c.month)
    by_table: dict[str, list[list[Any]]] = {}
    for name, *row in connection.execute(query):
        by_table.setdefault(name, []).append(row)
    return by_table


def enter_files(connection: sa.Connection, table: sa.Table, part: Part, files: list[LakeFile]) -> None:
    """Enter the checksums of files before the lake names them."""
    if files:
        key = place(table, part)
        connection.execute(sa.insert(r.lake_file), [{**key, **asdict(file)} for file in files])


def files_of(connection: sa.Connection, table: sa.Table, part: Part) -> dict[str, sa.Row]:
    """Every file ever written for a partition (a site, a month, or all), by path."""
    key = {name: value for name, value in place(table, part).items() if value}
    query = sa.select(r.lake_file).where(*(r.lake_file.c[name] == value for name, value in key.items()))
    return {row.path: row for row in connection.execute(query)}


def forget_files(connection: sa.Connection, paths: Collection[str]) -> None:
    """Files that are gone."""
    connection.execute(sa.delete(r.lake_file).where(r.lake_file.c.path.in_(list(paths))))


def forget_days(connection: sa.Connection, before: str) -> None:
    """What is remembered of the days of months before this one: when they change, all their days are made.

    What is remembered of no month stays.
    """
    month = r.partition_day.c.month
    connection.execute(sa.delete(r.partition_day).where(month != "", month < before))


def day_entries(connection: sa.Connection, key: dict[str, str]) -> dict[date, DayEntry]:
    """What the books say of each day of a partition, or of a reduction."""
    books = r.partition_day
    query = sa.select(*(books.c[field.name] for field in fields(DayEntry)))
    query = query.where(*(books.c[name] == value for name, value in key.items()))
    return {row.day: DayEntry(*row) for row in connection.execute(query)}


def put_day_entries(
    connection: sa.Connection, key: dict[str, str], kept: Collection[date], made: Iterable[DayEntry]
) -> None:
    """Replace the entries of every day that is not kept; of two writers at once the later one's stay."""
    books = r.partition_day
    at = [books.c[name] == value for name, value in key.items()]
    connection.execute(sa.delete(books).where(*at, books.c.day.not_in(list(kept))))
    rows = [{**key, **asdict(entry)} for entry in made]
    if rows:
        statement = insert(books)
        changed = {field.name: statement.excluded[field.name] for field in fields(DayEntry)}
        connection.execute(
            statement.on_conflict_do_update(index_elements=books.primary_key.columns, set_=changed), rows
        )


def sites(connection: sa.Connection) -> list[sa.Row]:
    """Every site, by name."""
    return list(connection.execute(sa.select(r.site).order_by(r.site.c.site)))


def forget_site(connection: sa.Connection, site: str) -> None:
    """Make a site unknown; what is in the books of it stays."""
    connection.execute(sa.delete(r.site).where(r.site.c.site == site))


def sites_with_rows(connection: sa.Connection, tables: Iterable[sa.Table], month: str) -> set[str]:
    """The sites of which any of these tables has rows of a month."""
    version = r.partition_version
    names = [table.name for table in tables]
    query = sa.select(version.c.site).where(version.c.month == month, version.c.rows > 0)
    return set(connection.execute(query.where(version.c.table_name.in_(names))).scalars())


def months_of_site(connection: sa.Connection, site: str) -> list[str]:
    """The months of which anything of a site was committed, in order."""
    version = r.partition_version
    query = sa.select(version.c.month).where(version.c.site == site, version.c.version.is_not(None))
    return sorted(set(connection.execute(query.where(version.c.month != "")).scalars()))


def committed_months(connection: sa.Connection) -> list[tuple[str, str]]:
    """Every site ("" where a table is not cut by site) and month of which anything was committed."""
    version = r.partition_version
    query = sa.select(version.c.site, version.c.month).distinct()
    rows = connection.execute(query.where(version.c.version.is_not(None), version.c.month != ""))
    return [(row.site, row.month) for row in rows]


def hold_site(connection: sa.Connection, site: str) -> None:
    """Keep a site to this transaction: `free_sites` leaves it out until the transaction ends."""
    connection.execute(sa.select(r.site.c.site).where(r.site.c.site == site).with_for_update())


def free_sites(connection: sa.Connection) -> list[sa.Row]:
    """Every site that nobody holds, by name."""
    return list(
        connection.execute(sa.select(r.site).order_by(r.site.c.site).with_for_update(skip_locked=True))
    )


def accounted_files(connection: sa.Connection, site: str) -> set[tuple[str, str]]:
    """Table and checksum of the files of a site that were read."""
    query = sa.select(r.ingest_file.c.table_name, r.ingest_file.c.sha256).where(r.ingest_file.c.site == site)
    return {(row.table_name, row.sha256) for row in connection.execute(query)}


def put_site(connection: sa.Connection, site: str, source: str, config: dict[str, Any]) -> None:
    """Make a site known, or change where its data come from."""
    Part(site=site)
    statement = insert(r.site).values(site=site, source=source, config=config)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["site"], set_={"source": source, "config": config})
    )
