"""Basytec: text results. Headings follow a preamble whose lines begin with '~'; positive current charges.

'Ah-Cyc-Charge' and its like begin anew in each cycle; 'Ah' is net.
"""

from battery_assets.ingest.lab.dialects.definition import Column, Dialect

BASYTEC = Dialect(
    name="basytec",
    vendor="Basytec",
    version=3,
    signature=(frozenset({"time", "dataset", "u", "i"}), frozenset({"time", "line", "command", "u", "i"})),
    columns=(
        Column("test_time_s", ("time",), required=True),
        Column("voltage_v", ("u",), required=True),
        Column("current_a", ("i",), required=True),
        Column("record_index", ("dataset",)),
        Column("cycle_count", ("cyc_count",)),
        Column("step_index", ("line",)),
        Column("step_time_s", ("t_step",)),
        Column("step_type", ("command",)),
        Column("charge_ah", ("ah_cyc_charge",), "Ah"),
        Column("discharge_ah", ("ah_cyc_discharge",), "Ah"),
        Column("net_ah", ("ah",), "Ah"),
        Column("charge_wh", ("wh_cyc_charge",), "Wh"),
        Column("discharge_wh", ("wh_cyc_discharge",), "Wh"),
        Column("temperature_c", ("t1", "temperature"), "C"),
        Column("resistance_ohm", ("r_dc",), "ohm"),
    ),
    instants=("%d.%m.%Y %H:%M:%S%.f",),
    facts={
        "cell": (r"^~Battery: (.+)$",),
        "channel": (r"^~Testchannel: (.+)$",),
        "protocol": (r"^~Testplan: (.+)$",),
        "started_at": (r"^~Start of Test: (.+)$",),
        "started_at_format": ("%d.%m.%Y %H:%M:%S",),
    },
    export="Basytec: convert the result with Time, U, I, Line and Cyc-Count",
)
