"""Laws that calculated telemetry obeys: it says no more and no less than voltage and current do."""

from dataclasses import asdict
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.credible import Judge
from battery_assets.fleet.jars import day_inputs, days_under_current, jars_of
from battery_assets.fleet.quarantine import broken_laws, with_quarantined
from battery_assets.platform.dagster.checks import invariant_check
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.days.work import alone, reduce_days
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.laws.charge_balance import Discharge
    from battery_assets.features.laws.verdict import Verdict

SAMPLE = ["ts", "string_id", "voltage_v", "current_a"]
POWER = ["ts", "string_id", "power_w"]
STRING_DAY = ["ts", "string_id", "current_a"]
CHARGE = ["ts", "battery_id", "soc_pct", "soh_pct"]


def power_law(warehouse: Warehouse, part: Part) -> "Verdict":
    """Power is voltage times current of the same sample."""
    from battery_assets.features.credible.days import credible_strings
    from battery_assets.features.laws import charge_balance as law
    from battery_assets.features.laws.jar_sum import in_window, window_us

    step_s = (warehouse.profile(t.telemetry_string_raw, part) or {}).get("usual_step_s") or 0.0
    width = window_us(float(step_s))
    jars = jars_of(warehouse, part).facts
    read = Inputs(warehouse, part, {t.telemetry_string_raw: SAMPLE, t.telemetry_string_calc: POWER})
    inputs = day_inputs({day: digest(files, width) for day, files in read.digests.items()}, jars)

    def power(day: date, _: None) -> pl.DataFrame:
        raw, calc = pl.collect_all(
            read.scan(table, day).filter(in_window(width))
            for table in (t.telemetry_string_raw, t.telemetry_string_calc)
        )
        joined = credible_strings(raw, jars)[0].join(calc, on=["ts", "string_id"])
        return law.power_evidence(joined.drop_nulls(["voltage_v", "current_a"]))

    days = reduce_days(warehouse, "power_law", part, inputs, alone, power, by=__name__).values()
    return law.power_law(pl.concat(days) if days else pl.DataFrame(), jars_of(warehouse, part).codes)


def soc_law(warehouse: Warehouse, part: Part) -> "Verdict":
    """The state of charge falls by what the month's largest discharge took."""
    from battery_assets.features.laws import charge_balance as law
    from battery_assets.features.samples.rated_capacity import LOADED_C

    jars = jars_of(warehouse, part)
    believed = with_quarantined(jars.facts, broken_laws(warehouse, part))
    facts = jars.facts.select("battery_id", "string_id", "capacity_ah")
    loaded = days_under_current(warehouse, part, LOADED_C * jars.least_ah)
    read = Inputs(warehouse, part, {t.telemetry_string_raw: STRING_DAY, t.telemetry_jar_calc: CHARGE})
    files = {day: sha256 for day, sha256 in read.digests.items() if day in loaded}
    judge = Judge(read, believed)

    def ends(day: date, rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
        ends_found = law.largest_discharge(day, judge.strings(day, rows)[0], jars.capacity_ah)
        if ends_found is None:
            return {}
        charges = _charges(read.scan(t.telemetry_jar_calc, day), facts, ends_found)
        return {"discharge": pl.DataFrame([asdict(ends_found)]), "charges": charges}

    inputs, rows = day_inputs(files, believed), partial(read.of, t.telemetry_string_raw)
    days = reduce_days(warehouse, "soc_law", part, inputs, rows, ends, by=__name__).values()
    if not any(days):
        return law.soc_law(None, pl.DataFrame(), jars.codes)
    most = max(filter(None, days), key=lambda values: values["discharge"]["share"][0])
    discharge = law.Discharge(**most["discharge"].row(0, named=True))
    return law.soc_law(discharge, most["charges"], jars.codes)


def _charges(charge: pl.LazyFrame, jars: pl.DataFrame, discharge: "Discharge") -> pl.DataFrame:
    """Charge of the string's jars at the discharge's start and end, and their health then."""
    own = jars.filter(pl.col("string_id") == discharge.string_id).select("battery_id", "capacity_ah")
    inside = pl.col("ts").dt.epoch("us").is_between(discharge.start_us, discharge.end_us)
    ends = (
        charge.filter(inside)
        .join(own.lazy(), on="battery_id", how="semi")
        .group_by("battery_id")
        .agg(
            soc_before=pl.col("soc_pct").sort_by("ts").first(),
            soc_after=pl.col("soc_pct").sort_by("ts").last(),
            soh_pct=pl.col("soh_pct").sort_by("ts").first(),
        )
    )
    return own.join(ends.collect(), on="battery_id").sort("battery_id")


power_law_check = invariant_check(t.telemetry_string_calc, power_law)
soc_law_check = invariant_check(t.telemetry_jar_calc, soc_law)
