-- Rows of master data are those of many months: what a site's are is kept where its writers take their turn.
ALTER TABLE platform.turn ADD COLUMN rows_digest VARCHAR(64);

COMMENT ON COLUMN platform.turn.rows_digest IS 'Of the site''s rows as they were committed last.';

-- One row for each incident: its newest month, and what people entered. A person's verdict stands until the
-- incident gets worse than it was.
CREATE OR REPLACE VIEW fleet.incident AS
SELECT i.incident_id, i.location_id, i.incident_code, i.title, i.description, i.severity,
       CASE WHEN e.stands AND i.status <> 'closed' THEN 'resolved'
            WHEN i.status = 'open' AND (e.acknowledged_at IS NOT NULL OR e.assigned_to IS NOT NULL)
            THEN 'investigating'
            ELSE i.status END AS status,
       coalesce(e.root_cause, i.root_cause) AS root_cause,
       coalesce(e.rca_code, i.rca_code) AS rca_code, i.created_at,
       CASE WHEN e.stands AND i.status = 'open' THEN e.resolved_at ELSE i.resolved_at END AS resolved_at,
       i.closed_at, coalesce(e.assigned_to, i.assigned_to) AS assigned_to, i.escalation_level,
       i.site, i.month, i.fault, i.battery_id, i.string_id, i.worsened_at, i.last_alert_at, i.evidence_json,
       i.status = 'open' AS alerts_hold, e.acknowledged_at, e.acknowledged_by_user, e.resolution,
       coalesce(e.notes, 0) AS notes, e.last_note,
       EXISTS (SELECT FROM platform.partition_version v
               WHERE v.state = 'stale' AND v.table_name = 'incident' AND v.site = i.site AND v.month = i.month)
           AS stale
FROM (SELECT DISTINCT ON (one.incident_id) one.* FROM operations.incident one
      WHERE (platform.as_of() = 'infinity' OR EXISTS (SELECT FROM platform.partition_version known
          WHERE known.table_name = 'incident' AND known.site = one.site AND known.month = one.month
            AND known.known_since <= platform.as_of()))
      ORDER BY one.incident_id, one.month DESC) i
LEFT JOIN LATERAL (
    SELECT n.*, n.verdict = 'resolve' AND n.resolved_at >= coalesce(i.worsened_at, i.created_at) AS stands
    FROM service.incident_entered n WHERE n.incident_id = i.incident_id) e ON true;

-- One row for each work order: its newest month, what people and the CMMS entered, and what the CMMS filed
-- under its number as maintenance. What a forecast proposes is an order too, of no incident.
CREATE OR REPLACE VIEW fleet.work_order AS
SELECT w.work_order_id, e.external_id, w.incident_id, w.location_id, w.title, w.description, w.priority,
       CASE WHEN e.status IN ('completed', 'closed') THEN e.status
            WHEN w.status IN ('completed', 'closed') THEN w.status
            WHEN filed.at IS NOT NULL THEN 'completed'
            WHEN i.status = 'resolved' AND i.alerts_hold THEN 'closed'
            WHEN 'in_progress' IN (e.status, w.status) THEN 'in_progress'
            ELSE coalesce(e.status, w.status) END AS status,
       w.created_at, w.due_date,
       CASE WHEN e.status = 'completed' THEN e.completed_at
            ELSE coalesce(w.completed_at, filed.at) END AS completed_at,
       coalesce(e.assigned_to, i.assigned_to, w.assigned_to) AS assigned_to,
       coalesce(e.findings, w.resolution_notes, filed.notes) AS resolution_notes,
       w.site, w.month, w.fault, w.battery_id, w.string_id,
       EXISTS (SELECT FROM platform.partition_version v
               WHERE v.state = 'stale' AND v.table_name = 'work_order' AND v.site = w.site AND v.month = w.month)
           AS stale
FROM ((SELECT DISTINCT ON (work_order_id)
              work_order_id, incident_id, location_id, title, description, priority, status, created_at, due_date,
              completed_at, assigned_to, resolution_notes, site, month, fault, battery_id, string_id
       FROM operations.work_order one
       WHERE (platform.as_of() = 'infinity' OR EXISTS (SELECT FROM platform.partition_version known
           WHERE known.table_name = 'work_order' AND known.site = one.site AND known.month = one.month
             AND known.known_since <= platform.as_of()))
       ORDER BY work_order_id, month DESC)
      UNION ALL
      SELECT p.work_order_id, NULL, p.location_id, p.title, p.description, p.priority, 'open'::varchar(11),
             p.created_at, p.due_date, NULL, NULL, NULL, p.site,
             to_char(p.created_at AT TIME ZONE 'UTC', 'YYYY-MM')::varchar(7), p.fault, NULL, NULL
      FROM service.work_order_proposal p JOIN platform.site USING (site)
      WHERE p.created_at <= platform.as_of()) w
LEFT JOIN service.work_order_entered e USING (work_order_id)
LEFT JOIN fleet.incident i ON i.incident_id = w.incident_id
LEFT JOIN LATERAL (
    SELECT m.completed_date AS at, m.notes FROM fleet.maintenance_event m
    WHERE m.site = w.site AND m.status = 'completed'
      AND m.work_order_id IN (e.external_id, w.work_order_id::text)
      AND (platform.as_of() = 'infinity' OR EXISTS (SELECT FROM platform.partition_version known
          WHERE known.table_name = 'maintenance_event' AND known.site = m.site AND known.month = m.month
            AND known.known_since <= platform.as_of()))
    ORDER BY m.completed_date LIMIT 1) filed ON true;

-- Where a visit avoids most failures of the next 90 days: a string's test, which shows every jar, or a retest.
CREATE OR REPLACE VIEW fleet.next_best_visit AS
WITH risk AS (
    SELECT site, string_code, battery_code, failure_probability_90d AS p, predicted_at, stale
    FROM fleet.jar_health_now
    -- A known fault needs no test: it needs a new jar.
    WHERE failure_probability_90d IS NOT NULL AND fault IS NULL)
SELECT site, 'string' AS kind, string_code AS unit, count(*) AS jars, sum(p) AS failures_avoided,
       (array_agg(battery_code ORDER BY p DESC, battery_code))[1] AS weakest_jar,
       max(predicted_at) AS predicted_at, bool_or(stale) AS stale
FROM risk GROUP BY site, string_code
UNION ALL
SELECT site, 'jar', battery_code, 1, p, battery_code, predicted_at, stale FROM risk;
