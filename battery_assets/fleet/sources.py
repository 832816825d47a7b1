"""How the rows of phases 1 to 3 arrive: from a site's landing folder, or from its generator."""

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import dagster as dg
import numpy as np
import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.fleet.references import codes_there, no_longer_named, unknown_units, with_sound_references
from battery_assets.fleet.refused import refused_shown, without_values
from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.exports.known_files import KnownFile
from battery_assets.ingest.exports.landing import LandingFile, landing_files
from battery_assets.ingest.exports.tables import Reading, read_table, read_table_days
from battery_assets.ingest.files.duplicates import without_copies
from battery_assets.ingest.files.problems import PRIVATE
from battery_assets.platform import clock
from battery_assets.platform.dagster.metadata import also_shown
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.code_version import code_version
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.plan import DayPlan
from battery_assets.platform.days.work import replace_days
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import accounts
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import FILES
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import empty, sort_columns

# When a transaction happened: what lies ahead has not.
HAPPENED = {
    "maintenance_event": pl.col("scheduled_date"),
    "capacity_test_raw": pl.col("test_date") + pl.duration(minutes=pl.col("discharge_duration_min").ceil()),
    "impedance_measurement_raw": pl.col("measured_at"),
    "audit_log": pl.col("ts"),
}


def landed_files(landing: Landing, site: str, table: sa.Table | None = None) -> list[LandingFile]:
    """The site's files of a table, or of all tables."""
    files, _ = landing_files(landing.root(site), site)
    return [file for file in files if table is None or file.table == table.name]


def replace_from_source(
    warehouse: Warehouse,
    landing: Landing,
    table: sa.Table,
    part: Part,
    finish: Callable[[pl.DataFrame], pl.DataFrame] = lambda rows: rows,
) -> dg.MaterializeResult:
    """Replace a partition by what its site's source holds for it, and keep the accounts of files."""
    source, config = source_of(warehouse, part)
    if source == FILES:
        return _from_files(warehouse, landed_files(landing, str(part.site), table), table, part, config)
    if table.info["store"] == "lake":
        return _from_generator(warehouse, table, part, config)
    return warehouse.replace(table, part, finish(_synthetic_rows(table, part, config)))


def source_of(warehouse: Warehouse, part: Part) -> tuple[str, dict[str, Any]]:
    """Where a partition's site has its data from, and its settings. ValueError for a site nobody entered."""
    with warehouse.reading() as connection:
        registered = {site.site: site for site in registry.sites(connection)}
    if part.site not in registered:
        raise ValueError(
            f"site {part.site!r} is not known. Next step: battery-assets site add {part.site} ..., "
            f"or battery-assets import fleet FOLDER --site {part.site}. "
            f"Known: {', '.join(registered) or 'none'}"
        )
    return registered[part.site].source, registered[part.site].config


def contract_of(config: dict[str, Any]) -> SourceContract:
    """The terms under which a site's files are read."""
    return SourceContract.from_config(config)


def _from_files(
    warehouse: Warehouse, files: list[LandingFile], table: sa.Table, part: Part, config: dict[str, Any]
) -> dg.MaterializeResult:
    if table.info["store"] == "lake":
        return _days_from_files(warehouse, files, table, part, config)
    month = None if table.info["newest_wins"] else part.month
    files_read = read_table(files, table, month, contract_of(config), now=clock.now())
    reading = with_sound_references(warehouse, table, files_read, part)
    before = codes_there(warehouse, table, part)
    result = warehouse.replace(table, part, reading.rows)
    left = no_longer_named(warehouse, table, part, reading.rows, before)
    reading = replace(reading, findings=[*reading.findings, *left])
    return with_accounts(
        result, accounts_kept(warehouse, table, part, reading), refused_shown(table, reading)
    )


def _days_from_files(
    warehouse: Warehouse, files: list[LandingFile], table: sa.Table, part: Part, config: dict[str, Any]
) -> dg.MaterializeResult:
    """The days of a month; a file is read where it is new, or where another one changed a day of its."""
    with warehouse.reading() as connection:
        before = accounts.known_files(connection, table, part)
    made_from = {file.name: digest(code_version(__name__), file.sha256, part.month, config) for file in files}
    documents = {path: document for path, document in before.items() if document}
    kept_accounts = {
        path: KnownFile.of(document)
        for path, document in documents.items()
        if document["made_from"] == made_from.get(path)
    }
    changed = {
        day for path in documents.keys() - kept_accounts for day in KnownFile.of(documents[path]).shares
    }
    unit = sort_columns(table)[0]
    with read_table_days(
        files, table, part.month, contract_of(config), before=kept_accounts, now=clock.now()
    ) as days:
        # Had a run died before it kept its accounts, such days would look as if nothing had changed.
        again = days.must_make | changed
        inputs = {day: digest(config, {"files": names}) for day, names in days.files_of_days().items()}
        result, plan = replace_days(
            warehouse, table, part, inputs, days.chosen, lambda _, rows: (rows, _rows_of_units(rows, unit)),
            whole=lambda day, _: day not in again, by=__name__,
        )  # fmt: skip
        reading = days.account()
    objections = unknown_units(warehouse, table.c[unit], _rows_by_unit(plan))
    reading = replace(reading, findings=[*reading.findings, *objections])
    kept = accounts_kept(warehouse, table, part, reading, made_from)
    return with_accounts(result, kept, refused_shown(table, reading))


def _rows_of_units(rows: pl.DataFrame, unit: str) -> pl.DataFrame:
    """How many rows a day has of which unit."""
    counts = rows.group_by(pl.col(unit).alias("unit")).len("rows")
    return counts.select(pl.col("unit").cast(pl.String), "rows").sort("unit")


