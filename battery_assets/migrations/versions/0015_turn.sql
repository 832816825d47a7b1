ALTER TABLE fleet.digital_twin_state
    ADD COLUMN fault VARCHAR(17),
    ADD COLUMN lost_v NUMERIC(5, 3),
    ADD COLUMN working_soh_pct NUMERIC(5, 2),
    ADD CONSTRAINT ck_digital_twin_state_fault
        CHECK (fault IN ('shorted_cell', 'broken_connection', 'open_connection')),
    ADD CONSTRAINT ck_digital_twin_state_lost_v CHECK (lost_v BETWEEN 0 AND 20),
    ADD CONSTRAINT ck_digital_twin_state_working_soh_pct CHECK (working_soh_pct BETWEEN 0 AND 130);
ALTER TABLE fleet.string_runtime ADD COLUMN load_measured_at TIMESTAMP WITH TIME ZONE;

COMMENT ON COLUMN fleet.digital_twin_state.soh_pct IS 'Estimated state of health: capacity at the jar''s terminals to 1.80 V a cell at the 10 h current, of the rated C10 at 25 °C. A shorted cell takes its voltage from it, an open connection leaves 0. [%]';
COMMENT ON COLUMN fleet.digital_twin_state.evidence IS 'What soh_pct rests on: age, resistance, discharge, capacity_test, fault, joined by +.';
COMMENT ON COLUMN fleet.digital_twin_state.fault IS 'What ended the jar''s duty: a cell shorted in whole or in part, a connection of twice the resistance or more, or one that carries no load. Its remaining life is 0.';
COMMENT ON COLUMN fleet.digital_twin_state.lost_v IS 'Voltage by which a shorted cell keeps the jar below its string on float. [V]';
COMMENT ON COLUMN fleet.digital_twin_state.working_soh_pct IS 'State of health of the cells that still work, with which ride-through computes; soh_pct without a fault. [%]';
COMMENT ON COLUMN fleet.string_runtime.load_measured_at IS 'Newest discharge that a measured load was seen in; it stays until a newer one.';
COMMENT ON COLUMN fleet.rul_prediction.rul_days IS 'Predicted RUL; 0 for a jar whose twin knows a fault: it does not do its duty any more. [d]';
COMMENT ON COLUMN fleet.rul_prediction.failure_probability_30d IS 'P(failure within 30 days); 1 with a known fault. [1]';
COMMENT ON COLUMN fleet.rul_prediction.failure_probability_90d IS 'P(failure within 90 days); 1 with a known fault. [1]';
COMMENT ON COLUMN fleet.rul_prediction.source IS 'What produced it; the twin for jars with a known fault, and where a week of features is not known.';

CREATE OR REPLACE VIEW fleet.jar_health_now AS
SELECT b.site, b.battery_id, b.battery_code, s.string_code, b.position_in_string, b.installed_date,
       twin.captured_at, twin.soc_pct, twin.soh_pct, twin.r0_mohm, twin.capacity_fade_pct, twin.power_fade_pct,
       rul.predicted_at, rul.rul_days, rul.rul_lower_ci_days, rul.rul_upper_ci_days,
       rul.failure_probability_30d, rul.failure_probability_90d, rul.source AS rul_source,
       features.feature_ts, features.v_mean, features.v_balance_mean, features.t_mean,
       features.r_internal_latest, features.r_internal_baseline_pct,
       EXISTS (SELECT FROM platform.partition_version v
               WHERE v.state = 'stale' AND v.site = b.site AND (v.table_name, v.month) IN (
                   ('digital_twin_state', twin.month), ('rul_prediction', rul.month),
                   ('feature_store', features.month))) AS stale,
       twin.fault
FROM fleet.battery b
JOIN fleet.string s USING (string_id)
LEFT JOIN LATERAL (
    SELECT * FROM fleet.digital_twin_state d
    WHERE d.battery_id = b.battery_id ORDER BY d.captured_at DESC LIMIT 1) twin ON true
LEFT JOIN LATERAL (
    SELECT * FROM fleet.rul_prediction p
    WHERE p.battery_id = b.battery_id ORDER BY p.predicted_at DESC LIMIT 1) rul ON true
LEFT JOIN LATERAL (
    SELECT * FROM fleet.feature_store f
    WHERE f.battery_id = b.battery_id AND f.feature_window_hours = 24
    ORDER BY f.feature_ts DESC LIMIT 1) features ON true
WHERE b.replaced_date IS NULL;

CREATE OR REPLACE VIEW fleet.string_runtime_now AS
SELECT r.site, s.string_code, y.system_type, r.load_basis, r.load_kind, r.load_w, r.load_current_a,
       r.end_voltage_v_cell, r.required_min, r.runtime_min, r.runtime_lower_min, r.runtime_upper_min,
       r.ride_through_probability, b.battery_code AS weakest_jar, r.weakest_probability, r.weakest_margin_min,
       r.repair_gain_min, r.limited_by, r.soc_pct, r.soh_pct, r.temperature_c, r.jars_assumed, r.note,
       r.captured_at, r.string_id, r.weakest_battery_id,
       EXISTS (SELECT FROM platform.partition_version v
               WHERE v.state = 'stale' AND v.table_name = 'string_runtime'
                 AND v.site = r.site AND v.month = r.month) AS stale,
       r.load_measured_at
FROM fleet.string_runtime r
JOIN (SELECT site, max(month) AS month FROM platform.partition_version
      WHERE table_name = 'string_runtime' AND rows > 0 GROUP BY site) newest
  ON newest.site = r.site AND newest.month = r.month
JOIN fleet.string s ON s.string_id = r.string_id
LEFT JOIN fleet.battery_system y USING (system_id)
LEFT JOIN fleet.battery b ON b.battery_id = r.weakest_battery_id;

CREATE OR REPLACE VIEW fleet.open_alerts AS
SELECT a.site, a.severity, a.alert_type, a.triggered_at, b.battery_code, s.string_code, l.location_code,
       a.message, i.incident_code, w.due_date, a.context_json, a.alert_id,
       EXISTS (SELECT FROM platform.partition_version v
               WHERE v.state = 'stale' AND v.site = a.site AND v.month = a.month
                 AND v.table_name IN ('alert', 'incident', 'work_order')) AS stale
FROM fleet.alert a
JOIN (SELECT v.site, max(v.month) AS month FROM platform.partition_version v
      WHERE v.table_name = 'alert' AND v.version IS NOT NULL
        AND EXISTS (SELECT FROM platform.partition_version raw
                    WHERE raw.site = v.site AND raw.month = v.month AND raw.rows > 0
                      AND raw.table_name IN ('telemetry_jar_raw', 'telemetry_string_raw'))
      GROUP BY v.site) newest
  ON newest.site = a.site AND newest.month = a.month
LEFT JOIN fleet.battery b USING (battery_id)
LEFT JOIN fleet.string s ON s.string_id = coalesce(a.string_id, b.string_id)
LEFT JOIN fleet.location l ON l.location_id = a.location_id
LEFT JOIN fleet.incident i USING (incident_id)
LEFT JOIN LATERAL (SELECT min(due_date) AS due_date FROM fleet.work_order o
                   WHERE o.incident_id = a.incident_id) w ON true
WHERE a.status IN ('active', 'acknowledged');
