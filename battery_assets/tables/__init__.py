"""Every stored table, by its reference name."""

from battery_assets.tables.p1_master import (
    battery,
    battery_model,
    battery_system,
    environmental_sensor,
    location,
    string,
    user,
)
from battery_assets.tables.p2_raw_timeseries import (
    jar_truth,
    telemetry_env,
    telemetry_event_window,
    telemetry_jar_raw,
    telemetry_string_raw,
)
from battery_assets.tables.p3_raw_transactions import (
    audit_log,
    capacity_test_raw,
    impedance_measurement_raw,
    maintenance_event,
)
from battery_assets.tables.p4_calculated_telemetry import (
    telemetry_jar_calc,
    telemetry_string_calc,
)
from battery_assets.tables.p5_calculated_aggregates import (
    capacity_test_calc,
    feature_store,
    impedance_measurement_calc,
)
from battery_assets.tables.p6_ml_digital_twin import (
    digital_twin_state,
    ml_model,
    rul_prediction,
)
from battery_assets.tables.p7_operations import (
    alert,
    incident,
    work_order,
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
    rul_prediction,
    incident,
    alert,
    work_order,
)

__all__ = [
    "TABLES",
    "alert",
    "audit_log",
    "battery",
    "battery_model",
    "battery_system",
    "capacity_test_calc",
    "capacity_test_raw",
    "digital_twin_state",
    "environmental_sensor",
    "feature_store",
    "impedance_measurement_calc",
    "impedance_measurement_raw",
    "incident",
    "jar_truth",
    "location",
    "maintenance_event",
    "ml_model",
    "rul_prediction",
    "string",
    "telemetry_env",
    "telemetry_event_window",
    "telemetry_jar_calc",
    "telemetry_jar_raw",
    "telemetry_string_calc",
    "telemetry_string_raw",
    "user",
    "work_order",
]
