"""Raw transactions: maintenance, tests, audit."""

import sqlalchemy as sa

from battery_assets.tables.definition import (
    bare_id,
    document,
    instant,
    key,
    one_of,
    quantity,
    reference,
    table,
    text,
)
from battery_assets.tables.fleet.p1_master import battery, location, string, user

maintenance_event = table(
    "maintenance_event",
    "Scheduled and unscheduled maintenance.",
    key("event_id", "Unique identifier."),
    reference("battery_id", battery, "Specific battery (if applicable)."),
    reference("string_id", string, "Specific string (if applicable)."),
    reference("location_id", location, "Location."),
    one_of(
        "event_type",
        "Kind of event.",
        "visual_inspection",
        "voltage_measurement",
        "thermal_survey",
        "torque_check",
        "capacity_test",
        "impedance_test",
        "replacement",
        "corrective",
        required=True,
    ),
    text("event_subtype", "Additional categorization.", 50),
    instant("scheduled_date", "Planned date."),
    instant("completed_date", "Actual completion."),
    reference("technician_id", user, "Assigned technician."),
    one_of("status", "State.", "scheduled", "in_progress", "completed", "cancelled", required=True),
    text("work_order_id", "CMMS/ITSM reference.", 50),
    text("notes", "Technician notes."),
    document("photo_urls", "Array of photo URLs."),
    text("ir_scan_url", "Thermal scan image.", 500),
    instant("created_at", "When the record was made.", required=True),
    instant("updated_at", "When the record was last changed.", required=True),
    phase=3,
    indexes=[sa.Index("idx_maintenance_location_status", "location_id", "status", "scheduled_date")],
    may_be_empty=True,
)

capacity_test_raw = table(
    "capacity_test_raw",
    "Discharge tests as they were run.",
    key("test_id", "Unique identifier."),
    reference("string_id", string, "Tested string."),
    reference("maintenance_event_id", maintenance_event, "Related event."),
    instant("test_date", "Test timestamp.", required=True),
    one_of(
        "test_type", "Kind of test.", "full_discharge", "partial_discharge", "impedance_sweep", required=True
    ),
    quantity("discharge_rate_a", "Discharge current, as a magnitude.", "A", 6, 2, low=-9999, high=9999),
    quantity("discharge_duration_min", "Duration to cutoff.", "min", 6, 1, low=0, high=100000),
    quantity("cutoff_voltage_v", "End voltage.", "V", 6, 2, low=0, high=1000),
    quantity("ambient_temp_c", "Ambient during test.", "°C", 4, 1, low=-40, high=100),
    text("raw_data_url", "Object store URL for detailed data.", 500),
    text("notes", "Remarks of the test engineer."),
    phase=3,
    may_be_empty=True,
)

impedance_measurement_raw = table(
    "impedance_measurement_raw",
    "Ohmic readings of single jars as the instrument gave them.",
    key("measurement_id", "Unique identifier."),
    reference("battery_id", battery, "Battery reference."),
    reference("maintenance_event_id", maintenance_event, "Related event."),
    instant("measured_at", "Measurement time.", required=True),
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
    quantity("temperature_c", "Battery temp during measurement.", "°C", 4, 1, low=-40, high=100),
    text("instrument_model", "Measurement device.", 50),
    phase=3,
    may_be_empty=True,
)

audit_log = table(
    "audit_log",
    "Who did what.",
    key("log_id", "Unique identifier."),
    instant("ts", "Event timestamp.", required=True),
    reference("user_id", user, "Acting user."),
    text("action", "Action type.", 50, required=True),
    text("entity_type", "Affected entity type.", 50),
    bare_id("entity_id", "Affected entity ID."),
    document("details_json", "Action details."),
    text("ip_address", "Client IP.", 45),
    phase=3,
    month_leaves=True,
    may_be_empty=True,
)
