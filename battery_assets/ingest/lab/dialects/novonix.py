"""Novonix UHPC: CSV with [Summary], [Protocol] and [Data] sections. Positive current charges.

'Run Time' is in hours. 'Capacity' and 'Energy' are net: they grow with charge and fall with discharge.
"""

from battery_assets.ingest.lab.dialects.definition import Column, Dialect

NOVONIX = Dialect(
    name="novonix",
    vendor="Novonix",
    version=3,
    signature=(frozenset({"run_time", "potential", "cycle_number"}),),
    columns=(
        Column("test_time_s", ("run_time",), required=True),
        Column("voltage_v", ("potential",), required=True),
        Column("current_a", ("current",), required=True),
        Column("wall_clock", ("date_and_time",)),
        Column("cycle_count", ("cycle_number",)),
        Column("step_index", ("step_number",)),
        Column("step_time_s", ("step_time",)),
        Column("step_type", ("step_type",)),
        Column("net_ah", ("capacity",)),
        Column("net_wh", ("energy",)),
        Column("temperature_c", ("temperature",)),
    ),
    instants=("%Y-%m-%d %H:%M:%S%.f", "%m/%d/%Y %H:%M:%S%.f", "%Y-%m-%d %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p"),
    facts={
        "cell": (r"^CellID: (.+)$", r"^Cell: (.+)$"),
        "barcode": (r"^Serial Number: (\S.*)$",),
        "channel": (r"^Channel: (.+)$",),
        "protocol": (r"^Description: (.+)$",),
        "started_at": (r"^Started: (.+)$",),
        "started_at_format": ("%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M:%S"),
        "mass_g": (r"^Mass \(g\): ([\d.,]+)$",),
        "nominal_capacity_ah": (r"^Capacity \(Ah\): ([\d.,]+)$",),
    },
    export="Novonix UHPC: export the data file with Run Time, Current and Potential",
)
