"""The law that the twin obeys: the jars' wear accelerates with their own temperature, and by one factor."""

from typing import TYPE_CHECKING

import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.jars import jars_of
from battery_assets.platform.dagster.checks import invariant_check
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.laws.verdict import Verdict


def ageing_law(warehouse: Warehouse, part: Part) -> "Verdict":
    """Wear doubles every 10 K of a jar's own temperature."""
    from battery_assets.features.laws import temperature_laws as law
    from battery_assets.features.twin.states import CORROSION_NM

    jars = jars_of(warehouse, part)
    days = t.feature_store.c.feature_window_hours == 24
    warmth = (
        warehouse.read(t.feature_store, part, ["battery_id", "t_mean"], where=days)
        .collect()
        .group_by("battery_id")
        .agg(mean_c=pl.col("t_mean").mean())
    )
    film = pl.col("ocv_params_json").str.json_path_match("$.film_nm").cast(pl.Float64)
    twins = (
        warehouse.read(t.digital_twin_state, part, ["battery_id", "captured_at", "ocv_params_json"])
        .collect()
        .with_columns(film_nm=film)
        .join(jars.facts.select("battery_id", "string_id", "installed_date"), on="battery_id")
        .join(warmth, on="battery_id")
    )
    return law.ageing_law(twins, CORROSION_NM, jars.codes)


ageing_law_check = invariant_check(t.digital_twin_state, ageing_law, also_reads=[t.feature_store])
