"""Ride-through of strings, from the states of their jars."""

from battery_assets.tables.definition import (
    document,
    instant,
    integer,
    key,
    one_of,
    quantity,
    reference,
    table,
    text,
)
from battery_assets.tables.fleet.p1_master import battery, string

string_runtime = table(
    "string_runtime",
    "How long a string will carry a stated load, and the jar that ends it.",
    key("runtime_id", "Unique identifier."),
    reference("string_id", string, "String reference.", required=True),
    instant("captured_at", "Instant of the twin states that were used.", required=True),
    one_of(
        "load_basis",
        "Where the load comes from: seen in the string's last discharges, its share of the system's rating, "
        "or what a new string carries for 15 min or 1 h.",
        "measured_load",
        "system_rating",
        "rated_15min",
        "rated_1h",
        required=True,
    ),
    instant(
        "load_measured_at", "Newest discharge that a measured load was seen in; it stays until a newer one."
    ),
    one_of("load_kind", "What the load holds constant.", "constant_power", "constant_current", required=True),
    quantity(
        "load_w", "Power of the string; its mean at constant current.", "W", 10, 1, low=0, high=100000000
    ),
    quantity(
        "load_current_a",
        "Current of the string, negative on discharge; its mean at constant power.",
        "A",
        8,
        2,
        low=-100000,
        high=0,
    ),
    quantity(
        "end_voltage_v_cell", "Voltage per cell at which the load is dropped.", "V", 4, 3, low=1, high=2.5
    ),
    quantity("required_min", "Time for which the load has to be carried.", "min", 7, 2, low=0, high=99999),
    quantity("runtime_min", "Median of the time that it is carried.", "min", 7, 2, low=0, high=99999),
    quantity("runtime_lower_min", "Lower end of the 90 % interval.", "min", 7, 2, low=0, high=99999),
    quantity("runtime_upper_min", "Upper end of the 90 % interval.", "min", 7, 2, low=0, high=99999),
    quantity("ride_through_probability", "P(carried for required_min).", "1", 5, 4, low=0, high=1),
    reference("weakest_battery_id", battery, "Jar that is most likely the lowest at the end."),
    quantity("weakest_probability", "P(it is that jar).", "1", 5, 4, low=0, high=1),
    document(
        "weakest_json", "Every jar that may be the lowest at the end, by battery_id, with its probability."
    ),
    quantity(
        "weakest_margin_min",
        "How much sooner that jar is at the end voltage than the string's median jar.",
        "min",
        7,
        2,
        low=0,
        high=99999,
    ),
    quantity(
        "repair_gain_min", "Minutes more if that jar were as the median.", "min", 7, 2, low=0, high=99999
    ),
    quantity(
        "load_lost_days",
        "Median of the days until wear leaves less than required_min, if no jar is changed and none fails at "
        "once; NULL beyond ten years.",
        "d",
        6,
        1,
        low=0,
        high=3652,
    ),
    quantity(
        "load_lost_lower_days", "5 % quantile of these days; NULL as there.", "d", 6, 1, low=0, high=3652
    ),
    quantity(
        "load_lost_upper_days", "95 % quantile of these days; NULL as there.", "d", 6, 1, low=0, high=3652
    ),
    quantity(
        "load_lost_365d", "P(wear leaves less than required_min within a year).", "1", 5, 4, low=0, high=1
    ),
    reference("change_first_battery_id", battery, "Jar whose renewal puts load_lost_days off most."),
    quantity(
        "change_first_gain_days",
        "By how much it puts them off, in the mean; what lies beyond ten years counts as ten.",
        "d",
        6,
        1,
        low=0,
        high=3652,
    ),
    one_of(
        "limited_by",
        "What makes the weakest jar weak; whole_string where no single jar costs time.",
        "capacity",
        "resistance",
        "charge",
        "temperature",
        "shorted_cell",
        "open_connection",
        "missing_jar",
        "whole_string",
    ),
    quantity("soc_pct", "Mean state of charge of the jars that was used.", "%", 5, 2, low=0, high=100),
    quantity("soh_pct", "Mean state of health of the jars that was used.", "%", 5, 2, low=0, high=130),
    quantity("temperature_c", "Mean temperature of the jars that was used.", "°C", 4, 1, low=-40, high=100),
    integer("jars_assumed", "Jars without a twin, taken as the string's median.", low=0, high=500),
    text("note", "Why there is no runtime, or why it is 0."),
    phase=6,
)
