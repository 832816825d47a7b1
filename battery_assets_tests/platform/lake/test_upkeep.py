"""What the log of a table says of its files, so that readers pass over most, and how it is kept short."""

import os
import time
from datetime import timedelta
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.lake.upkeep import fold_log, last_fold
from battery_assets_tests.worlds.random_rows import World
from battery_assets_tests.worlds.stores import kept

TABLE = t.telemetry_jar_raw
PARTS = {"0": Part("alpha", "2025-03"), "7": Part("alpha", "2025-04"), "f": Part("beta", "2025-03")}
UNIT = "00000000-0000-4000-8000-00000000000{}"


def put(warehouse, seed: int, digit: str) -> None:
    """A day of one jar, whose id ends with the digit, in the digit's partition."""
    part = PARTS[digit]
    rows = World(seed).rows(TABLE, 40).with_columns(
        ts=pl.lit(part.start) + pl.duration(hours=1) + pl.duration(seconds=pl.int_range(pl.len())),
        battery_id=pl.lit(UNIT.format(digit)),
    )  # fmt: skip
    kept(warehouse, TABLE, rows, part)


@pytest.fixture
def lake(warehouse):
    for seed, digit in enumerate(PARTS):
        put(warehouse, seed, digit)
    return warehouse.lake


def log_of(lake) -> Path:
    return Path(lake.table_url(TABLE), "_delta_log")


@pytest.mark.parametrize(
    ("predicate", "digits"),
    [
        ("site = 'alpha'", "07"),
        ("month = '2025-03'", "0f"),
        ("site = 'alpha' AND month = '2025-03'", "0"),
        (f"battery_id = '{UNIT.format('7')}'", "7"),
        (f"battery_id > '{UNIT.format('0')}'", "7f"),
        ("ts >= '2025-04-01T00:00:00Z'", "7"),
        ("ts < '2025-03-01T00:00:00Z'", ""),
    ],
)
def test_a_reader_passes_over_files_of_other_sites_months_units_and_instants(lake, predicate, digits):
    uris = lake.delta(TABLE).file_uris(file_pruning_predicate=predicate)
    wanted = [path for digit in digits for path in lake.paths(TABLE, PARTS[digit])]
    assert sorted(uri.removeprefix(f"{lake.table_url(TABLE)}/") for uri in uris) == sorted(wanted)


def test_polars_gets_the_rows_of_a_unit_by_the_log(lake):
    scan = pl.scan_delta(lake.table_url(TABLE)).filter(battery_id=UNIT.format("f"))
    assert scan.select("site").collect()["site"].to_list() == ["beta"] * 40


def test_inside_a_file_each_group_of_rows_names_its_first_and_last_unit_and_instant(lake):
    [path] = lake.paths(TABLE, PARTS["f"])
    metadata = pq.read_metadata(f"{lake.table_url(TABLE)}/{path}")
    group = metadata.row_group(0)
    bounds = {group.column(n).path_in_schema: group.column(n).statistics for n in range(metadata.num_columns)}
    assert bounds["battery_id"].min == bounds["battery_id"].max == UNIT.format("f")
    assert bounds["ts"].max - bounds["ts"].min == timedelta(seconds=39)


def test_the_log_is_folded_into_one_file_once(warehouse, lake):
    before = lake.paths(TABLE, Part())
    assert len(before) == 3 and last_fold(lake, TABLE) is None
    assert fold_log(lake, TABLE)
    assert last_fold(lake, TABLE) == lake.delta(TABLE).version()
    assert not fold_log(lake, TABLE), "nothing was added since"
    assert lake.paths(TABLE, Part()) == before
    put(warehouse, 9, "7")
    assert fold_log(lake, TABLE)
    assert len(lake.paths(TABLE, Part())) == 3 and lake.paths(TABLE, Part()) != before
    warehouse.verify(TABLE, PARTS["7"])


def test_entries_of_a_folded_log_go_after_a_month_and_the_rows_stay(warehouse, lake):
    then = time.time() - 40 * 86_400
    entries = [*log_of(lake).glob("*.json")]
    for entry in entries:
        os.utime(entry, (then, then))
    fold_log(lake, TABLE)
    put(warehouse, 9, "7")
    fold_log(lake, TABLE)
    left = {entry.name for entry in log_of(lake).glob("*.json")}
    assert len(entries) >= 4 and len(left & {entry.name for entry in entries}) <= 1
    for digit, part in PARTS.items():
        assert warehouse.read(TABLE, part).collect()["battery_id"].unique().to_list() == [UNIT.format(digit)]


def test_a_table_that_nobody_wrote_has_no_log_to_fold(warehouse):
    assert not fold_log(warehouse.lake, TABLE)
