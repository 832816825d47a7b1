"""What happens to files: damage, loss, left-overs, a disk that is full, a folder that is closed."""

import os
import random
import shutil
import tempfile
from datetime import date
from pathlib import Path

import pytest

from battery_assets import tables as t
from battery_assets.platform.lake.reads import LakeError
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.worlds.writers import (
    PART,
    Order,
    content,
    each_path,
    files_on_disk,
    replace,
    value_of,
    written,
)

TABLE = t.telemetry_jar_raw
OLD, NEW = 3, 7


@pytest.fixture
def stored(warehouse) -> Path:
    """A file in the middle of a committed partition."""
    replace(warehouse, TABLE, OLD)
    paths = warehouse.lake.paths(TABLE, PART)
    return Path(warehouse.lake.table_url(TABLE)) / paths[1]


def flipped(path: Path) -> None:
    damaged = bytearray(path.read_bytes())
    damaged[random.Random(1).randrange(8, len(damaged) // 2)] ^= 4
    path.write_bytes(damaged)


DAMAGES = {
    "one bit flipped": flipped,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "empty": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_with_its_partition_and_what_to_do(warehouse, stored, damage):
    DAMAGES[damage](stored)
    with pytest.raises(LakeError) as told:
        warehouse.verify(TABLE, PART)
    for word in ("telemetry_jar_raw 2025-03|alpha", stored.name, "Materialize this partition again"):
        assert word in str(told.value)
    with pytest.raises(LakeError):
        warehouse.read(TABLE, PART, verify=True)


@pytest.mark.parametrize("damage", ["cut", "empty", "gone"])
def test_a_damaged_file_is_never_read_as_fewer_rows(warehouse, stored, damage):
    DAMAGES[damage](stored)
    for read in (warehouse.read, lambda *part: list(warehouse.days(*part)), warehouse.profile):
        with pytest.raises(LakeError, match=rf"{stored.name} is missing or damaged: .*bytes.*Materialize"):
            read(TABLE, PART)


def test_a_file_that_goes_away_during_the_walk_is_named(warehouse, stored):
    walk = warehouse.days(TABLE, PART)
    next(walk)
    paths = sorted(stored.parent.iterdir())
    paths[3].unlink()
    with pytest.raises(LakeError, match=rf"{paths[3].name} cannot be read.*Materialize its partition again"):
        list(walk)


@pytest.mark.parametrize("damage", DAMAGES)
def test_materializing_again_heals_the_partition(warehouse, stored, damage):
    DAMAGES[damage](stored)
    replace(warehouse, TABLE, NEW)
    warehouse.verify(TABLE, PART)
    assert value_of(TABLE, warehouse.read(TABLE, PART).collect()) == NEW


def test_files_left_over_in_the_folder_are_not_read(warehouse, stored):
    shutil.copy(stored, stored.with_name(f"copy-{stored.name}"))
    shutil.copy(stored, stored.with_suffix(".parquet.tmp"))
    (stored.parent / "empty.parquet").touch()
    warehouse.lake.write(TABLE, PART, date(2025, 3, 1), content(TABLE, NEW).head(10))
    assert value_of(TABLE, warehouse.read(TABLE, PART).collect()) == OLD
    assert warehouse.profile(TABLE, PART)["rows"] == content(TABLE, OLD).height
    warehouse.verify(TABLE, PART)


def test_a_file_that_somebody_else_put_into_the_log_is_refused(warehouse, stored):
    from deltalake import write_deltalake

    table = warehouse.lake.delta(TABLE)
    rows = table.to_pyarrow_table().slice(0, 3)
    write_deltalake(table, rows, mode="append")
    with pytest.raises(LakeError, match=r"2025-03\|alpha: .*not written by this platform.*Materialize"):
        warehouse.read(TABLE, PART)


@pytest.fixture
def open_warehouse(warehouse_url):
    """A warehouse whose lake lies where every account can go."""
    folder = Path(tempfile.mkdtemp(prefix="battery_lake_"))
    folder.chmod(0o755)
    yield Warehouse(database_url=warehouse_url, lake_url=str(folder / "lake"))
    each_path(folder, lambda mode: mode | 0o700)
    shutil.rmtree(folder)


def test_a_full_disk_keeps_the_old_partition_and_says_where(warehouse, stored):
    before = files_on_disk(warehouse, TABLE)
    said = written(Order.to(warehouse, TABLE, NEW, largest_file=1_000))
    assert "LakeError: cannot write" in said
    for word in (
        "site=alpha/month=2025-03",
        "File too large",
        "MB are free",
        "materialize this partition again",
    ):
        assert word in said
    assert files_on_disk(warehouse, TABLE) == before
    assert value_of(TABLE, warehouse.read(TABLE, PART).collect()) == OLD
    assert written(Order.to(warehouse, TABLE, NEW)) == replace(warehouse, TABLE, NEW)


@pytest.mark.parametrize("closed", ["telemetry_jar_raw", "telemetry_jar_raw/_delta_log"])
def test_a_lake_that_may_not_be_written_keeps_the_old_partition(open_warehouse, closed):
    replace(open_warehouse, TABLE, OLD)
    lake = Path(open_warehouse.lake_url)
    each_path(lake, lambda mode: mode | 0o777)
    each_path(lake / closed, lambda mode: mode & 0o555)
    said = written(Order.to(open_warehouse, TABLE, NEW, as_nobody=os.geteuid() == 0))
    assert "LakeError: cannot write" in said
    assert "ermission denied" in said
    each_path(lake, lambda mode: mode | 0o700)
    assert value_of(TABLE, open_warehouse.read(TABLE, PART).collect()) == OLD
    assert open_warehouse.profile(TABLE, PART)["rows"] == content(TABLE, OLD).height
    replace(open_warehouse, TABLE, NEW)
    assert value_of(TABLE, open_warehouse.read(TABLE, PART).collect()) == NEW


def test_a_day_that_cannot_be_computed_leaves_the_old_partition(warehouse, stored):
    before = files_on_disk(warehouse, TABLE)
    rows = content(TABLE, NEW)

    def days():
        yield date(2025, 3, 1), rows.head(144)
        yield date(2025, 3, 2), rows.slice(144, 144)
        raise ZeroDivisionError("the body of the asset failed")

    with pytest.raises(ZeroDivisionError):
        warehouse.replace(TABLE, warehouse.claim(TABLE, PART), days())
    assert files_on_disk(warehouse, TABLE) == before
    assert value_of(TABLE, warehouse.read(TABLE, PART).collect()) == OLD


def test_a_capture_is_kept_whole_and_known_again(warehouse):
    samples = content(TABLE, 1).select("ts", "voltage_v")
    url = warehouse.keep_capture(PART, "window-1", samples)
    assert warehouse.capture(url).equals(samples)
    assert warehouse.has_capture(url)
    assert not warehouse.has_capture(None)
    assert not warehouse.has_capture("s3://somebody-else/captures/x.parquet")
    assert warehouse.keep_capture(PART, "window-1", samples) == url
    path = Path(warehouse.lake_url) / url
    assert [path.name] == [each.name for each in path.parent.iterdir()]


def test_a_late_writer_does_not_change_the_capture_that_a_row_names(warehouse):
    """Captures are written before the claim is asked for: what is committed names its content."""
    ours = content(TABLE, 1).select("ts", "voltage_v")
    url = warehouse.keep_capture(PART, "window-1", ours)
    other = warehouse.keep_capture(PART, "window-1", ours.head(1))
    assert other != url
    assert warehouse.capture(url).equals(ours)


def test_a_damaged_capture_is_refused_by_name(warehouse):
    url = warehouse.keep_capture(PART, "window-1", content(TABLE, 1).select("ts", "voltage_v"))
    flipped(Path(warehouse.lake_url) / url)
    with pytest.raises(LakeError, match=r"window-1.*missing or damaged.*Materialize"):
        warehouse.capture(url)
    (Path(warehouse.lake_url) / url).unlink()
    with pytest.raises(LakeError, match=r"window-1.*missing or damaged"):
        warehouse.capture(url)


def test_a_capture_outside_the_lake_is_none_of_ours(warehouse, tmp_path):
    url = warehouse.keep_capture(PART, "window-1", content(TABLE, 1).select("ts", "voltage_v"))
    outside = tmp_path / "secret.parquet"
    shutil.copy(Path(warehouse.lake_url) / url, outside)
    link = Path(warehouse.lake_url) / "captures/site=alpha/month=2025-03/link.parquet"
    link.symlink_to(outside)
    for strange in (
        str(outside),
        "captures/site=alpha/month=2025-03/../../../../secret.parquet",
        f"{warehouse.lake_url}/captures/../../secret.parquet",
        "captures/site=alpha/month=2025-03/link.parquet",
        "captures/site=../month=2025-03/x.parquet",
    ):
        assert not warehouse.has_capture(strange), strange
        with pytest.raises(LakeError, match="no capture of the lake"):
            warehouse.capture(strange)


def test_a_lake_that_was_moved_brings_its_captures_along(warehouse, warehouse_url, tmp_path):
    samples = content(TABLE, 1).select("ts", "voltage_v")
    url = warehouse.keep_capture(PART, "window-1", samples)
    shutil.move(warehouse.lake_url, tmp_path / "elsewhere")
    moved = Warehouse(database_url=warehouse_url, lake_url=str(tmp_path / "elsewhere"))
    assert moved.has_capture(url)
    assert moved.capture(url).equals(samples)
