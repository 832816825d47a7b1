"""Who stands in a string at an instant, and what is known of each jar there."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from battery_assets.features.health.estimate import BY_COURSE, LIKELY_END, WEAR_OUT
from battery_assets.features.ride_through.kinetics import NO_KINETICS, own_kinetics
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

# A shorted cell takes 2.2 to 2.4 V from the jar on float: its own 2.27 V, and what the others rise (SOURCES
# 1.5). A partial short takes a part of it; one cell is left of a jar whatever is lost.
CELL_V, MOST_SHORTED = 2.3, HX12_120.cells - 1.0
STATE_COLUMNS = (
    "soc_pct", "soc_std_pct", "soh_pct", "soh_std_pct", "soh_lower_pct", "soh_upper_pct", "r0_mohm",
    *WEAR_OUT,
)  # fmt: skip
FAULT_COLUMNS = ("fault", "lost_v", "working_soh_pct")


def string_places(
    strings: pl.DataFrame, systems: pl.DataFrame, batteries: pl.DataFrame, models: pl.DataFrame, at: datetime
) -> pl.DataFrame:
    """One row per string in service: places and vacant ones, rated Ah of a jar, and its system.

    string_id, places, vacant, jars (= places), rated_ah, system_type, rated_power_kva, strings_in_system.
    strings, systems, batteries, models: rows of string, battery_system, battery and battery_model. A place is
    vacant where a jar was taken out and none put in; a place of which no jar was ever recorded is not.
    """
    held = _placed(batteries, at).join(
        models.select("model_id", rated_ah=pl.col("capacity_ah").cast(pl.Float64)), on="model_id", how="left"
    )
    by_string = held.group_by("string_id").agg(
        recorded=pl.len(), vacant=(~pl.col("serves")).sum(), rated_ah=pl.col("rated_ah").min()
    )
    active = strings.filter(pl.col("is_active").fill_null(value=True))
    in_system = active.group_by("system_id").agg(strings_in_system=pl.len())
    places = pl.max_horizontal("batteries_count", "recorded")
    return (
        active.select(pl.col("string_id", "system_id").cast(pl.String), "string_code", "batteries_count")
        .join(by_string, on="string_id")
        .join(systems.select("system_id", "system_type", "rated_power_kva"), on="system_id", how="left")
        .join(in_system, on="system_id", how="left")
        .with_columns(places=places, jars=places, rated_ah=pl.col("rated_ah").fill_null(HX12_120.rated_ah))
        .sort("string_code")
    )


def jar_states(
    facts: pl.DataFrame,
    batteries: pl.DataFrame,
    models: pl.DataFrame,
    twins: pl.DataFrame,
    features_24h: pl.DataFrame,
    at: datetime,
) -> pl.DataFrame:
    """One row per place that is not vacant, with the twin's state of its jar, as `string_runtimes` takes it.

    facts: as `string_places` returns them. twins: rows of digital_twin_state. features_24h: battery_id,
    feature_ts, t_mean. cells and soh_pct are those of the cells that still work; KINETICS come from what the
    twin handed on (filter_json). A place without a record, and a jar without a twin, have NULL.
    """
    age = (pl.lit(at.date()) - pl.col("installed_date").cast(pl.Date)).dt.total_days().cast(pl.Float64)
    held = _placed(batteries, at).filter(pl.col("serves"))
    serving = held.select("string_id", "battery_id", "model_id", age_days=age)
    latest = (
        features_24h.filter(pl.col("feature_ts") <= at)
        .sort("feature_ts")
        .group_by("battery_id")
        .agg(temperature_c=pl.col("t_mean").last())
    )
    stated = [name for name in (*STATE_COLUMNS, *FAULT_COLUMNS) if name in twins.columns]
    nothing = [pl.lit(None, pl.Float64).alias(name) for name in FAULT_COLUMNS if name not in stated]
    state = _likely_ends(twins).select("battery_id", *LIKELY_END, BY_COURSE, *stated, *nothing)
    jars = (
        serving.join(
            models.select("model_id", rated_ah=pl.col("capacity_ah").cast(pl.Float64)),
            on="model_id",
            how="left",
        )
        .join(state, on="battery_id", how="left")
        .join(_kinetics(twins, facts, serving), on="battery_id", how="left")
        .join(latest, on="battery_id", how="left")
        .with_columns(cells=_working_cells(), soh_pct=pl.coalesce("working_soh_pct", "soh_pct"))
        .drop("model_id", "lost_v", "working_soh_pct")
        .sort("string_id", "battery_id")
    )
    counted = facts.join(serving.group_by("string_id").len(), on="string_id", how="left")
    unseen = counted.select(
        "string_id", times=pl.col("places") - pl.col("vacant") - pl.col("len").fill_null(0)
    ).select(pl.col("string_id").repeat_by("times").list.explode(keep_nulls=False, empty_as_null=False))
    return pl.concat([jars.join(facts, on="string_id", how="semi"), unseen], how="diagonal")


def _likely_ends(twins: pl.DataFrame) -> pl.DataFrame:
    """Twins with LIKELY_END and BY_COURSE: as stated, else as ocv_params_json holds them; else NULL."""
    if {*LIKELY_END, BY_COURSE} <= set(twins.columns):
        return twins
    kept = pl.col("ocv_params_json") if "ocv_params_json" in twins.columns else pl.lit(None, pl.String)
    return twins.with_columns(
        kept.str.json_path_match(f"$.likely_end_days[{n}]").cast(pl.Float64).alias(name)
        for n, name in enumerate(LIKELY_END)
        if name not in twins.columns
    ).with_columns(
        kept.str.json_path_match(f"$.{BY_COURSE}").str.json_decode(pl.List(pl.Float64)).alias(BY_COURSE)
    )


def _kinetics(twins: pl.DataFrame, facts: pl.DataFrame, serving: pl.DataFrame) -> pl.DataFrame:
    """The make of the jars that a discharge has shown to the twin."""
    if "filter_json" not in twins.columns:
        return NO_KINETICS
    rated = serving.join(facts.select("string_id", "rated_ah"), on="string_id").select(
        "battery_id", "rated_ah"
    )
    return own_kinetics(twins.with_columns(pl.col("battery_id").cast(pl.String)).join(rated, on="battery_id"))


def of_six_cells(jars: pl.DataFrame, cells: Mapping[str, float]) -> pl.DataFrame:
    """Jar states as of jars of six cells: ohms, and how many of the six still work.

    cells: of the jars that have other than six, as `blocks.cells_of` gives it.
    """
    if not cells or jars.is_empty():
        return jars
    factors = {jar: HX12_120.cells / count for jar, count in cells.items()}
    factor = pl.col("battery_id").replace_strict(factors, default=1.0, return_dtype=pl.Float64).fill_null(1.0)
    lost = (HX12_120.cells - pl.col("cells")) * factor
    # A block of one cell that is shorted is no jar any more: its voltage says so, and it is not modelled.
    working = pl.when(lost < HX12_120.cells).then(HX12_120.cells - lost).otherwise(HX12_120.cells)
    return jars.with_columns(r0_mohm=pl.col("r0_mohm") * factor, cells=working)


def _working_cells() -> pl.Expr:
    lost = (pl.col("lost_v").cast(pl.Float64) / CELL_V).clip(0.0, MOST_SHORTED)
    return HX12_120.cells - lost.fill_null(0.0)


def _placed(batteries: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """The newest jar of each place at an instant, and whether it still serves."""
    begun = pl.col("installed_date").is_null() | (pl.col("installed_date").cast(pl.Date) < at.date())
    gone = pl.col("replaced_date").is_not_null() & (pl.col("replaced_date").cast(pl.Date) < at.date())
    return (
        batteries.filter(begun)
        .with_columns(pl.col("string_id", "battery_id", "model_id").cast(pl.String), serves=~gone)
        .sort("string_id", "position_in_string", "serves", "installed_date", nulls_last=False)
        .unique(["string_id", "position_in_string"], keep="last", maintain_order=True)
    )
