"""What nobody needs any more: files of killed and replaced versions, the days of months long closed."""

from collections.abc import Iterable, Sequence

import dagster as dg
import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import calendar
from battery_assets.platform.dagster.retention import KEEP_DAYS, prune
from battery_assets.platform.lake import captures
from battery_assets.platform.lake.upkeep import fold_log
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.analyst import end_readers
from battery_assets.platform.warehouse.resource import Warehouse

# A reader holds on to the files of the version it began with, a writer names its files when all are there:
# both have ended long before.
KEEP_HOURS = 48
# Late files change the month before; of one that is older all days are made again.
KEEP_MONTHS = 3

# Nothing that an analyst asks takes so long; locks and old row versions are kept for him meanwhile.
LONGEST_READER_S = 3600.0


def tidy_up(
    warehouse: Warehouse,
    tables: Iterable[sa.Table],
    keep_hours: int = KEEP_HOURS,
    naming: Sequence[sa.Executable] = (),
) -> dict[str, int]:
    """Delete files that no version of a lake table has named for some hours, and forget old days.

    Captures that no row names go too, and files of signals where `naming` is there: statements of the
    captures and files that datasets name. Returns how many files of each table were deleted. The books
    forget a file once it is gone. The log of each table is folded into one file.
    """
    tables = tuple(tables)
    deleted: dict[str, int] = {}
    for table in tables:
        if table.info["store"] == "lake":
            gone = warehouse.lake.vacuum(table, keep_hours)
            with warehouse.transaction() as connection:
                registry.forget_files(connection, gone)
            fold_log(warehouse.lake, table)
            deleted[table.name] = len(gone)
    columns = [column for table in tables for column in table.columns if column.name.endswith("_url")]
    of_rows = [captures.named_in(column) for column in columns]
    named = {captures.FOLDER: [*of_rows, *naming] if of_rows else [], captures.SIGNALS: naming}
    with warehouse.transaction() as connection:
        end_readers(connection, LONGEST_READER_S)
        for folder, statements in named.items():
            if statements:
                deleted[folder] = captures.remove_unnamed(
                    warehouse.lake, connection, folder, statements, keep_hours
                )
        registry.forget_days(connection, before=calendar()[-KEEP_MONTHS])
    return deleted


def tidy_job(
    tables: Iterable[sa.Table], keep_log_days: int = KEEP_DAYS, naming: Sequence[sa.Executable] = ()
) -> dg.JobDefinition:
    """The job that tidies up; Dagster's log of runs that ended is kept for so many days, 0: for ever."""
    of_job = tuple(tables)

    @dg.op(name="tidy_up")
    def step(context: dg.OpExecutionContext, warehouse: Warehouse) -> None:
        for name, count in tidy_up(warehouse, of_job, naming=naming).items():
            context.log.info(f"{name}: {count} files deleted")
        for name, count in prune(context.instance, keep_log_days).items():
            context.log.info(f"Dagster's {name} of runs that ended {keep_log_days} days ago: {count} gone")

    @dg.job(
        name="tidy",
        executor_def=dg.in_process_executor,
        description="Deletes lake files that no version has named for two days, and what nobody reads of "
        "the logs of old runs.",
    )
    def tidy() -> None:
        step()

    return tidy
