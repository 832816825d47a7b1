"""Pictures of cells: a PNG that is not too large, and one that says that there is nothing."""

import numpy as np
import polars as pl

from battery_assets.features.lab import pictures
from battery_assets.features.lab.cycle_rows import Points
from battery_assets.features.lab.tables import feature_table, incremental_curves, voltage_curves
from battery_assets_tests.worlds.lab_files.cells import NOMINAL_AH, life_points

TEST = {"session_id": "s", "cell_id": "c", "nominal_capacity_ah": NOMINAL_AH, "cutoff_v": 2.5}


def is_png(image: bytes) -> bool:
    return image.startswith(b"\x89PNG") and 3_000 < len(image) < 60_000


def test_each_picture_of_a_life_is_a_small_png():
    points = Points.of(life_points(cycles=30))
    features = feature_table(TEST, points)
    assert is_png(pictures.capacity_by_cycle(features, {"s": "C1"}, {"C1": NOMINAL_AH}))
    assert is_png(pictures.discharge_picture("C1", *voltage_curves(TEST, points)))
    assert is_png(pictures.dqdv_waterfall("C1", *incremental_curves(TEST, points)))


def test_a_month_without_lives_still_has_its_picture():
    nothing = pl.DataFrame(
        schema={"session_id": pl.String, "cycle_index": pl.Int64, "discharge_capacity_ah": pl.Float64}
    )
    assert pictures.capacity_by_cycle(nothing, {}, {}).startswith(b"\x89PNG")
    assert pictures.dqdv_waterfall("C1", np.zeros(0), np.zeros((2, 0))).startswith(b"\x89PNG")
