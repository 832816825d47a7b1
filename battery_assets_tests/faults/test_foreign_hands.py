"""A log that was cut, doubled or flipped, and files that stand in another's place: told, never other numbers."""

import json
import random
import shutil
from pathlib import Path

import pytest

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.lake.reads import LakeError
from battery_assets_tests.faults.test_power_cuts import OTHER, entries
from battery_assets_tests.worlds.writers import PART, replace, value_of

TABLE = t.telemetry_jar_raw
FLIPS = 24


@pytest.fixture
def written(warehouse):
    """Two sites, the first of which was replaced twice."""
    replace(warehouse, TABLE, 3)
    replace(warehouse, TABLE, 5, OTHER)
    replace(warehouse, TABLE, 7)
    return warehouse


def read_or_refused(warehouse, part: Part, value: int) -> bool:
    """Whether a partition is read; AssertionError where it is read as other numbers."""
    try:
        rows = warehouse.read(TABLE, part).collect()
        walked = sum(frame.height for _, frame in warehouse.days(TABLE, part))
    except LakeError:
        return False
    assert value_of(TABLE, rows) == value
    assert walked == rows.height > 0
    return True


def copy_as_next(log: list[Path]) -> None:
    shutil.copy(log[-1], log[-1].with_name(f"{int(log[-1].stem) + 1:020d}.json"))


def swap(one: Path, other: Path) -> None:
    mine, others = one.read_bytes(), other.read_bytes()
    one.write_bytes(others)
    other.write_bytes(mine)


HANDS = {
    "an entry amid the log is gone": lambda log: log[-2].unlink(),
    "the first entry is gone": lambda log: log[0].unlink(),
    "the newest entry stands twice": copy_as_next,
    "two entries changed places": lambda log: swap(log[-1], log[-2]),
    "the newest entry ends in a line": lambda log: log[-1].write_bytes(log[-1].read_bytes()[:-40]),
    "the newest entry lost its last line": lambda log: log[-1].write_bytes(
        b"".join(log[-1].read_bytes().splitlines(keepends=True)[:-1])
    ),
    "an old entry came back as the next": lambda log: shutil.copy(
        log[1], log[-1].with_name(f"{int(log[-1].stem) + 1:020d}.json")
    ),
}


@pytest.mark.parametrize("hand", HANDS)
def test_a_log_that_somebody_changed_is_never_read_as_other_numbers(written, hand):
    HANDS[hand](entries(written))
    for part, value in ((PART, 7), (OTHER, 5)):
        read_or_refused(written, part, value)
    told = None
    try:
        replace(written, TABLE, 9)
    except LakeError as error:
        told = str(error)
    if told is not None:
        assert "move it away, and materialize" in told
        log = Path(written.lake.table_url(TABLE), "_delta_log")
        log.rename(log.with_name("moved_away"))
        replace(written, TABLE, 9)
    assert value_of(TABLE, written.read(TABLE, PART).collect()) == 9


def test_a_file_in_the_place_of_another_site_s_is_told_for_both(written):
    folder = Path(written.lake.table_url(TABLE))
    mine, others = (folder / written.lake.paths(TABLE, part)[0] for part in (PART, OTHER))
    swap(mine, others)
    assert not read_or_refused(written, PART, 7)
    assert not read_or_refused(written, OTHER, 5)


def test_flips_in_the_newest_entry_are_never_read_as_other_numbers(written):
    path, dice = entries(written)[-1], random.Random(25)
    good = path.read_bytes()
    json.loads(good.splitlines()[0])
    for _ in range(FLIPS):
        at = dice.randrange(len(good))
        path.write_bytes(good[:at] + bytes([good[at] ^ (1 << dice.randrange(7))]) + good[at + 1 :])
        read_or_refused(written, PART, 7)
        read_or_refused(written, OTHER, 5)
    path.write_bytes(good)
    assert read_or_refused(written, PART, 7)
