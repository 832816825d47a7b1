"""What is judged of twin and models: the law of wear and temperature, the gate, and the leakage probes."""

from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.jars import jars_of
from battery_assets.fleet.p6_ml_digital_twin.remaining_life import REMAINING_LIFE
from battery_assets.platform.dagster.checks import invariant_check
from battery_assets.platform.dagster.partitions import Part, months
from battery_assets.platform.tracking import Tracking
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


@dg.asset_check(
    asset=REMAINING_LIFE.name,
    name="gate",
    partitions_def=months,
    description="The newest model of the cut-off may serve; refused, it stays in staging and this says why.",
)
def gate_check(context: dg.AssetCheckExecutionContext, tracking: Tracking) -> dg.AssetCheckResult:
    newest = _newest(context, tracking)
    passed = newest["tags"]["gate"] == "passed"
    return _judged(passed, newest["tags"]["gate_words"])


@dg.asset_check(
    asset=REMAINING_LIFE.name,
    name="leakage",
    partitions_def=months,
    description="Nothing foretells an end that cannot know of it: every leakage probe is green.",
)
def leakage_check(context: dg.AssetCheckExecutionContext, tracking: Tracking) -> dg.AssetCheckResult:
    run = tracking.client().get_run(_newest(context, tracking)["run_id"])
    told = {name: text for name, text in run.data.tags.items() if name.startswith("probe_")}
    red = [f"{name.removeprefix('probe_')} {text}" for name, text in told.items() if text.startswith("red")]
    return _judged(bool(told) and not red, "; ".join(red) or f"{len(told)} probes are green")


def _newest(context: dg.AssetCheckExecutionContext, tracking: Tracking) -> dict:
    """The version that was registered last for the cut-off."""
    return tracking.versions(REMAINING_LIFE.registered_name, {"cutoff_month": str(Part.of(context).month)})[
        -1
    ]


def _judged(passed: bool, words: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=passed, severity=dg.AssetCheckSeverity.WARN, description=words)
