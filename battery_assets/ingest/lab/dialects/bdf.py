"""Battery Data Format, CSV and Parquet: preferred labels ('Voltage / V') and machine names ('voltage_volt').

The format itself says that positive current charges and that capacities are in Ah.
"""

from battery_assets.ingest.lab.dialects.definition import Column, Dialect

BDF = Dialect(
    name="battery data format",
    vendor="Battery Data Alliance",
    version=3,
    signature=(frozenset({"test_time"}),),
    written=r"(?i)(test time / \w+|test_time_(second|millisecond|minute|hour))",
    sign_fixed=True,
    columns=(
        Column("test_time_s", ("test_time",), required=True),
        Column("voltage_v", ("voltage",), required=True),
        Column("current_a", ("current",), required=True),
        Column("wall_clock", ("unix_time", "date_time", "date_time_iso")),
        Column("cycle_count", ("cycle_count", "cycle_index")),
        Column("step_index", ("step_index", "step_count", "step_id")),
        Column("step_time_s", ("step_time",)),
        Column("step_type", ("step_type",)),
        Column("record_index", ("record_index",)),
        Column(
            "temperature_c",
            ("surface_temperature_t1", "temperature_t1", "surface_temperature", "ambient_temperature"),
        ),
        Column("charge_ah", ("charging_capacity", "charge_capacity")),
        Column("discharge_ah", ("discharging_capacity", "discharge_capacity")),
        Column("step_ah", ("step_capacity",)),
        Column("net_ah", ("net_capacity",)),
        Column("charge_wh", ("charging_energy", "charge_energy")),
        Column("discharge_wh", ("discharging_energy", "discharge_energy")),
        Column("net_wh", ("net_energy",)),
        Column("resistance_ohm", ("internal_resistance", "dc_internal_resistance")),
    ),
    instants=("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f"),
)
