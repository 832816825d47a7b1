ALTER TABLE fleet.string_runtime
    ADD COLUMN weakest_json JSONB,
    ADD COLUMN load_lost_days NUMERIC(6, 1),
    ADD COLUMN load_lost_lower_days NUMERIC(6, 1),
    ADD COLUMN load_lost_upper_days NUMERIC(6, 1),
    ADD COLUMN load_lost_365d NUMERIC(5, 4),
    ADD COLUMN change_first_battery_id UUID,
    ADD COLUMN change_first_gain_days NUMERIC(6, 1),
    ADD CONSTRAINT fk_string_runtime_change_first_battery_id FOREIGN KEY(change_first_battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT ck_string_runtime_load_lost_days CHECK (load_lost_days BETWEEN 0 AND 3652),
    ADD CONSTRAINT ck_string_runtime_load_lost_lower_days CHECK (load_lost_lower_days BETWEEN 0 AND 3652),
    ADD CONSTRAINT ck_string_runtime_load_lost_upper_days CHECK (load_lost_upper_days BETWEEN 0 AND 3652),
    ADD CONSTRAINT ck_string_runtime_load_lost_365d CHECK (load_lost_365d BETWEEN 0 AND 1),
    ADD CONSTRAINT ck_string_runtime_change_first_gain_days CHECK (change_first_gain_days BETWEEN 0 AND 3652);

COMMENT ON COLUMN fleet.string_runtime.weakest_json IS 'Every jar that may be the lowest at the end, by battery_id, with its probability.';
COMMENT ON COLUMN fleet.string_runtime.load_lost_days IS 'Median of the days until wear leaves less than required_min, if no jar is changed and none fails at once; NULL beyond ten years. [d]';
COMMENT ON COLUMN fleet.string_runtime.load_lost_lower_days IS '5 % quantile of these days; NULL as there. [d]';
COMMENT ON COLUMN fleet.string_runtime.load_lost_upper_days IS '95 % quantile of these days; NULL as there. [d]';
COMMENT ON COLUMN fleet.string_runtime.load_lost_365d IS 'P(wear leaves less than required_min within a year). [1]';
COMMENT ON COLUMN fleet.string_runtime.change_first_battery_id IS 'Jar whose renewal puts load_lost_days off most.';
COMMENT ON COLUMN fleet.string_runtime.change_first_gain_days IS 'By how much it puts them off, in the mean; what lies beyond ten years counts as ten. [d]';
COMMENT ON COLUMN fleet.telemetry_string_calc.thd_pct IS 'Harmonics 2 f1, 3 f1 ... to 2 kHz of the ripple voltage over its f1: 300 Hz of six pulses, 600 Hz of twelve. 7 to 10 in sound systems; 100 Hz of a low phase is not in it. NULL on discharge, and where f1 is under 10 mV. [%]';
COMMENT ON COLUMN fleet.feature_store.thd_mean IS 'Mean of thd_pct, harmonics of the rectifier''s f1. [%]';

CREATE OR REPLACE VIEW fleet.string_runtime_now AS
SELECT r.site, s.string_code, y.system_type, r.load_basis, r.load_kind, r.load_w, r.load_current_a,
       r.end_voltage_v_cell, r.required_min, r.runtime_min, r.runtime_lower_min, r.runtime_upper_min,
       r.ride_through_probability, b.battery_code AS weakest_jar, r.weakest_probability, r.weakest_margin_min,
       r.repair_gain_min, r.limited_by, r.soc_pct, r.soh_pct, r.temperature_c, r.jars_assumed, r.note,
       r.captured_at, r.string_id, r.weakest_battery_id,
       EXISTS (SELECT FROM platform.partition_version v
               WHERE v.state = 'stale' AND v.table_name = 'string_runtime'
                 AND v.site = r.site AND v.month = r.month) AS stale,
       r.load_measured_at, r.load_lost_days, r.load_lost_lower_days, r.load_lost_upper_days, r.load_lost_365d,
       f.battery_code AS change_first, r.change_first_gain_days, r.weakest_json
FROM fleet.string_runtime r
JOIN (SELECT site, max(month) AS month FROM platform.partition_version
      WHERE table_name = 'string_runtime' AND rows > 0 GROUP BY site) newest
  ON newest.site = r.site AND newest.month = r.month
JOIN fleet.string s ON s.string_id = r.string_id
LEFT JOIN fleet.battery_system y USING (system_id)
LEFT JOIN fleet.battery b ON b.battery_id = r.weakest_battery_id
LEFT JOIN fleet.battery f ON f.battery_id = r.change_first_battery_id;
COMMENT ON COLUMN truth.jar_truth.profile IS 'How fast it ages: 85, 12 and 3 % of new jars; about 95, 5 and 0.2 % of those in service.';
