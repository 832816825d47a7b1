"""Where the tests of a lab come from: its landing folder, or its generator."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from battery_assets.platform import registry
from battery_assets.platform.partitions import Part
from battery_assets.platform.warehouse import Warehouse
from battery_assets.tables.lab import battery_cell, timeseries_point
from battery_assets.tables.projections import polars_schema

LAB_SYNTHETIC, LAB_FILES = "lab-synthetic", "lab-files"
LAB_SOURCES = (LAB_SYNTHETIC, LAB_FILES)


@dataclass(frozen=True)
class LabTest:
    """One test: what is known of it before its points are read, and how they are read.

    `facts` are columns of test_session that the source knows; `cell` is its row of battery_cell.
    """

    facts: dict[str, Any]
    cell: dict[str, Any]
    read: Callable[[], pl.DataFrame]

    @property
    def started_at(self) -> datetime:
        """When it began."""
        return self.facts["started_at"]


def tests_of(warehouse: Warehouse, part: Part) -> list[LabTest]:
    """The tests that began in a month of a lab, in order of their start.

    Raises ValueError that says what to do for a site that is no lab.
    """
    source, config = lab_of(warehouse, part)
    if source == LAB_SYNTHETIC:
        return _made_up(part, config)
    raise NotImplementedError(source)


def lab_of(warehouse: Warehouse, part: Part) -> tuple[str, dict[str, Any]]:
    """Source and settings of a lab. Raises ValueError where the site is none."""
    with warehouse.transaction() as connection:
        known = {site.site: site for site in registry.sites(connection) if site.source in LAB_SOURCES}
    if part.site not in known:
        raise ValueError(
            f"{part.site!r} is no lab. Next step: battery-assets lab add {part.site}, or "
            f"battery-assets import lab PATH --lab {part.site}. Known labs: {', '.join(known) or 'none'}"
        )
    return known[part.site].source, known[part.site].config


def points_by_day(tests: list[LabTest]) -> Iterator[tuple[date, pl.DataFrame]]:
    """Points of the tests, those that began on a day together: one file of the lake for each such day."""
    days: dict[date, list[LabTest]] = {}
    for test in tests:
        days.setdefault(test.started_at.date(), []).append(test)
    for day, began in sorted(days.items()):
        frames = [_as_points(test) for test in began]
        yield day, pl.concat(frames).sort("session_id", "ts")


def _as_points(test: LabTest) -> pl.DataFrame:
    rows = test.read()
    schema = polars_schema(timeseries_point)
    return rows.with_columns(session_id=pl.lit(test.facts["session_id"])).select(
        pl.col(name).cast(kind) if name in (*rows.columns, "session_id") else pl.lit(None, kind).alias(name)
        for name, kind in schema.items()
    )


@functools.lru_cache(maxsize=16)
def _lab(site: str, config: tuple[tuple[str, Any], ...]) -> Any:
    from battery_assets.synthetic.lab import SyntheticLab

    return SyntheticLab.from_config(site, dict(config))


def _made_up(part: Part, config: dict[str, Any]) -> list[LabTest]:
    from battery_assets.synthetic import lab as made

    lab = _lab(str(part.site), tuple(sorted(config.items())))
    now = datetime.now(UTC)
    return [
        LabTest(
            made.session_facts(lab, session),
            made.cell_row(lab, session.cell),
            functools.partial(made.session_points, lab, session),
        )
        for session in made.sessions(lab, str(part.month))
        # The test that is still running comes when it is over.
        if session.started_at <= now
    ]


def cells_of(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """Rows of battery_cell: every cell with a test in the month."""
    rows = {test.cell["cell_id"]: test.cell for test in tests_of(warehouse, part)}
    return pl.DataFrame(list(rows.values()), schema=polars_schema(battery_cell))
