"""Writers in processes of their own, to be killed, raced and starved.

They come from a server that has imported everything and done nothing, so that one is there in milliseconds.
"""

import multiprocessing
import os
import resource
import signal
import stat
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["battery_assets_tests.worlds.writers"])
PART = Part("alpha", "2025-03")
TABLES = {table.name: table for table in (t.telemetry_jar_raw, t.audit_log, t.location)}
NOBODY = 65534


def content(table: sa.Table, value: int, part: Part = PART) -> pl.DataFrame:
    """Rows that all carry the value, so that a mixture of two writers shows; more rows for a larger value."""
    if table is t.telemetry_jar_raw:
        count = 500 + value
        every = timedelta(minutes=40)
        return pl.DataFrame(
            {
                "ts": [part.start + every * (n // 4) for n in range(count)],
                "battery_id": [identity("jar", n % 4) for n in range(count)],
                "voltage_v": [float(value)] * count,
            }
        ).select(
            pl.col(name).cast(kind)
            if name in ("ts", "battery_id", "voltage_v")
            else pl.lit(None, kind).alias(name)
            for name, kind in polars_schema(table).items()
        )
    now = datetime(2025, 3, 1, tzinfo=UTC)
    same = {"ts": part.start, "action": str(value), "created_at": now, "updated_at": now, "city": str(value),
            "location_name": str(value), "region": "central", "timezone": "UTC"}  # fmt: skip
    rows = [
        {"log_id": identity("log", part.key, value, n), "location_id": identity("location", part.site, n),
         "location_code": f"{n}", **same}
        for n in range(50 + value)
    ]  # fmt: skip
    return pl.DataFrame(
        [{name: row.get(name) for name in polars_schema(table)} for row in rows], polars_schema(table)
    )


def value_of(table: sa.Table, rows: pl.DataFrame) -> int:
    """The value that all rows carry. AssertionError for a mixture, or where rows are missing."""
    column = {"telemetry_jar_raw": "voltage_v", "audit_log": "action", "location": "city"}[table.name]
    values = rows[column].cast(pl.Float64).unique().to_list()
    assert len(values) == 1, f"rows of several writers: {values}"
    value = int(values[0])
    assert rows.height == content(table, value).height, f"{rows.height} rows of writer {value}"
    return value


@dataclass(frozen=True)
class Order:
    """What a writer is to do, and what is to befall it; `stores` are the database and the lake."""

    stores: tuple[str, str]
    table: str
    value: int
    part: Part = PART
    crash_at: str | None = None
    largest_file: int | None = None
    as_nobody: bool = False

    @classmethod
    def to(cls, warehouse: Warehouse, table: sa.Table, value: int, **more: Any) -> "Order":
        """An order to replace the table's partition by the value's rows."""
        return cls((warehouse.database_url, warehouse.lake_url), table.name, value, **more)


def replace(warehouse: Warehouse, table: sa.Table, value: int, part: Part = PART) -> str:
    """Claim and replace here and now. Returns the checksum."""
    return warehouse.replace(table, warehouse.claim(table, part), content(table, value, part)).metadata[
        "sha256"
    ]


def _obey(order: Order, answer: Connection, start: Any) -> None:
    if order.crash_at:
        os.environ["CRASH_AT"] = order.crash_at
    if order.largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.largest_file, order.largest_file))
    if order.as_nobody:
        os.setuid(NOBODY)
    if start is not None:
        start.wait()
    answer.send("begun")
    try:
        warehouse = Warehouse(database_url=order.stores[0], lake_url=order.stores[1])
        answer.send(replace(warehouse, TABLES[order.table], order.value, order.part))
    except Exception:
        answer.send(traceback.format_exc())


class Writer:
    """A process that obeys an order."""

    def __init__(self, order: Order, start: Any = None) -> None:
        self.answers, theirs = PROCESSES.Pipe(duplex=False)
        self.process = PROCESSES.Process(target=_obey, args=(order, theirs, start))
        self.process.start()
        theirs.close()

    def begun(self) -> None:
        """Wait until it is about to begin."""
        assert self.answers.recv() == "begun"

    def ended(self) -> str | None:
        """Wait for its end: the checksum, or the traceback, or None where it was killed."""
        said = None
        try:
            while True:
                said = self.answers.recv()
        except EOFError:
            self.process.join()
        assert self.process.exitcode in (0, -signal.SIGKILL), self.process.exitcode
        return None if self.process.exitcode else said


def written(order: Order) -> str | None:
    """What a writer says at its end."""
    return Writer(order).ended()


def together(orders: list[Order]) -> list[str | None]:
    """Writers that begin at the same moment; what each says at its end."""
    start = PROCESSES.Barrier(len(orders))
    writers = [Writer(order, start) for order in orders]
    return [writer.ended() for writer in writers]


def files_on_disk(warehouse: Warehouse, table: sa.Table) -> set[str]:
    """Data files that lie in the table's folder, in use or not."""
    folder = Path(warehouse.lake.table_url(table))
    return {str(path.relative_to(folder)) for path in folder.glob("site=*/**/*.parquet")}


def each_path(folder: Path, change: Callable[[int], int]) -> None:
    """Change the mode of a folder and of all that is in it."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(change(stat.S_IMODE(path.stat().st_mode)))
