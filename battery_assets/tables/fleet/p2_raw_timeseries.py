"""Raw time series, as the monitors sent them."""

import sqlalchemy as sa

from battery_assets.tables.definition import (
    LAKE,
    day,
    flag,
    instant,
    integer,
    key,
    one_of,
    quantity,
    reference,
    table,
    text,
)
from battery_assets.tables.fleet.p1_master import battery, environmental_sensor, string

telemetry_jar_raw = table(
    "telemetry_jar_raw",
    "One sample of one jar, as the monitor sent it.",
    instant("ts", "Measurement timestamp.", part_of_key=True),
    reference("battery_id", battery, "Battery reference.", part_of_key=True),
    quantity("voltage_v", "Jar voltage.", "V", 5, 3, low=0, high=99.999),
    quantity("temperature_c", "Jar surface temperature.", "°C", 4, 1, low=-40, high=100),
    quantity(
        "resistance_mohm", "Internal resistance, when an instrument read it.", "mΩ", 8, 3, low=0, high=100000
    ),
    quantity(
        "conductance_s",
        "Conductance, 1000/R unless the instrument says otherwise.",
        "S",
        8,
        5,
        low=0,
        high=1000,
    ),
    phase=2,
    store=LAKE,
    indexes=[sa.Index("idx_telemetry_jar_raw_battery_ts", "battery_id", sa.text("ts DESC"))],
    month_leaves=True,
)

telemetry_string_raw = table(
    "telemetry_string_raw",
    "One sample of one string, as the monitor sent it.",
    instant("ts", "Measurement timestamp.", part_of_key=True),
    reference("string_id", string, "String reference.", part_of_key=True),
    quantity("voltage_v", "String total voltage.", "V", 6, 2, low=0, high=1000),
    quantity("current_a", "String current, positive charges.", "A", 7, 3, low=-5000, high=5000),
    one_of("mode", "Operating mode.", "float", "boost", "discharge", "idle", "equalize"),
    quantity("ripple_voltage_rms_v", "AC ripple on DC bus.", "V rms", 5, 3, low=0, high=100),
    quantity("ripple_current_rms_a", "AC ripple current.", "A rms", 6, 3, low=0, high=1000),
    flag("equalize_flag", "Equalization in progress."),
    flag("generator_test_flag", "Generator test active."),
    flag("transfer_event_flag", "Transfer switch event."),
    phase=2,
    store=LAKE,
    indexes=[sa.Index("idx_telemetry_string_raw_string_ts", "string_id", sa.text("ts DESC"))],
    month_leaves=True,
)

telemetry_env = table(
    "telemetry_env",
    "One sample of one environmental sensor.",
    instant("ts", "Measurement timestamp.", part_of_key=True),
    reference("sensor_id", environmental_sensor, "Sensor reference.", part_of_key=True),
    quantity("temperature_c", "Ambient temperature.", "°C", 4, 1, low=-40, high=100),
    quantity("humidity_pct", "Relative humidity.", "%", 4, 1, low=0, high=100),
    one_of("hvac_status", "State of the air conditioning.", "running", "standby", "fault"),
    phase=2,
    store=LAKE,
    month_leaves=True,
    may_be_empty=True,
)

telemetry_event_window = table(
    "telemetry_event_window",
    "Fast captures of discharges, transfers, ripple out of bounds, and one a day of each string.",
    key("window_id", "Unique identifier."),
    reference("string_id", string, "String reference."),
    one_of(
        "event_type",
        "Kind of event; surge: a ripple recording, see trigger.",
        "discharge_test",
        "transfer_event",
        "equalize",
        "surge",
        required=True,
    ),
    one_of(
        "trigger",
        "Why it was recorded: an event, ripple over C/20, a jump of ripple, or the daily schedule.",
        "event",
        "ripple_limit",
        "ripple_jump",
        "schedule",
    ),
    instant("start_ts", "Window start.", required=True),
    instant("end_ts", "Window end.", required=True),
    integer("sample_rate_ms", "Interval of the slow trace (100-500 ms).", low=1, high=60000, required=True),
    text(
        "data_blob_url",
        "Parquet file, by its path in the lake: ts, voltage_v, current_a each sample_rate_ms; on rows where "
        "a burst begins, waveform_v and waveform_a (lists, V and A, DC included) at waveform_hz, else null.",
        500,
    ),
    integer("samples_count", "Number of slow samples captured.", low=0, high=2147483647),
    integer("bursts_count", "Number of waveform bursts inside.", low=0, high=2147483647),
    phase=2,
    may_be_empty=True,
)

jar_truth = table(
    "jar_truth",
    "What the generator knows of its jars, for people and tests; empty where the data are real.",
    key("truth_id", "Unique identifier."),
    reference("battery_id", battery, "Battery reference.", required=True),
    instant("known_at", "End of the month, or of the jar's service in it.", required=True),
    one_of(
        "profile",
        "How fast it ages: 85, 12 and 3 % of new jars; about 95, 5 and 0.2 % of those in service.",
        "healthy",
        "accelerated",
        "failing",
        required=True,
    ),
    one_of(
        "mechanism",
        "What ends it.",
        "corrosion",
        "dry_out",
        "sulfation",
        "strap",
        "cell_short",
        "partial_short",
        "thermal_runaway",
        required=True,
    ),
    quantity("soh_pct", "True capacity (10 h test, 25 °C), of the rated.", "%", 5, 2, low=0, high=130),
    quantity("resistance_ratio", "True resistance relative to new.", "1", 8, 3, low=0, high=1000),
    day("failure_date", "80 % capacity or sudden failure, maybe ahead; null beyond the horizon."),
    phase=2,
    schema="truth",
    may_be_empty=True,
)
