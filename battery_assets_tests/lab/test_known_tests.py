"""A test of a cell is in the books once, whatever names its files have."""

import polars as pl
import pytest

from battery_assets.lab.sessions import sessions_of
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import arrivals as intake
from battery_assets_tests.worlds.lab_files.cells import life_points
from battery_assets_tests.worlds.lab_files.taken_in import LAB, take_in, write_bdf


@pytest.mark.parametrize("order", [("part.csv", "whole.csv"), ("whole.csv", "part.csv")])
@pytest.mark.parametrize("together", [True, False])
def test_a_running_test_exported_twice_under_two_names_is_one_test(lab, tmp_path, order, together):
    """As two tests its cycles were counted twice: a cell had 46 of 30."""
    rows = life_points(cycles=4)
    part = rows.filter(pl.col("cycle_count") <= 2)
    paths = [write_bdf(tmp_path / name, part if name == "part.csv" else rows) for name in order]
    for taken in [paths] if together else [[path] for path in paths]:
        take_in(lab, *taken, cell="C1")
    [test] = sessions_of(lab[0], Part(LAB, "2024-03"))
    assert test.read().height == rows.height
    assert {one.status for one in take_in(lab, *paths, cell="C1")} <= {intake.DUPLICATE}
    assert take_in(lab, *paths, cell="C1") == [], "and the books are at rest"
    assert len(sessions_of(lab[0], Part(LAB, "2024-03"))) == 1


def test_another_test_that_begins_with_the_same_points_is_a_test(lab, tmp_path):
    rows = life_points(cycles=2)
    late = pl.int_range(pl.len()) > rows.height // 2
    other = rows.head(rows.height - 1).with_columns(
        pl.when(late).then(pl.col("voltage_v") + 0.001).otherwise("voltage_v").alias("voltage_v")
    )
    write_bdf(tmp_path / "a.csv", rows)
    write_bdf(tmp_path / "b.csv", other)
    take_in(lab, tmp_path / "a.csv", tmp_path / "b.csv", cell="C1")
    assert len(sessions_of(lab[0], Part(LAB, "2024-03"))) == 2
