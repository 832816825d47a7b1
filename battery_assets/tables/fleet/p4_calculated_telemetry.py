"""Calculated telemetry: one row for each raw sample."""

from battery_assets.tables.definition import (
    LAKE,
    instant,
    one_of,
    quantity,
    reference,
    table,
)
from battery_assets.tables.fleet.p1_master import battery, string

telemetry_jar_calc = table(
    "telemetry_jar_calc",
    "State of charge and health of a jar at each of its samples.",
    instant("ts", "Measurement timestamp.", part_of_key=True),
    reference("battery_id", battery, "Battery reference.", part_of_key=True),
    quantity("soc_pct", "Estimated state of charge, of the present capacity.", "%", 5, 2, low=0, high=100),
    quantity("soh_pct", "Estimated state of health, of the rated C10 at 25 °C.", "%", 5, 2, low=0, high=130),
    one_of(
        "soc_quality",
        "What soc_pct rests on. full_charge: float or boost was completed and nothing has been counted "
        "since. open_circuit: the voltage after hours of rest weighed in, and nothing since. counted: charge "
        "is being counted from the current. held: the current is below what can be counted, the last value "
        "stands. guessed: the deviation is over 10 points. NULL where soc_pct is.",
        "full_charge",
        "open_circuit",
        "counted",
        "held",
        "guessed",
    ),
    phase=4,
    store=LAKE,
    month_leaves=True,
)

telemetry_string_calc = table(
    "telemetry_string_calc",
    "Power and ripple distortion of a string at each of its samples.",
    instant("ts", "Measurement timestamp.", part_of_key=True),
    reference("string_id", string, "String reference.", part_of_key=True),
    quantity("power_w", "Calculated power, positive charges.", "W", 10, 2),
    quantity(
        "thd_pct",
        "Harmonics 2 f1, 3 f1 ... to 2 kHz of the ripple voltage over its f1: 300 Hz of six pulses, 600 Hz "
        "of twelve. 7 to 10 in sound systems; 100 Hz of a low phase is not in it. NULL on discharge, and "
        "where f1 is under 10 mV.",
        "%",
        5,
        2,
        low=0,
        high=1000,
    ),
    phase=4,
    store=LAKE,
    month_leaves=True,
)
