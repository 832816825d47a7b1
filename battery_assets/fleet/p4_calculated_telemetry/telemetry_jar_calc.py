"""State of charge and health of every jar at each of its samples, in one pass over the days of a month."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg
import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.credible import Judge
from battery_assets.fleet.health_evidence import HealthEvidence
from battery_assets.fleet.quarantine import broken_laws, judged_jars, with_quarantined
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.days.saved import Values, arrays_of, state_of
from battery_assets.platform.days.work import replace_days
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.charge.state import ChargeState
    from battery_assets.features.laws.verdict import Finding

CLOCK_DAYS = 4  # hold the 72 h of float that make a jar full
CHARGE_COLUMNS = ["battery_id", "soc_pct", "soc_quality"]
Broken = list[tuple[str, "Finding", str]]
JAR_COLUMNS = ["ts", "battery_id", "voltage_v", "temperature_c", "resistance_mohm"]


@dg.asset(
    **materializes(
        t.telemetry_jar_calc,
        reads=[t.telemetry_jar_raw, t.telemetry_string_raw, t.string, t.battery, t.battery_model],
        history=[t.impedance_measurement_raw, t.capacity_test_raw],
        history_months=12,
        earlier=[t.telemetry_jar_calc, t.digital_twin_state],
    )
)
def telemetry_jar_calc(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    part = warehouse.claim(t.telemetry_jar_calc, context)
    jars = judged_jars(warehouse, part)
    evidence = HealthEvidence.of(warehouse, part, jars)
    raw = Inputs(warehouse, part, {t.telemetry_jar_raw: JAR_COLUMNS, t.telemetry_string_raw: None})
    before = Inputs(
        warehouse, part.before, {t.telemetry_jar_calc: CHARGE_COLUMNS, t.telemetry_string_raw: None}
    )
    inputs = evidence.day_inputs(raw.digests)
    for day in raw.days[:1]:
        inputs[day] = digest(inputs[day], *(before.digests[earlier] for earlier in before.days[-CLOCK_DAYS:]))
    walk = _Walk(evidence, before, Judge(raw, jars), lambda: broken_laws(warehouse, part.before))
    return replace_days(
        warehouse, t.telemetry_jar_calc, part, inputs, raw.walk, walk.step,
        restore=walk.restore, chained=True, by=__name__,
    )[0]  # fmt: skip


class _Walk:
    """Charge and health of the jars, day after day."""

    def __init__(
        self,
        evidence: HealthEvidence,
        before: Inputs,
        judge: Judge,
        broken_before: Callable[[], Broken],
    ) -> None:
        from battery_assets.features.samples.blocks import cells_of

        jars = evidence.jars
        self._evidence, self._before, self._judge = evidence, before, judge
        self._broken_before = broken_before
        self._state: ChargeState | None = None
        self._cells = {unit: cells_of(jars, unit) for unit in ("battery_id", "string_id")}
        self._other = set(jars.filter(~pl.col("lead_acid"))["battery_id"])

    def restore(self, _day: date, values: dict[str, Any]) -> None:
        """Take up a day that stays."""
        from battery_assets.features.charge.state import ChargeState

        self._evidence.restore(values)
        self._state = state_of(ChargeState, values)

    def step(self, day: date, frames: tuple[pl.DataFrame, ...]) -> tuple[pl.DataFrame, Values]:
        """The rows of a day, and what it hands on."""
        from battery_assets.features.charge.state import charge_state_day
        from battery_assets.features.credible.days import withheld
        from battery_assets.features.samples.blocks import in_six_cells

        evidence, jars = self._evidence, self._evidence.jars
        if self._state is None:
            self._state = self._carried()
        rows, judged = self._judge.jars(day, frames[0])
        strings, of_strings = self._judge.strings(day, frames[1])
        evidence.add_day(rows)
        evidence.add_signs(rows, strings)
        health = evidence.health(day, lives=False)
        credible = in_six_cells(rows, "battery_id", self._cells["battery_id"])
        loads = in_six_cells(strings, "string_id", self._cells["string_id"])
        working = health["working_soh_pct"].to_numpy()
        soc, self._state = charge_state_day(credible, loads, jars, working, self._state)
        not_told = self._other | withheld((judged, of_strings), jars)
        soh = dict(zip(health["battery_id"], health["soh_pct"], strict=True)) | dict.fromkeys(not_told)
        shown = _without(soc, not_told).with_columns(soh_pct=_of_unit(soc["battery_id"], soh))
        return shown, {**arrays_of(self._state), **evidence.to_save()}

    def _carried(self) -> "ChargeState | None":
        """The charge that the month before ended with; None where that month was never calculated.

        A string that was left out of that month tells nothing of how long it had been on float.
        """
        from battery_assets.features.charge.state import carried_charge_state
        from battery_assets.features.credible.days import credible_strings
        from battery_assets.features.samples.blocks import in_six_cells

        recent = list(self._before.walk(self._before.days[-CLOCK_DAYS:]))
        calculated = [rows for _, (rows, _) in recent if rows.height]
        if not calculated:
            return None
        jars = self._evidence.jars
        then = with_quarantined(jars, self._broken_before())
        # Emptied rows would not do: a mode without a voltage counts as float.
        sound = then.filter(pl.col("quarantined").is_null())
        kept = (
            pl.col("string_id").cast(pl.String).is_in(sound["string_id"].cast(pl.String).unique().to_list())
        )
        loads = (
            in_six_cells(credible_strings(strings, sound)[0], "string_id", self._cells["string_id"])
            for strings in (rows.filter(kept) for _, (_, rows) in recent)
            if strings.height
        )
        return carried_charge_state(calculated[-1].group_by("battery_id").last(), loads, jars)


def _without(soc: pl.DataFrame, units: set[str]) -> pl.DataFrame:
    """The charge without that of jars of which it cannot be told."""
    if not units:
        return soc
    quarantined = ~pl.col("battery_id").cast(pl.String).is_in(sorted(units))
    return soc.with_columns(pl.when(quarantined).then(pl.col("soc_pct", "soc_quality")))


def _of_unit(units: pl.Series, values: dict[str, float]) -> pl.Series:
    """The value of each row's unit; dictionary codes make it one lookup a row."""
    if not isinstance(units.dtype, pl.Enum):
        return units.cast(pl.String).replace_strict(values, default=None, return_dtype=pl.Float32)
    by_category = [values.get(unit) for unit in units.dtype.categories]
    by_code = np.array([np.nan if value is None else value for value in by_category], dtype=np.float32)
    return pl.Series(by_code[units.to_physical().to_numpy()], nan_to_null=True)
