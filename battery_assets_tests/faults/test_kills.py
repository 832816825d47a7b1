"""A writer that dies at any moment leaves the old partition or the new one, whole."""

import random
import re
import time
from pathlib import Path

import polars as pl
import pytest

import battery_assets
from battery_assets import tables as t
from battery_assets.platform.lake.format import sha256_of
from battery_assets.platform.warehouse.crash_points import NAMES
from battery_assets_tests.worlds.writers import PART, Order, Writer, content, replace, value_of, written

LAKE_POINTS = ("claimed", "first_file", "files_written", "lake_committed", "committed")
ROW_POINTS = ("claimed", "rows_copied", "committed")
NEW_FROM = {"telemetry_jar_raw": "lake_committed", "audit_log": "committed", "location": "committed"}
OLD, NEW = 3, 7
TRIALS = 36


def books_agree(warehouse, table) -> bool:
    """The profile is that of the rows a reader sees."""
    rows, profile = warehouse.read(table, PART).collect(), warehouse.profile(table, PART)
    if table.info["store"] == "lake":
        warehouse.verify(table, PART)
        assert profile["sha256"] == sha256_of(warehouse.files(table, PART))
        assert profile["columns"]["voltage_v"]["max"] == rows["voltage_v"].max()
    return profile["rows"] == rows.height


def test_every_crash_point_is_named_and_every_name_is_a_crash_point():
    folder = Path(battery_assets.__file__).parent
    source = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    assert sorted(re.findall(r'crash_point\("(\w+)"\)', source)) == sorted(NAMES)
    assert {*LAKE_POINTS, *ROW_POINTS} == set(NAMES)


@pytest.mark.parametrize(
    ("table", "point"),
    [
        *((t.telemetry_jar_raw, point) for point in LAKE_POINTS),
        *((t.audit_log, point) for point in ROW_POINTS),
        *((t.location, point) for point in ROW_POINTS),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_kill_leaves_the_old_or_the_new_partition_whole(warehouse, table, point):
    undisturbed = replace(warehouse, table, NEW)
    replace(warehouse, table, OLD)
    assert written(Order.to(warehouse, table, NEW, crash_at=point)) is None, "the process was not killed"
    points = LAKE_POINTS if table.info["store"] == "lake" else ROW_POINTS
    expected = NEW if points.index(point) >= points.index(NEW_FROM[table.name]) else OLD
    assert value_of(table, warehouse.read(table, PART).collect()) == expected
    assert books_agree(warehouse, table)
    assert written(Order.to(warehouse, table, NEW)) == undisturbed
    assert warehouse.read(table, PART).collect().sort(pl.all()).equals(content(table, NEW).sort(pl.all()))
    assert books_agree(warehouse, table)


@pytest.mark.parametrize("point", LAKE_POINTS)
def test_a_kill_in_the_first_write_of_all_leaves_nothing_or_all(warehouse, point):
    table = t.telemetry_jar_raw
    assert written(Order.to(warehouse, table, NEW, crash_at=point)) is None
    rows = warehouse.read(table, PART).collect()
    if LAKE_POINTS.index(point) < LAKE_POINTS.index("lake_committed"):
        assert rows.is_empty()
        assert warehouse.profile(table, PART) is None
    else:
        assert value_of(table, rows) == NEW
        assert books_agree(warehouse, table)


def test_kills_at_random_moments_leave_one_writer_s_rows(warehouse):
    seed = int(time.time())
    print(f"SEED={seed}")
    dice = random.Random(seed)
    tables = [t.telemetry_jar_raw, t.audit_log]
    lasts = {}
    for table in tables:
        replace(warehouse, table, 1)
        began = time.monotonic()
        written(Order.to(warehouse, table, 2))
        lasts[table.name] = time.monotonic() - began
    killed = 0
    for trial in range(TRIALS):
        table = tables[trial % 2]
        before = value_of(table, warehouse.read(table, PART).collect())
        writer = Writer(Order.to(warehouse, table, trial + 3))
        writer.begun()
        time.sleep(dice.uniform(0, 1.1) * lasts[table.name])
        writer.process.kill()
        killed += writer.ended() is None
        after = value_of(table, warehouse.read(table, PART).collect())
        assert after in (before, trial + 3), f"SEED={seed} trial {trial}"
        assert books_agree(warehouse, table), f"SEED={seed} trial {trial}"
    assert killed >= TRIALS // 4, "the kills came too late to say anything"
    for table in tables:
        written(Order.to(warehouse, table, 5))
        assert value_of(table, warehouse.read(table, PART).collect()) == 5
