"""Lake and books held against each other: a reader gets the files that both name, or is told."""

import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.lake.damage import missing
from battery_assets.platform.lake.format import in_turn, sha256_of
from battery_assets.platform.lake.reads import LakeError, damaged_file
from battery_assets.platform.lake.store import Lake
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.database import reading

_Allowed = dict[tuple[str, str], frozenset[str]]


def current_files(url: str, lake: Lake, table: sa.Table, part: Part) -> list[sa.Row]:
    """The books' rows of the files that a lake partition, a site or all consists of now, by day.

    Raises LakeError for a file that the books do not know or that is not as long as they say, and where the
    log does not name what was committed.
    """
    last: tuple[list[str], _Allowed] | None = None
    while True:
        named = lake.paths(table, part)
        with reading(url) as connection:
            registered = registry.files_of(connection, table, part)
            allowed = _allowed(registry.announced_parts(connection, table, part))
        _refuse_strangers(table, part, [path for path in named if path not in registered])
        files = in_turn(registered[path] for path in named)
        wrong = _contradicted(files, allowed)
        if not wrong:
            break
        if last == (named, allowed):
            raise _contradiction(table, *wrong[0])
        # A writer may have committed between the two looks: what says the same twice is no race.
        last = (named, allowed)
    for path in sorted(missing(lake, table, files))[:1]:
        size = registered[path].bytes
        raise damaged_file(f"{table.name} {part.key}", path, f"it should be there with {size} bytes")
    return files


def _allowed(rows: list[sa.Row]) -> _Allowed:
    """Checksums that each partition may have: the recorded one, and those that were announced since."""
    nothing = sha256_of([])
    return {(row.site, row.month): frozenset([row.sha256 or nothing, *(row.pending or [])]) for row in rows}


def _contradicted(files: list[sa.Row], allowed: _Allowed) -> list[tuple[str, str]]:
    """Site and month of the partitions whose files are not what the books allow."""
    of_parts: dict[tuple[str, str], list[sa.Row]] = {place: [] for place in allowed}
    for file in files:
        of_parts.setdefault((file.site, file.month), []).append(file)
    return [place for place, of in of_parts.items() if sha256_of(of) not in allowed.get(place, ())]


def _refuse_strangers(table: sa.Table, part: Part, strangers: list[str]) -> None:
    if strangers:
        raise LakeError(
            f"{table.name} {part.key}: {strangers[0]} was not written by this platform. "
            "Materialize this partition again."
        )


def _contradiction(table: sa.Table, site: str, month: str) -> LakeError:
    return LakeError(
        f"{table.name} {month}|{site}: the log of the lake does not name the files that were committed: its "
        "newest entries are lost or damaged, or it is another lake. Materialize this partition again."
    )
