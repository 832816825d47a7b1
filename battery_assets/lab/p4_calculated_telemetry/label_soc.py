"""State of charge of every sample of a test, by counting and by the voltage at rest."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.lab.lives import month_tests, points_by_test, points_of
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.label_soc, reads=[t.timeseries_point, t.test_session, t.battery_cell]))
def label_soc(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    part = warehouse.claim(t.label_soc, context)
    return warehouse.replace(t.label_soc, part, _days(warehouse, part))


def _days(warehouse: Warehouse, part: Part) -> Iterator[tuple[date, pl.DataFrame]]:
    from battery_assets.features.lab.cycle_rows import starts_of
    from battery_assets.features.lab.state_of_charge import open_circuit_curve, soc_labels

    curves: dict[str, tuple[np.ndarray, np.ndarray] | None] = {}
    for day, tests in points_by_test(warehouse, part, month_tests(warehouse, part)):
        frames = []
        for test, frame in tests:
            points, nominal = points_of(frame), test["nominal_capacity_ah"]
            starts = starts_of(points, nominal)
            # A cell's slow discharge, seen in an earlier test of the month, serves its later ones.
            own = open_circuit_curve(points, starts, nominal) or curves.get(test["cell_id"])
            curves[test["cell_id"]] = own
            frames.append(frame.select("ts", "session_id").hstack(soc_labels(points, starts, nominal, own)))
        if frames:
            yield day, pl.concat(frames).sort("session_id", "ts")
