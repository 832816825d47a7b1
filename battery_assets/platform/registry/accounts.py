"""Accounts of files that were read: what became of their rows, and what is remembered of them."""

from collections.abc import Collection, Mapping
from typing import Any

import polars as pl
import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import tables as r
from battery_assets.platform.registry.addresses import cleared, without_addresses


def put_accounts(
    connection: sa.Connection,
    table: sa.Table,
    part: Part,
    files: pl.DataFrame,
    quarantine: pl.DataFrame,
    findings: list[str],
    remembered: Mapping[str, dict[str, Any]] | None = None,
    standing: Collection[str] = (),
) -> None:
    """Replace the accounts of what was read from files for a partition; a whole table has one set a site.

    `remembered` is what is to be remembered of files, by path; the accounts of the paths in `standing` stand.
    """
    key, remembered = _accounts_key(table, part), remembered or {}
    for books, path, rows in (
        (r.ingest_file, r.ingest_file.c.path, files),
        (r.quarantined_row, r.quarantined_row.c.file, quarantine),
    ):
        at = [books.c[name] == value for name, value in key.items()]
        connection.execute(sa.delete(books).where(*at, path.not_in(list(standing))))
        names = [name for name in rows.columns if name in books.c]
        records = [cleared({**key, **row}) for row in rows.select(names).to_dicts()]
        if books is r.ingest_file:
            records = [{**row, "known": remembered.get(row["path"])} for row in records]
        if records:
            connection.execute(sa.insert(books), records)
        if books is r.ingest_file:
            said = [without_addresses(words) for words in findings]
            connection.execute(sa.update(books).where(*at).values(findings=said))


def put_problems(
    connection: sa.Connection, site: str, problems: Mapping[str, tuple[str, str]], findings: list[str]
) -> None:
    """Replace what is told of a site's files that are no table's: reason and detail by path, and findings."""
    of_site = {"table_name": "", "site": site, "month": ""}
    files = [
        {**of_site, "path": path, "status": "refused", "reason": f"{reason}: {detail}", "findings": findings}
        for path, (reason, detail) in sorted(problems.items())
    ]
    rows = [
        {**of_site, "file": path, "reason": reason, "value": detail[:80], "rows": 0}
        for path, (reason, detail) in sorted(problems.items())
    ]
    if findings and not files:
        files = [{**of_site, "path": "", "status": "read", "findings": findings}]
    for books, entries in ((r.ingest_file, files), (r.quarantined_row, rows)):
        connection.execute(sa.delete(books).where(books.c.site == site, books.c.table_name == ""))
        if entries:
            connection.execute(sa.insert(books), [cleared(entry) for entry in entries])


def _accounts_key(table: sa.Table, part: Part) -> dict[str, str]:
    return {"table_name": table.name, "site": part.site or "", "month": part.month or ""}


def known_files(connection: sa.Connection, table: sa.Table, part: Part) -> dict[str, dict[str, Any] | None]:
    """Of each file that a partition's accounts name, by path, what is remembered of it."""
    books = r.ingest_file
    at = [books.c[name] == value for name, value in _accounts_key(table, part).items()]
    return {
        row.path: row.known for row in connection.execute(sa.select(books.c.path, books.c.known).where(*at))
    }


def refusals_of(connection: sa.Connection, table: sa.Table, part: Part) -> list[str]:
    """The files of a partition that were refused as a whole: name, why, rows concerned and the next step."""
    books = r.ingest_file.c
    at = [books[name] == value for name, value in _accounts_key(table, part).items()]
    query = sa.select(books.path, books.reason, books.rows_read).where(*at, books.status == "refused")
    return [
        refusal_words(path, reason, rows)
        for path, reason, rows in connection.execute(query.order_by(books.path))
    ]


def refusal_words(path: str, reason: str, rows: int | None) -> str:
    """A refused file in words; the next step, where there is one, stands last."""
    fault, mark, step = reason.partition("; next step: ")
    return f"{path.rsplit('/', 1)[-1]} was refused: {fault}{f' ({rows:,} rows)' if rows else ''}{mark}{step}"


def accounts_of(connection: sa.Connection, table: sa.Table, part: Part) -> dict[str, Any]:
    """Sums over the files of a partition, and how many rows are in quarantine for which reason."""
    files, refused = (
        sa.select(books).where(
            *(books.c[name] == value for name, value in _accounts_key(table, part).items())
        )
        for books in (r.ingest_file, r.quarantined_row)
    )
    of_files, of_rows = files.subquery(), refused.subquery()
    names = [column.name for column in r.ingest_file.columns if column.name.startswith("rows_")]
    sums = connection.execute(sa.select(*(sa.func.sum(of_files.c[name]).label(name) for name in names))).one()
    count = sa.func.count().label("count")
    reasons = connection.execute(
        sa.select(of_rows.c.reason, count).group_by(of_rows.c.reason).order_by(count.desc(), of_rows.c.reason)
    )
    return {
        "rows": {name: int(value) for name, value in sums._mapping.items() if value is not None},
        "quarantine": [dict(row) for row in reasons.mappings()],
    }