def _rows_by_unit(plan: DayPlan) -> dict[str, int]:
    """How many rows a month has of each unit."""
    days = [counts for _, counts in plan.saved()]
    if not days:
        return {}
    return dict(pl.concat(days).group_by("unit").agg(pl.col("rows").sum()).iter_rows())


def accounts_kept(
    warehouse: Warehouse,
    table: sa.Table,
    part: Part,
    reading: Reading,
    made_from: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Keep the accounts. Returns what became of every row, for people."""
    by_path = {
        path: {**file.document(), "made_from": made_from[path]}
        for path, file in reading.known.items()
        if made_from
    }
    quarantine = reading.quarantine
    if table.schema == PRIVATE:
        quarantine = without_values(quarantine)
    with warehouse.transaction() as connection:
        accounts.put_accounts(
            connection,
            table,
            part,
            reading.files,
            quarantine,
            reading.findings,
            by_path,
            reading.not_read,
        )
        return {**accounts.accounts_of(connection, table, part), "findings": reading.findings}


def with_accounts(
    result: dg.MaterializeResult, accounts: dict[str, Any], refused: Sequence[dict[str, str | int]]
) -> dg.MaterializeResult:
    """The result with what became of every row of files among what it tells, and what was refused first."""
    shown: dict[str, Any] = {"files": dg.MetadataValue.json(accounts)}
    if refused:
        shown["refused"] = dg.MetadataValue.table([dg.TableRecord(row) for row in refused])
    return also_shown(result, shown)


@functools.lru_cache(maxsize=64)
def _site(site: str, config: tuple[tuple[str, Any], ...]) -> Any:
    from battery_assets.synthetic.site import SyntheticSite

    return SyntheticSite.from_config(site, dict(config))


def synthetic_site(part: Part, config: dict[str, Any]) -> Any:
    """The synthetic site of a partition."""
    return _site(str(part.site), tuple(sorted(config.items())))


def _synthetic_rows(table: sa.Table, part: Part, config: dict[str, Any]) -> pl.DataFrame:
    from battery_assets.synthetic import events, master, transactions

    site, month = synthetic_site(part, config), str(part.month)
    if table.info["phase"] == 1:
        return master.master(site, month, clock.now())[table.name]
    if table.name == "telemetry_event_window":
        return _happened(events.event_windows(site, month), pl.col("end_ts"))
    rows = transactions.transactions(site, month).get(table.name, empty(table))
    happened = _happened(rows, HAPPENED[table.name])
    return _under_way(happened) if table is t.maintenance_event else happened


def _happened(rows: pl.DataFrame, instant: pl.Expr) -> pl.DataFrame:
    """In the month that is running, what has happened up to now."""
    return rows.filter(instant.is_null() | (instant <= clock.now()))


def _under_way(visits: pl.DataFrame) -> pl.DataFrame:
    """Visits that have begun: of one that has not ended, nothing of its end."""
    ended = pl.col("completed_date") <= clock.now()
    return visits.with_columns(
        pl.when(ended).then("completed_date"),
        status=pl.when(ended).then("status").otherwise(pl.lit("in_progress")),
        notes=pl.when(ended).then("notes"),
        updated_at=pl.when(ended).then("updated_at").otherwise("scheduled_date"),
    )


def captures_of(
    warehouse: Warehouse, part: Part, only: Collection[str] | None = None
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Window and fast samples of a partition's event windows, one by one; files bring their own URLs.

    `only` names the windows that are wanted.
    """
    source, config = source_of(warehouse, part)
    if source == FILES:
        return
    from battery_assets.synthetic.events import captures

    yield from captures(synthetic_site(part, config), str(part.month), clock.now(), only)


def windows_over(warehouse: Warehouse, part: Part) -> dict[date, tuple[str, list[str]]]:
    """Of each day of which there are captures: what they are made from, and the windows that are over."""
    source, config = source_of(warehouse, part)
    if source == FILES:
        return {}
    rows = _synthetic_rows(t.telemetry_event_window, part, config)
    by_day = rows.group_by(pl.col("start_ts").dt.date(), maintain_order=True).agg("window_id")
    return {
        day: (digest(part.site, config, {"windows": windows}), windows) for day, windows in by_day.iter_rows()
    }


def _from_generator(
    warehouse: Warehouse, table: sa.Table, part: Part, config: dict[str, Any]
) -> dg.MaterializeResult:
    """The days of the month that are over: the day that is running comes tomorrow, whole."""
    today = clock.now().date()
    inputs = {day: digest(part.site, config) for day in part.days if day < today}

    def once(_: date, sent: pl.DataFrame) -> tuple[pl.DataFrame, np.ndarray]:
        """Rows without those that a gateway sent again; how many were sent, and how many sent again."""
        rows, copies = without_copies(sent, sort_columns(table))
        return rows, np.array([sent.height, copies])

    days = functools.partial(_synthetic_days, table, part, config)
    result, plan = replace_days(warehouse, table, part, inputs, days, once, by=__name__)
    counts = np.sum([counts for _, counts in plan.saved()], axis=0, initial=0)
    counts_named = dict(
        zip(("rows sent", "exact duplicates"), np.broadcast_to(counts, 2).tolist(), strict=True)
    )
    return also_shown(result, counts_named)


def _synthetic_days(
    table: sa.Table, part: Part, config: dict[str, Any], days: Iterable[date]
) -> Iterator[tuple[date, pl.DataFrame]]:
    from battery_assets.synthetic.signals import telemetry

    site = synthetic_site(part, config)
    make = {
        "telemetry_jar_raw": telemetry.jar_day,
        "telemetry_string_raw": telemetry.string_day,
        "telemetry_env": telemetry.environment_day,
    }[table.name]
    for day in days:
        yield day, make(site, day)
