"""Where the tests of a lab come from: its landing folder, or its generator."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from battery_assets.features.lab.labels import END_OF_LIFE, percent_of_nominal
from battery_assets.lab.folder import SessionFiles, pack_of, session_points
from battery_assets.lab.imported import Imported, Terms
from battery_assets.lab.records import CellRecord, SessionRecord
from battery_assets.lab.terms import lab_terms
from battery_assets.platform import clock
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import arrivals as intake
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_CYCLES, LAB_SOURCES, LAB_SYNTHETIC
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.lab.bench import battery_cell, battery_pack, test_session, timeseries_point
from battery_assets.tables.projections import polars_schema

if TYPE_CHECKING:
    from battery_assets.synthetic.lab import SyntheticLab

ENDS = ("ended_at", "points_count")
MOST_POINTS = 200_000


@dataclass(frozen=True)
class LabSession:
    """One test: its record, how its points are read, and its row of battery_pack if it has one."""

    record: SessionRecord
    read: Callable[[], pl.DataFrame]
    pack: dict[str, Any] | None = None


def sessions_of(warehouse: Warehouse, part: Part, root: Path = Path()) -> list[LabSession]:
    """The tests that began in a month of a lab, in order of their start; a table of cycles has none.

    `root` is the landing folder.
    Raises ValueError that says what to do for a site that is no lab.
    """
    source, config = lab_of(warehouse, part)
    if source == LAB_SYNTHETIC:
        return _made_up(part, config)
    return [] if source == LAB_CYCLES else _from_files(warehouse, part, root)


def lab_of(warehouse: Warehouse, part: Part) -> tuple[str, dict[str, Any]]:
    """Source and settings of a lab. Raises ValueError where the site is none."""
    with warehouse.transaction() as connection:
        labs_named = {site.site: site for site in registry.sites(connection) if site.source in LAB_SOURCES}
    if part.site not in labs_named:
        raise ValueError(
            f"{part.site!r} is no lab. Next step: battery-assets lab add {part.site}, or "
            f"battery-assets import lab PATH --lab {part.site}. Known labs: {', '.join(labs_named) or 'none'}"
        )
    return labs_named[part.site].source, labs_named[part.site].config


def points_by_day(tests: list[LabSession]) -> Iterator[tuple[date, pl.DataFrame]]:
    """Points of the tests, those that began on a day together: one file of the lake for each such day.

    A day on which very many points began is cut between tests into several, so that memory does not grow
    with the number of files.
    """
    days: dict[date, list[LabSession]] = {}
    for test in tests:
        days.setdefault(test.record.started_at.date(), []).append(test)
    for day, began in sorted(days.items()):
        frames, points = [], 0
        for test in began:
            frames.append(_as_points(test))
            points += frames[-1].height
            if points >= MOST_POINTS or test is began[-1]:
                yield day, pl.concat(frames).sort("session_id", "ts")
                frames, points = [], 0


def _as_points(test: LabSession) -> pl.DataFrame:
    rows = test.read()
    schema = polars_schema(timeseries_point)
    return rows.with_columns(session_id=pl.lit(test.record.session_id)).select(
        pl.col(name).cast(kind) if name in (*rows.columns, "session_id") else pl.lit(None, kind).alias(name)
        for name, kind in schema.items()
    )


@functools.lru_cache(maxsize=16)
def _lab(site: str, config: tuple[tuple[str, Any], ...]) -> Any:
    return made_up_lab(site, dict(config))


def made_up_lab(site: str, config: dict[str, Any]) -> "SyntheticLab":
    """A synthetic lab by its settings. Raises ValueError for one that is not allowed."""
    from battery_assets.synthetic.lab import SyntheticLab

    percent_of_nominal(config.get(END_OF_LIFE))
    return SyntheticLab.from_config(site, {name: config[name] for name in config if name != END_OF_LIFE})


def settled_terms(site: str, source: str, config: dict[str, Any]) -> tuple[Any, ...]:
    """What a lab's settings come to. Raises ValueError for one that cannot be."""
    if source == LAB_CYCLES:
        return Terms.of(config), percent_of_nominal(config.get(END_OF_LIFE))
    if source == LAB_SYNTHETIC:
        return made_up_lab(site, config), percent_of_nominal(config.get(END_OF_LIFE))
    return lab_terms(config)


def _made_up(part: Part, config: dict[str, Any]) -> list[LabSession]:
    from battery_assets.synthetic import lab as made

    lab = _lab(str(part.site), tuple(sorted(config.items())))
    worn = percent_of_nominal(config.get(END_OF_LIFE))
    now = clock.now()
    return [
        LabSession(
            SessionRecord(
                **made.session_facts(lab, session),
                cell=CellRecord(**made.cell_row(lab, session.cell), end_of_life_pct=worn),
            ),
            functools.partial(made.session_points, lab, session),
        )
        for session in made.sessions(lab, str(part.month))
        # The test that is still running comes when it is over.
        if session.started_at <= now
    ]


def packs_of(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """Rows of battery_pack: every pack that a cell of the month's tests belongs to.

    What one of its cells leaves open another one may tell; where both do, the later test counts.
    """
    rows: dict[str, dict[str, Any]] = {}
    for pack in (test.pack for test in sessions_of(warehouse, part) if test.pack):
        facts = {name: value for name, value in pack.items() if value is not None}
        rows[pack["pack_id"]] = {**pack, **rows.get(pack["pack_id"], {}), **facts}
    return pl.DataFrame(list(rows.values()), schema=polars_schema(battery_pack))


def _from_files(warehouse: Warehouse, part: Part, root: Path) -> list[LabSession]:
    """The tests that the books have for the month; their files are read again when their points are."""
    with warehouse.transaction() as connection:
        rows = intake.of_month(connection, str(part.site), str(part.month))
    tests = []
    for row in rows:
        record, paths = SessionRecord.of(row.facts), tuple(root / file["path"] for file in row.files)
        files = SessionFiles(record.cell.cell_code, record.protocol, paths, record.terms)
        read = functools.partial(session_points, files, record.started_at)
        tests.append(LabSession(record, read, pack_of(files, str(part.site))))
    return sorted(tests, key=lambda test: (test.record.started_at, test.record.session_id))


def cells_of(warehouse: Warehouse, part: Part, root: Path = Path()) -> pl.DataFrame:
    """Rows of battery_cell: every cell with a test, or with imported cycles, in the month.

    `root` is the landing folder.
    """
    if (imported := Imported.of(warehouse, part, root)) is not None:
        return imported.cell_rows()
    rows = {test.record.cell_id: test.record.cell.row() for test in sessions_of(warehouse, part)}
    return pl.DataFrame(list(rows.values()), schema=polars_schema(battery_cell))


def session_rows(warehouse: Warehouse, part: Part, ends: pl.DataFrame) -> pl.DataFrame:
    """Rows of test_session: what the source says of the month's tests, and what was loaded of them.

    ends: session_id, ended_at, points_count of the points that are there. A test without points is left out.
    """
    sessions = pl.DataFrame(
        [test.record.row() for test in sessions_of(warehouse, part)],
        schema={name: kind for name, kind in polars_schema(test_session).items() if name not in ENDS},
    )
    ended = sessions.join(ends, on="session_id", how="inner")
    counts = ("rows_quarantined", "rows_duplicate")
    return ended.with_columns(
        pl.col("rows_read").fill_null(pl.col("points_count")), pl.col(*counts).fill_null(0)
    )
