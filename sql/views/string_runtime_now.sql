-- How long each string would carry each load, as of the newest month of its site that tells; the weakest jar by
-- its code.
CREATE VIEW fleet.string_runtime_now AS
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
      WHERE table_name = 'string_runtime' AND rows > 0 AND known_since <= platform.as_of() GROUP BY site) newest
  ON newest.site = r.site AND newest.month = r.month
JOIN fleet.string s ON s.string_id = r.string_id
LEFT JOIN fleet.battery_system y USING (system_id)
LEFT JOIN fleet.battery b ON b.battery_id = r.weakest_battery_id
LEFT JOIN fleet.battery f ON f.battery_id = r.change_first_battery_id;
