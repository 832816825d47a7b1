"""Operations: alerts, incidents, work orders."""

import sqlalchemy as sa

from battery_assets.tables.definition import (
    bare_id,
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
from battery_assets.tables.fleet.p1_master import battery, location, string, user
from battery_assets.tables.fleet.p6_ml_digital_twin import ml_model

# What runs compute of a fault each month. `fleet.incident` and `fleet.work_order` are views: the newest month
# of each, and what people entered.
COMPUTED = "operations"
# Standardized causes: `features.operations.causes` says what each means.
RCA_CODES = (
    "CHARGER-LOW", "CHARGER-HIGH", "CELL-SHORT", "WEAK-JAR", "LOW-FLOAT", "HIGH-FLOAT", "HVAC",
    "THERMAL-RUNAWAY", "FLOAT-CURRENT", "HOT-JAR", "CHARGE-LIMIT", "RECTIFIER-FILTER", "OPEN-WELD",
    "DRY-OUT", "STRING-AGED", "JAR-AGEING", "DATA-QUALITY", "UNEXPLAINED",
)  # fmt: skip

incident = table(
    "incident",
    "Alerts that have one cause, month by month while the fault lasts.",
    key("incident_id", "Unique identifier."),
    reference("location_id", location, "Location."),
    text("incident_code", "Incident reference (e.g., 'INC-2025-001234').", 30),
    text("title", "Incident title.", 200, required=True),
    text("description", "Detailed description."),
    one_of("severity", "How bad it is.", "low", "medium", "high", "critical", required=True),
    one_of("status", "State.", "open", "investigating", "resolved", "closed", required=True),
    text("root_cause", "RCA summary."),
    text("rca_code", "Standardized RCA code.", 20),
    instant("created_at", "When the record was made.", required=True),
    instant("resolved_at", "When it was resolved."),
    instant("closed_at", "When it was closed."),
    reference("assigned_to", user, "Who is responsible."),
    integer("escalation_level", "Escalation step, 1 is the first.", low=1, high=9, default="1"),
    text("fault", "What is at fault: kind, and the identifier of the unit.", 60, required=True),
    bare_id("battery_id", "The jar, where one jar is at fault."),
    bare_id("string_id", "The string, where the fault is within one."),
    instant("worsened_at", "When it became as severe as it is."),
    instant("last_alert_at", "Until when one of its alerts held, as far as is known."),
    document("evidence_json", "What was seen of the fault since it began."),
    phase=7,
    schema=COMPUTED,
    unique=["incident_code"],
    indexes=[sa.Index("ix_incident_site_fault", "site", "fault")],
    month_by_month=True,
    may_be_empty=True,
)

alert = table(
    "alert",
    "Alerts of rules, twin and models.",
    key("alert_id", "Unique identifier."),
    reference("battery_id", battery, "Specific battery."),
    reference("string_id", string, "Specific string."),
    reference("location_id", location, "Location."),
    one_of(
        "alert_type",
        "Kind of alert.",
        "voltage_low",
        "voltage_high",
        "temperature_high",
        "current_high",
        "ripple_high",
        "resistance_drift",
        "rul_warning",
        "rul_critical",
        "soh_degraded",
        "anomaly_detected",
        "data_quality",
        required=True,
    ),
    one_of("severity", "How bad it is.", "info", "warning", "critical", required=True),
    one_of("source", "What produced it.", "rule_engine", "ml_model", "digital_twin", "manual", required=True),
    reference("model_id", ml_model, "ML model if ML-generated."),
    instant("triggered_at", "Alert timestamp.", required=True),
    instant("resolved_at", "Resolution time."),
    one_of("status", "State.", "active", "acknowledged", "resolved", "suppressed", required=True),
    reference("acknowledged_by", user, "Who acknowledged it."),
    text("message", "Alert description.", required=True),
    document("context_json", "Additional context (thresholds, values)."),
    reference("incident_id", incident, "Correlated incident."),
    phase=7,
    indexes=[sa.Index("idx_alert_location_status", "location_id", "status", sa.text("triggered_at DESC"))],
    may_be_empty=True,
)

work_order = table(
    "work_order",
    "What people have to do, month by month until it is done.",
    key("work_order_id", "Unique identifier."),
    text("external_id", "CMMS/ITSM ticket ID, entered by people and imports.", 50),
    reference("incident_id", incident, "Related incident."),
    reference("location_id", location, "Location."),
    text("title", "Title.", 200, required=True),
    text("description", "What is to be done."),
    one_of("priority", "Urgency.", "low", "medium", "high", "urgent", required=True),
    one_of("status", "State.", "open", "assigned", "in_progress", "completed", "closed", required=True),
    instant("created_at", "When the record was made.", required=True),
    instant("due_date", "Due by."),
    instant("completed_at", "When it was completed."),
    reference("assigned_to", user, "Who is responsible."),
    text("resolution_notes", "What was done."),
    text("fault", "What is at fault: kind, and the identifier of the unit.", 60, required=True),
    bare_id("battery_id", "The jar, where one jar is to be worked on."),
    bare_id("string_id", "The string, where the work is within one."),
    phase=7,
    schema=COMPUTED,
    indexes=[sa.Index("ix_work_order_site_fault", "site", "fault")],
    month_by_month=True,
    may_be_empty=True,
)

rule_replay = table(
    "rule_replay",
    "What the alerts of a rule were worth in the twelve months up to this one, held against replacements, "
    "repairs and known faults.",
    key("replay_id", "Unique identifier."),
    text("alert_type", "Kind of alert.", 20, required=True),
    text("signal", "Signal that led the alerts.", 40, required=True),
    instant("judged_from", "Begin of the months that were looked at.", required=True),
    instant("judged_until", "End of them.", required=True),
    integer("jar_months", "Jars in service, summed over the months.", low=0, high=100000000, required=True),
    integer(
        "alerts", "Alerts, each counted once however long it lasted.", low=0, high=100000000, required=True
    ),
    integer(
        "came_true",
        "Alerts whose unit was replaced, repaired or known to be faulty while they held or within 180 days.",
        low=0,
        high=100000000,
        required=True,
    ),
    integer(
        "false_alarms", "Alerts after which 180 days passed without.", low=0, high=100000000, required=True
    ),
    integer(
        "undecided",
        "Alerts of which neither is known yet, or whose string was renewed before.",
        low=0,
        high=100000000,
        required=True,
    ),
    integer("ends", "Replacements, repairs and faults of the kind.", low=0, high=100000000, required=True),
    integer("foreseen", "Those that an alert of the rule came before.", low=0, high=100000000, required=True),
    quantity("alerts_per_1000_jar_months", "Alerts per 1,000 jar-months.", "1", 9, 2, low=0, high=1000000),
    quantity("precision", "Share of the decided alerts that came true.", "1", 5, 4, low=0, high=1),
    quantity("recall", "Share of the ends that were foreseen.", "1", 5, 4, low=0, high=1),
    quantity("lead_days", "Median time from alert to end.", "d", 6, 1, low=0, high=10000),
    phase=7,
    may_be_empty=True,
)
