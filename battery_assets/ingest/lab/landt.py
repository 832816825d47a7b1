"""Landt: CSV exports with machine-like headings ('current_A', 'discharge_capacity_Ah'), as labs archive them.

Positive current charges; counters begin anew in each step or cycle.
"""

from battery_assets.ingest.lab.dialect import Column, Dialect

LANDT = Dialect(
    name="landt",
    vendor="Landt",
    version=1,
    signature=(frozenset({"test_time", "date_time_iso_string", "step_name"}),),
    columns=(
        Column("test_time_s", ("test_time",), required=True),
        Column("voltage_v", ("voltage",), required=True),
        Column("current_a", ("current",), required=True),
        Column("wall_clock", ("date_time_iso_string",)),
        Column("cycle_count", ("cycle_index",)),
        Column("step_index", ("step_index",)),
        Column("step_time_s", ("step_time",)),
        Column("step_type", ("step_name",)),
        Column("charge_ah", ("charge_capacity",)),
        Column("discharge_ah", ("discharge_capacity",)),
        Column("charge_wh", ("charge_energy",)),
        Column("discharge_wh", ("discharge_energy",)),
        Column("temperature_c", ("temperature_1",)),
    ),
    instants=("%m/%d/%Y %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"),
    facts={"cell": (r"^cell id:,*\s*([^,\s][^,]*)",), "protocol": (r"^test:,*\s*([^,\s][^,]*)",)},
)
