"""Several writers at once, and writers that wake up late."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part, month_range
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.database import transaction
from battery_assets.platform.warehouse.rows import fitting, put
from battery_assets_tests.worlds.writers import (
    PART,
    Order,
    content,
    files_on_disk,
    replace,
    together,
    value_of,
)

STORES = pytest.mark.parametrize(
    "table", [t.telemetry_jar_raw, t.audit_log, t.location], ids=lambda table: table.name
)
SUPERSEDED = "SupersededError"


@STORES
def test_a_writer_whose_partition_was_claimed_again_is_refused(warehouse, table):
    late = warehouse.claim(table, PART)
    replace(warehouse, table, 2)
    with pytest.raises(registry.SupersededError, match=rf"{table.name} 2025-03\|alpha.*newer run"):
        warehouse.replace(table, late, content(table, 1))
    assert value_of(table, warehouse.read(table, PART).collect()) == 2


def test_a_writer_refused_by_the_fence_leaves_no_files(warehouse):
    table = t.telemetry_jar_raw
    late = warehouse.claim(table, PART)
    replace(warehouse, table, 2)
    before = files_on_disk(warehouse, table)
    with pytest.raises(registry.SupersededError):
        warehouse.replace(table, late, content(table, 1))
    assert files_on_disk(warehouse, table) == before


def test_a_writer_overtaken_while_it_computes_is_refused(warehouse):
    table = t.telemetry_jar_raw
    late = warehouse.claim(table, PART)

    def days():
        rows = content(table, 1).with_columns(pl.col("ts").dt.date().alias("day"))
        for (day,), frame in rows.group_by("day", maintain_order=True):
            yield day, frame.drop("day")
            if day == date(2025, 3, 1):
                replace(warehouse, table, 2)

    with pytest.raises(registry.SupersededError):
        warehouse.replace(table, late, days())
    assert value_of(table, warehouse.read(table, PART).collect()) == 2


@pytest.mark.parametrize("there_before", [0, 4])
def test_delta_itself_refuses_a_writer_that_lost_its_lock(warehouse, there_before):
    """The lock can be lost with its connection; then the lake must not be overwritten blindly."""
    table, lake = t.telemetry_jar_raw, warehouse.lake
    if there_before:
        replace(warehouse, table, there_before)
    stale = lake.write_days(table, PART, [(date(2025, 3, 1), content(table, 1).head(72))])
    asked = []

    def fence() -> None:
        asked.append(True)
        if len(asked) == 1:
            replace(warehouse, table, 2)
        else:
            raise registry.SupersededError("the newer run was seen")

    with pytest.raises(registry.SupersededError, match="was seen"):
        lake.commit(table, PART, stale, 1, fence)
    assert value_of(table, warehouse.read(table, PART).collect()) == 2


@STORES
def test_nobody_writes_without_a_claim(warehouse, table):
    with pytest.raises(RuntimeError, match=rf"{table.name} 2025-03\|alpha: nobody claimed"):
        warehouse.replace(table, PART, content(table, 1))
    assert warehouse.read(table, PART).collect().is_empty()


@STORES
def test_processes_that_replace_one_partition_leave_one_of_them(warehouse, table):
    said = together([Order.to(warehouse, table, value) for value in range(1, 7)])
    assert_one_won(warehouse, table, said)


@STORES
def test_threads_that_replace_one_partition_leave_one_of_them(warehouse, table):
    def one(value: int) -> str:
        try:
            return replace(warehouse, table, value)
        except registry.SupersededError as error:
            return f"{SUPERSEDED}: {error}"

    for _ in range(3):
        with ThreadPoolExecutor(6) as pool:
            said = list(pool.map(one, range(1, 7)))
        assert_one_won(warehouse, table, said)


def assert_one_won(warehouse, table, said) -> None:
    """Each writer was done or told that it came too late; the rows are those of one that was done."""
    lost = [words for words in said if SUPERSEDED in words]
    won = [words for words in said if words not in lost]
    assert won
    assert all(len(words) == 64 for words in won), won
    value = value_of(table, warehouse.read(table, PART).collect())
    profile = warehouse.profile(table, PART)
    assert profile["sha256"] == said[value - 1]
    assert profile["rows"] == content(table, value).height


@STORES
def test_processes_that_replace_different_partitions_all_succeed(warehouse, table):
    sites = [Part(f"site-{n}", "2025-03") for n in range(4)]
    parts = sites + [Part("site-0", month) for month in month_range("2025-04", "2025-07")]
    said = together([Order.to(warehouse, table, n + 1, part=part) for n, part in enumerate(parts)])
    assert all(len(words) == 64 for words in said), "\n".join(said)
    if table is t.location:
        parts, said = sites[1:], said[1:4]
    for part, words in zip(parts, said, strict=True):
        rows = warehouse.read(table, part).collect()
        assert warehouse.profile(table, part)["sha256"] == words
        assert rows.height == content(table, value_of(table, rows), part).height


@STORES
def test_a_reader_sees_one_writer_s_rows_at_every_moment(warehouse, table):
    replace(warehouse, table, 1)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(lambda: [replace(warehouse, table, 2 + n % 2) for n in range(8)])
        seen = []
        while not writing.done():
            seen.append(value_of(table, warehouse.read(table, PART).collect()))
        writing.result()
    assert {1, 2, 3} & set(seen)


def test_two_months_of_a_site_write_its_master_rows_one_after_the_other(warehouse):
    """Their ids and codes are the same, and ON CONFLICT settles a race for the ids alone."""
    table, months = t.location, [Part("alpha", "2025-03"), Part("alpha", "2025-04")]
    first, second = (fitting(content(table, n, part), table) for n, part in enumerate(months, 1))
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"

    def later() -> None:
        with warehouse.transaction() as connection:
            put(connection, table, months[1], second)

    with ThreadPoolExecutor(1) as pool:
        with warehouse.transaction() as connection:
            put(connection, table, months[0], first)
            writing = pool.submit(later)
            deadline = time.monotonic() + 20.0
            while not connection.execute(sa.text(waiting)).scalar_one():
                assert time.monotonic() < deadline, "the second month does not wait for the first"
                assert not writing.done()
                time.sleep(0.05)
        writing.result(timeout=20.0)
    assert value_of(table, warehouse.read(table, months[1]).collect()) == 2


def test_a_deadlock_is_repeated_and_ends_well(warehouse):
    """Two writers that lock the same two partitions the other way round."""
    orders = [(t.incident, t.alert), (t.alert, t.incident)] * 3
    from battery_assets.tables.projections import empty

    def one(pair) -> str:
        first, second = pair
        for _ in range(5):
            claimed = warehouse.claim(first, PART)
            warehouse.replace(first, Part("alpha", "2025-03"), empty(first), also={second: empty(second)})
        return claimed.key

    for table in (t.incident, t.alert):
        warehouse.claim(table, PART)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(one, orders)) == [PART.key] * 6


def test_a_lost_connection_is_repeated_once_it_is_back(warehouse, warehouse_url):
    table = t.audit_log
    claimed = warehouse.claim(table, PART)
    terminated = []
    frame = content(table, 3)
    original = registry.record

    def recorded(connection, *given) -> None:
        import sqlalchemy as sa

        if not terminated:
            with transaction(warehouse_url) as other:
                mine = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
                other.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
            terminated.append(mine)
        original(connection, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "record", recorded)
        warehouse.replace(table, claimed, frame)
    assert terminated
    assert value_of(table, warehouse.read(table, PART).collect()) == 3
