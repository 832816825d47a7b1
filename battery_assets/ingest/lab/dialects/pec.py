"""PEC: CSV with a preamble of 'key:,value' lines; the unit stands in every heading.

Counters begin anew in each cycle. The one real file held against this reader is at rest throughout, so the
sign of the current is taken as charging only where negative currents are there too or the voltage proves it.
"""

from battery_assets.ingest.lab.dialects.definition import Column, Dialect

PEC = Dialect(
    name="pec",
    vendor="PEC",
    version=3,
    signature=(frozenset({"total_time", "load_on_time", "real_time"}),),
    columns=(
        Column("test_time_s", ("total_time",), required=True),
        Column("voltage_v", ("voltage",), required=True),
        Column("current_a", ("current",), required=True),
        Column("wall_clock", ("real_time",)),
        Column("cycle_count", ("cycle",)),
        Column("step_index", ("step",)),
        Column("step_time_s", ("step_time",)),
        Column("step_type", ("instruction_name",)),
        Column("charge_ah", ("charge_capacity",)),
        Column("discharge_ah", ("discharge_capacity",)),
        Column("charge_wh", ("charge_energy",)),
        Column("discharge_wh", ("discharge_energy",)),
        Column("resistance_ohm", ("internal_resistance_1", "internal_resistance")),
        Column("temperature_c", ("temp", "temperature")),
    ),
    instants=("%m/%d/%Y %H:%M:%S%.f", "%m/%d/%Y %I:%M:%S %p"),
    sign="proven",
    facts={
        "cell": (r"^Test:,(\S.*)$",),
        "protocol": (r"^TestRegime Name:,(\S.*)$",),
        "started_at": (r"^Start Time:,(.+)$",),
        "started_at_format": ("%m/%d/%Y %H:%M:%S",),
    },
    export="PEC LifeTest: export with Total Time, Voltage and Current",
)
