"""Landt: CSV exports with machine-like headings ('current_A', 'discharge_capacity_Ah'), as labs archive them,
and workbooks of its own program, whose sheet 'Record' has 'TestTime/h', 'Current/mA' and 'State'.

Positive current charges; counters begin anew in each step or cycle. A workbook's time has two decimals of an
hour, so that several records share an instant: their numbers tell them apart. It has no clock.
"""

from battery_assets.ingest.lab.dialects.definition import Column, Dialect

LANDT = Dialect(
    name="landt",
    vendor="Landt",
    version=4,
    signature=(
        frozenset({"test_time", "date_time_iso_string", "step_name"}),
        frozenset({"index", "testtime", "steptime", "state"}),
    ),
    columns=(
        Column("test_time_s", ("test_time", "testtime"), required=True),
        Column("voltage_v", ("voltage",), required=True),
        Column("current_a", ("current",), required=True),
        Column("record_index", ("index",)),
        Column("wall_clock", ("date_time_iso_string",)),
        Column("cycle_count", ("cycle_index",)),
        Column("step_index", ("step_index",)),
        Column("step_time_s", ("step_time", "steptime")),
        Column("step_type", ("step_name", "state")),
        Column("step_ah", ("capacity",)),
        Column("charge_ah", ("charge_capacity",)),
        Column("discharge_ah", ("discharge_capacity",)),
        Column("charge_wh", ("charge_energy",)),
        Column("discharge_wh", ("discharge_energy",)),
        Column("temperature_c", ("temperature_1",)),
    ),
    instants=("%m/%d/%Y %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"),
    facts={"cell": (r"^cell id:,*\s*([^,\s][^,]*)",), "protocol": (r"^test:,*\s*([^,\s][^,]*)",)},
)
