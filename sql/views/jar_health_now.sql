-- One row for each jar in service: the newest twin state, prediction and day of features.
CREATE VIEW fleet.jar_health_now AS
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
    WHERE d.battery_id = b.battery_id AND (platform.as_of() = 'infinity' OR EXISTS (SELECT FROM platform.partition_version known
        WHERE known.table_name = 'digital_twin_state' AND known.site = d.site AND known.month = d.month
          AND known.known_since <= platform.as_of()))
    ORDER BY d.captured_at DESC LIMIT 1) twin ON true
LEFT JOIN LATERAL (
    SELECT * FROM fleet.rul_prediction p
    WHERE p.battery_id = b.battery_id AND (platform.as_of() = 'infinity' OR EXISTS (SELECT FROM platform.partition_version known
        WHERE known.table_name = 'rul_prediction' AND known.site = p.site AND known.month = p.month
          AND known.known_since <= platform.as_of()))
    ORDER BY p.predicted_at DESC LIMIT 1) rul ON true
LEFT JOIN LATERAL (
    SELECT * FROM fleet.feature_store f
    WHERE f.battery_id = b.battery_id AND f.feature_window_hours = 24
      AND (platform.as_of() = 'infinity' OR EXISTS (SELECT FROM platform.partition_version known
          WHERE known.table_name = 'feature_store' AND known.site = f.site AND known.month = f.month
            AND known.known_since <= platform.as_of()))
    ORDER BY f.feature_ts DESC LIMIT 1) features ON true
WHERE (b.replaced_date IS NULL OR b.replaced_date > platform.as_of()::date)
  AND (b.installed_date IS NULL OR b.installed_date <= platform.as_of()::date);
