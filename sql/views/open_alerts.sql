-- Alerts that still hold in the newest month of their site that has telemetry, by site and severity.
CREATE VIEW fleet.open_alerts AS
SELECT a.site, a.severity, a.alert_type, a.triggered_at, b.battery_code, s.string_code, l.location_code,
       a.message, i.incident_code, w.due_date, a.context_json, a.alert_id,
       EXISTS (SELECT FROM platform.partition_version v
               WHERE v.state = 'stale' AND v.site = a.site AND v.month = a.month
                 AND v.table_name IN ('alert', 'incident', 'work_order')) AS stale,
       CASE WHEN i.acknowledged_at IS NOT NULL THEN 'acknowledged' ELSE a.status END AS status,
       i.acknowledged_by_user AS acknowledged_by, i.status AS incident_status
FROM fleet.alert a
JOIN (SELECT v.site, max(v.month) AS month FROM platform.partition_version v
      WHERE v.table_name = 'alert' AND v.version IS NOT NULL AND v.known_since <= platform.as_of()
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

CREATE VIEW fleet.open_alerts_by_site AS
SELECT site, count(*) FILTER (WHERE severity = 'critical') AS critical,
       count(*) FILTER (WHERE severity = 'warning') AS warning,
       count(*) FILTER (WHERE severity = 'info') AS info, min(triggered_at) AS oldest,
       bool_or(stale) AS stale
FROM fleet.open_alerts
GROUP BY site;
