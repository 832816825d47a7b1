"""Neware: record layer of BTS and BTSDA as CSV or workbook, and .nda/.ndax through the package NewareNDA.

Discharge currents are negative in newer exports; older ones write magnitudes, and then 'Step Type' gives the
sign. Counters begin anew in each step. .nda and .ndax were not tried on a real file.
"""

from battery_assets.ingest.lab.dialect import Column, Dialect

_WAYS = ("CC", "CV", "CCCV", "CP", "CPCV", "CR")


def _words(kind: str) -> tuple[str, ...]:
    return tuple(f"{way}{gap}{kind}" for way in _WAYS for gap in (" ", "_"))


NEWARE = Dialect(
    name="neware",
    vendor="Neware",
    version=1,
    signature=(
        frozenset({"step_type", "cycle_index", "chg_cap"}),
        frozenset({"datapoint", "step_type", "total_time"}),
        frozenset({"datapoint", "step_type", "cumulative_time"}),
        frozenset({"status", "timestamp", "charge_capacity", "step_index"}),
    ),
    columns=(
        Column("test_time_s", ("total_time", "cumulative_time"), required=True),
        Column("voltage_v", ("voltage",), required=True),
        Column("current_a", ("current",), required=True),
        Column("record_index", ("datapoint", "data_point", "index")),
        Column("wall_clock", ("date", "absolute_time", "realtime", "timestamp")),
        Column("cycle_count", ("cycle_index", "cycle")),
        Column("step_index", ("step_index",)),
        Column("step_time_s", ("time",)),
        Column("step_type", ("step_type", "status")),
        Column("charge_ah", ("chg_cap", "charge_capacity")),
        Column("discharge_ah", ("dchg_cap", "discharge_capacity")),
        Column("charge_wh", ("chg_energy", "charge_energy")),
        Column("discharge_wh", ("dchg_energy", "discharge_energy")),
        Column("temperature_c", ("t1", "temperature", "auxiliary_temperature"), "C"),
    ),
    instants=("%Y-%m-%d %H:%M:%S%.f", "%Y/%m/%d %H:%M:%S%.f", "%m/%d/%Y %H:%M:%S%.f", "%m/%d/%Y %I:%M:%S %p"),
    charging=_words("Chg"),
    discharging=_words("DChg"),
    resting=("Rest", "Pause", "OCV", "Control", "Cycle", "End"),
    sign="signed or step type",
    export="BTSDA: Export, Customize: the record layer with Total Time, Current, Voltage, Step Type and Date",
)
NEWARE_LAYERED = frozenset({"cycle_id", "cap_chg"})
