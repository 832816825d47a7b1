"""BioLogic: text exports of EC-Lab and BT-Lab (.mpt, .txt). Positive current charges.

'Nb header lines' stands above the table, which begins with its headings; times count from the start of the
acquisition, which the preamble gives as local time, or are dates themselves ('time/s' as 11/20/2024
11:38:41). The voltage is that of the cell: Ecell, else Ewe-Ece, else Ewe. Binary .mpr files (`mpr`) have the
same columns; rows of impedance sweeps among them are no points.
"""

from dataclasses import replace

from battery_assets.ingest.lab.dialects.definition import Column, Dialect

BIOLOGIC = Dialect(
    name="biologic",
    vendor="BioLogic",
    version=3,
    signature=(frozenset({"time", "ecell"}), frozenset({"time", "ewe"}), frozenset({"time", "ewe_ece"})),
    sign_fixed=True,
    columns=(
        Column("test_time_s", ("time",), required=True),
        Column("voltage_v", ("ecell", "ewe_ece", "ewe"), required=True),
        Column("current_a", ("i",), required=True),
        Column("cycle_count", ("cycle_number",)),
        Column("step_index", ("ns",)),
        Column("step_time_s", ("step_time",)),
        Column("charge_ah", ("q_charge",)),
        Column("discharge_ah", ("q_discharge",)),
        Column("net_ah", ("q_qo",)),
        Column("charge_wh", ("energy_charge",)),
        Column("discharge_wh", ("energy_discharge",)),
        Column("temperature_c", ("temperature",)),
    ),
    instants=("%m/%d/%Y %H:%M:%S%.f", "%d/%m/%Y %H:%M:%S%.f"),
    never_ended=True,
    sweeps=True,
    export="EC-Lab or BT-Lab: Experiment, Export as text, with time/s, Ecell/V and I/mA (or <I>/mA)",
    facts={
        "channel": (r"^Run on channel : (\S+)",),
        "protocol": (r"^Loaded Setting File :\s+(.+)$",),
        "started_at": (r"^Acquisition started on : (.+?)\s*$",),
        "started_at_format": ("%m/%d/%Y %H:%M:%S.%f", "%m/%d/%Y %H:%M:%S"),
        "nominal_capacity_ah": (r"^Battery capacity : ([\d.,]+ \S*A\.h)",),
    },
)
BIOLOGIC_MPR = replace(
    BIOLOGIC,
    name="biologic mpr",
    version=2,
    facts={**BIOLOGIC.facts, "protocol": (r"^Technique : (.+)$",)},
)
