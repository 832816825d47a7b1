"""What a power cut, a rotten disk or a foreign hand leaves of the lake is told, never read as other numbers."""

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.lake import checksums
from battery_assets.platform.lake.reads import LakeError
from battery_assets.platform.warehouse.database import engine
from battery_assets_tests.worlds.writers import PART, Order, content, replace, value_of, written

TABLE = t.telemetry_jar_raw
OTHER = Part("beta", "2025-03")
FLIPS = 60


def entries(warehouse) -> list[Path]:
    return sorted(Path(warehouse.lake.table_url(TABLE), "_delta_log").glob("*.json"))


LOSSES = {
    "the newest entry is empty": lambda log: log[-1].write_bytes(b""),
    "the newest entry is gone": lambda log: log[-1].unlink(),
    "the whole log is gone": lambda log: shutil.rmtree(log[-1].parent),
    "an older log was put back": lambda log: [entry.unlink() for entry in log[-2:]],
}


@pytest.mark.parametrize("before", [None, 3], ids=["first version", "second version"])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_log_that_lost_what_was_committed_is_told(warehouse, loss, before):
    if before:
        replace(warehouse, TABLE, before)
    replace(warehouse, TABLE, 7)
    LOSSES[loss](entries(warehouse))
    reads = (warehouse.read, lambda *part: list(warehouse.days(*part)), warehouse.profile, warehouse.verify)
    for read in reads:
        with pytest.raises(LakeError, match=r"telemetry_jar_raw 2025-03\|alpha: the log.*Materialize"):
            read(TABLE, PART)
    with pytest.raises(LakeError, match="does not name the files"):
        warehouse.read(TABLE)
    replace(warehouse, TABLE, 9)
    assert value_of(TABLE, warehouse.read(TABLE, PART).collect()) == 9


def test_a_lost_entry_of_one_site_stops_no_other(warehouse):
    replace(warehouse, TABLE, 5, OTHER)
    replace(warehouse, TABLE, 7)
    entries(warehouse)[-1].write_bytes(b"")
    assert warehouse.read(TABLE, OTHER).collect().height == content(TABLE, 5, OTHER).height
    with pytest.raises(LakeError):
        warehouse.read(TABLE, PART)


def test_what_a_killed_writer_reached_is_read_and_what_followed_it_is_held(warehouse):
    """Killed between the two commits twice in a row: the lake is ahead of the books, and that is no loss."""
    replace(warehouse, TABLE, 3)
    for value in (7, 9):
        assert written(Order.to(warehouse, TABLE, value, crash_at="lake_committed")) is None
        assert value_of(TABLE, warehouse.read(TABLE, PART).collect()) == value
    assert written(Order.to(warehouse, TABLE, 11, crash_at="files_written")) is None
    assert value_of(TABLE, warehouse.read(TABLE, PART).collect()) == 9
    replace(warehouse, TABLE, 13)
    entries(warehouse)[-1].unlink()
    with pytest.raises(LakeError, match="does not name the files"):
        warehouse.read(TABLE, PART)


def test_of_sixty_flipped_bits_none_is_read_as_other_numbers(warehouse):
    replace(warehouse, TABLE, 3)
    whole = warehouse.read(TABLE, PART).collect()
    walked = pl.concat([rows for _, rows in warehouse.days(TABLE, PART)])
    dice = random.Random(12)
    folder = Path(warehouse.lake.table_url(TABLE))
    paths = [folder / path for path in warehouse.lake.paths(TABLE, PART)]
    refused = 0
    for _ in range(FLIPS):
        path = dice.choice(paths)
        good, at = path.read_bytes(), dice.randrange(path.stat().st_size)
        path.write_bytes(good[:at] + bytes([good[at] ^ (1 << dice.randrange(8))]) + good[at + 1 :])
        for read, expected in (
            (lambda: warehouse.read(TABLE, PART).collect(), whole),
            (lambda: warehouse.read(TABLE, PART, ["ts"]).collect(), whole.select("ts")),
            (lambda: pl.concat([rows for _, rows in warehouse.days(TABLE, PART)]), walked),
        ):
            try:
                assert read().equals(expected), f"byte {at} of {path.name} is read as other numbers"
            except LakeError as error:
                refused += path.name in str(error)
        path.write_bytes(good)
    assert refused == 3 * FLIPS
    assert warehouse.read(TABLE, PART).collect().equals(whole)


def test_a_flip_that_hides_its_time_of_writing_is_seen(warehouse):
    replace(warehouse, TABLE, 3)
    warehouse.read(TABLE, PART).collect()
    path = Path(warehouse.lake.table_url(TABLE)) / warehouse.lake.paths(TABLE, PART)[0]
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(200)
        byte = file.read(1)
        file.seek(200)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(LakeError, match=path.name):
        warehouse.read(TABLE, PART)


def test_a_file_is_hashed_again_when_it_was_trusted_for_long(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    sha256 = checksums.sha256_of_file(str(path))
    hashed, now = [], [0.0]
    monkeypatch.setattr(checksums, "sha256_of_file", lambda path: hashed.append(path) or sha256)
    for seconds, expected in ((0.0, 1), (checksums.TRUSTED_S - 1, 1), (checksums.TRUSTED_S + 1, 2)):
        now[0] = seconds
        assert checksums.is_whole(str(path), sha256, lambda: now[0])
        assert len(hashed) == expected


@contextmanager
def recorded_order(warehouse) -> Iterator[list[str]]:
    """What is brought to disk, and when PostgreSQL commits, in the order in which they happen."""
    happened: list[str] = []
    fsync = os.fsync

    def noted(handle: int) -> None:
        fsync(handle)
        happened.append(os.readlink(f"/proc/self/fd/{handle}"))

    def commits(_connection: sa.Connection) -> None:
        happened.append("COMMIT")

    sa.event.listen(engine(warehouse.database_url), "commit", commits)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", noted)
        yield happened
    sa.event.remove(engine(warehouse.database_url), "commit", commits)


def on_disk_before_the_books(warehouse, happened: list[str]) -> None:
    """Files, their folders, and the entries of the log were synced before PostgreSQL's last commit."""
    last = len(happened) - 1 - happened[::-1].index("COMMIT")
    synced = set(happened[:last])
    table = Path(warehouse.lake.table_url(TABLE)).resolve()
    files = [table / path for path in warehouse.lake.paths(TABLE, PART)]
    assert files
    needed = {*map(str, files), *(str(path) for path in entries(warehouse))}
    folders = {path for file in files for path in file.parents if path.is_relative_to(table)}
    missing = needed | {str(path) for path in (*folders, table / "_delta_log", table.parent)}
    assert not missing - synced, f"not on disk when PostgreSQL commits: {missing - synced}"


def test_a_commit_is_on_disk_before_the_books_say_so(warehouse):
    with recorded_order(warehouse) as happened:
        replace(warehouse, TABLE, 3)
    on_disk_before_the_books(warehouse, happened)


def test_what_a_killed_writer_committed_is_brought_to_disk_by_the_next(warehouse):
    """Its run died before it reached the disk; the next run finds nothing to write, and enters it."""
    assert written(Order.to(warehouse, TABLE, 3, crash_at="lake_committed")) is None
    with recorded_order(warehouse) as happened:
        claimed = warehouse.claim(TABLE, PART)
        warehouse.lake.commit(
            TABLE, PART, [], claimed.token(TABLE), lambda: None, warehouse.lake.paths(TABLE, PART)
        )
    synced = {Path(what).name for what in happened}
    assert {path.name for path in entries(warehouse)} <= synced
