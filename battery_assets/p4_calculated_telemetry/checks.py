"""Laws that calculated telemetry obeys: it says no more and no less than voltage and current do."""

from typing import TYPE_CHECKING

import polars as pl

from battery_assets import tables as t
from battery_assets.jars import Jars, days_under_current, jars_of
from battery_assets.platform.checks import invariant_check
from battery_assets.platform.partitions import Part
from battery_assets.platform.warehouse import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.invariants.charge_balance import Discharge
    from battery_assets.features.invariants.verdict import Verdict

CHARGES = ("soc_before", "soc_after", "soh_pct")
STRING_DAY = ["ts", "string_id", "current_a"]


def power_law(warehouse: Warehouse, part: Part) -> "Verdict":
    """Power is voltage times current of the same sample."""
    from battery_assets.features.invariants import charge_balance as law
    from battery_assets.features.invariants.jar_sum import in_window, window_us

    step_s = (warehouse.profile(t.telemetry_string_raw, part) or {}).get("usual_step_s") or 0.0
    wanted = in_window(window_us(float(step_s)))
    raw = warehouse.read(t.telemetry_string_raw, part, ["ts", "string_id", "voltage_v", "current_a"])
    calc = warehouse.read(t.telemetry_string_calc, part, ["ts", "string_id", "power_w"])
    keys = ["ts", "string_id"]
    samples = raw.filter(wanted).collect().join(calc.filter(wanted).collect(), on=keys)
    return law.power_law(samples, jars_of(warehouse, part).codes)


def soc_law(warehouse: Warehouse, part: Part) -> "Verdict":
    """The state of charge falls by what the month's largest discharge took."""
    from battery_assets.features.invariants import charge_balance as law
    from battery_assets.features.rated_capacity import LOADED_C

    jars, best = jars_of(warehouse, part), None
    loaded = days_under_current(warehouse, part, LOADED_C * jars.least_ah)
    for day, rows in warehouse.days(t.telemetry_string_raw, part, STRING_DAY, only=loaded):
        found = law.largest_discharge(day, rows, jars.capacity_ah)
        if found is not None and (best is None or found.share > best.share):
            best = found
    charges = pl.DataFrame() if best is None else _charges(warehouse, part, jars, best)
    return law.soc_law(best, charges, jars.codes)


def _charges(warehouse: Warehouse, part: Part, jars: Jars, discharge: "Discharge") -> pl.DataFrame:
    """Charge of the string's jars at the discharge's start and end, and their health then."""
    wanted = ["ts", "battery_id", "soc_pct", "soh_pct"]
    own = jars.facts.filter(pl.col("string_id") == discharge.string_id).select("battery_id", "capacity_ah")
    at = pl.col("ts").dt.epoch("us")
    ends = pl.DataFrame(schema={"battery_id": pl.String, **dict.fromkeys(CHARGES, pl.Float64)})
    for _, rows in warehouse.days(t.telemetry_jar_calc, part, wanted, only=[discharge.day]):
        ends = (
            rows.filter(at.is_between(discharge.start_us, discharge.end_us))
            .with_columns(pl.col("battery_id").cast(pl.String), pl.col("soc_pct", "soh_pct").cast(pl.Float64))
            .join(own, on="battery_id", how="semi")
            .sort("battery_id", "ts")
            .group_by("battery_id", maintain_order=True)
            .agg(
                soc_before=pl.col("soc_pct").first(),
                soc_after=pl.col("soc_pct").last(),
                soh_pct=pl.col("soh_pct").first(),
            )
        )
    return own.join(ends, on="battery_id")


power_law_check = invariant_check(t.telemetry_string_calc, power_law)
soc_law_check = invariant_check(t.telemetry_jar_calc, soc_law)
