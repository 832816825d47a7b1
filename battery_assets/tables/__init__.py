"""Every stored table, by its reference name."""

from battery_assets.tables.experiments.calendars import CALENDAR_TABLES
from battery_assets.tables.experiments.campaigns import CAMPAIGN_TABLES
from battery_assets.tables.experiments.detections import DETECTION_TABLES
from battery_assets.tables.experiments.signals import SIGNAL_TABLES
from battery_assets.tables.experiments.trainings import EXPERIMENT_TABLES
from battery_assets.tables.fleet.p1_master import (
    battery,
    battery_model,
    battery_system,
    environmental_sensor,
    location,
    string,
    user,
)
from battery_assets.tables.fleet.p2_raw_timeseries import (
    jar_truth,
    telemetry_env,
    telemetry_event_window,
    telemetry_jar_raw,
    telemetry_string_raw,
)
from battery_assets.tables.fleet.p3_raw_transactions import (
    audit_log,
    capacity_test_raw,
    impedance_measurement_raw,
    maintenance_event,
)
from battery_assets.tables.fleet.p4_calculated_telemetry import (
    telemetry_jar_calc,
    telemetry_string_calc,
)
from battery_assets.tables.fleet.p5_calculated_aggregates import (
    capacity_test_calc,
    feature_store,
    impedance_measurement_calc,
)
from battery_assets.tables.fleet.p6_ml_digital_twin import (
    digital_twin_state,
    ml_model,
    rul_prediction,
)
from battery_assets.tables.fleet.p6_ride_through import string_runtime
from battery_assets.tables.fleet.p7_operations import (
    alert,
    incident,
    rule_replay,
    work_order,
)
from battery_assets.tables.lab.bench import (
    battery_cell,
    battery_pack,
    cycle,
    label_soc,
    test_session,
    timeseries_point,
)
from battery_assets.tables.lab.features import (
    battery_unit,
    cycle_data,
    cycle_feature,
    label_soh,
)
from battery_assets.tables.lab.models import model_run, prediction
from battery_assets.tables.lab.training import TRAINING_TABLES
from battery_assets.tables.service.entries import ENTRY_TABLES, incident_entry, work_order_entry
from battery_assets.tables.service.jobs import JOB_TABLES
from battery_assets.tables.service.keys import (
    KEY_TABLES,
    api_keys,
    api_metrics_summary,
    api_request_logs,
    idempotency_key,
)
from battery_assets.tables.service.messages import (
    MESSAGE_TABLES,
    delivery,
    email_digest_queue,
    email_logs,
    event_mute,
    notification_preferences,
    outbox,
    webhook_configurations,
    webhook_logs,
    webhook_network,
)
from battery_assets.tables.service.people import (
    PEOPLE_TABLES,
    backup_codes,
    login_history,
    one_time_link,
    session_logs,
    system_logs,
    users,
)

LAB_TABLES = (
    battery_pack,
    battery_cell,
    timeseries_point,
    test_session,
    cycle,
    label_soc,
    cycle_feature,
    label_soh,
    battery_unit,
    cycle_data,
    model_run,
    prediction,
)

TABLES = (
    location,
    battery_model,
    battery_system,
    string,
    battery,
    environmental_sensor,
    user,
    telemetry_jar_raw,
    telemetry_string_raw,
    telemetry_env,
    telemetry_event_window,
    jar_truth,
    maintenance_event,
    capacity_test_raw,
    impedance_measurement_raw,
    audit_log,
    telemetry_jar_calc,
    telemetry_string_calc,
    capacity_test_calc,
    impedance_measurement_calc,
    feature_store,
    ml_model,
    digital_twin_state,
    string_runtime,
    rul_prediction,
    incident,
    alert,
    work_order,
    rule_replay,
    *LAB_TABLES,
)

FLEET_TABLES = tuple(table for table in TABLES if not table.info["lab"])

# What is written while work goes on, row by row: no run replaces a partition of it.
KEPT_TABLES = (*JOB_TABLES, *ENTRY_TABLES, *TRAINING_TABLES)

# The experiment platform's tables, kept row by row too.
PLATFORM_TABLES = (
    *SIGNAL_TABLES, *EXPERIMENT_TABLES, *CAMPAIGN_TABLES, *CALENDAR_TABLES, *DETECTION_TABLES,
)  # fmt: skip

# The service's tables: people, their keys, and what they are told.
SERVICE_TABLES = (*PEOPLE_TABLES, *KEY_TABLES, *MESSAGE_TABLES)

__all__ = [
    "FLEET_TABLES",
    "KEPT_TABLES",
    "LAB_TABLES",
    "PLATFORM_TABLES",
    "SERVICE_TABLES",
    "TABLES",
    "alert",
    "api_keys",
    "api_metrics_summary",
    "api_request_logs",
    "audit_log",
    "backup_codes",
    "battery",
    "battery_cell",
    "battery_model",
    "battery_pack",
    "battery_system",
    "battery_unit",
    "capacity_test_calc",
    "capacity_test_raw",
    "cycle",
    "cycle_data",
    "cycle_feature",
    "delivery",
    "digital_twin_state",
    "email_digest_queue",
    "email_logs",
    "environmental_sensor",
    "event_mute",
    "feature_store",
    "idempotency_key",
    "impedance_measurement_calc",
    "impedance_measurement_raw",
    "incident",
    "incident_entry",
    "jar_truth",
    "label_soc",
    "label_soh",
    "location",
    "login_history",
    "maintenance_event",
    "ml_model",
    "model_run",
    "notification_preferences",
    "one_time_link",
    "outbox",
    "prediction",
    "rul_prediction",
    "rule_replay",
    "session_logs",
    "string",
    "string_runtime",
    "system_logs",
    "telemetry_env",
    "telemetry_event_window",
    "telemetry_jar_calc",
    "telemetry_jar_raw",
    "telemetry_string_calc",
    "telemetry_string_raw",
    "test_session",
    "timeseries_point",
    "user",
    "users",
    "webhook_configurations",
    "webhook_logs",
    "webhook_network",
    "work_order",
    "work_order_entry",
]
