-- What people entered, put to the incident that it is about: the one of that identifier, or else the one of the
-- same fault that began nearest.
CREATE VIEW service.incident_entered AS
SELECT own.incident_id,
       min(n.entered_at) FILTER (WHERE n.action = 'acknowledge') AS acknowledged_at,
       -- As they are called may be how to reach them: no analyst sees it.
       CASE WHEN current_user <> 'battery_analyst'
            THEN (array_agg(n.entered_by ORDER BY n.id) FILTER (WHERE n.action = 'acknowledge'))[1]
            END AS acknowledged_by,
       (array_agg(n.user_id ORDER BY n.id) FILTER (WHERE n.action = 'acknowledge'))[1] AS acknowledged_by_user,
       (array_agg(n.assigned_to ORDER BY n.id DESC) FILTER (WHERE n.assigned_to IS NOT NULL))[1] AS assigned_to,
       (array_agg(n.rca_code ORDER BY n.id DESC) FILTER (WHERE n.rca_code IS NOT NULL))[1] AS rca_code,
       (array_agg(n.note ORDER BY n.id DESC) FILTER (WHERE n.action = 'analyse'))[1] AS root_cause,
       (array_agg(n.action ORDER BY n.id DESC) FILTER (WHERE n.action IN ('resolve', 'reopen')))[1] AS verdict,
       (array_agg(coalesce(n.done_at, n.entered_at) ORDER BY n.id DESC)
        FILTER (WHERE n.action = 'resolve'))[1] AS resolved_at,
       (array_agg(n.note ORDER BY n.id DESC) FILTER (WHERE n.action = 'resolve'))[1] AS resolution,
       count(*) FILTER (WHERE n.action = 'note') AS notes,
       (array_agg(n.note ORDER BY n.id DESC) FILTER (WHERE n.action = 'note'))[1] AS last_note,
       own.site
FROM service.incident_entry n
JOIN LATERAL (
    SELECT i.incident_id, i.site FROM operations.incident i
    WHERE i.incident_id = n.incident_id OR (i.site = n.site AND i.fault = n.fault)
    ORDER BY i.incident_id = n.incident_id DESC, abs(extract(epoch FROM i.created_at - n.began_at)), i.created_at
    LIMIT 1) own ON true
WHERE n.entered_at <= platform.as_of()
  -- The view reads with its owner's rights, whom no policy holds: of a caller of some sites it asks itself.
  AND (current_user <> 'battery_api' OR n.site = ANY (string_to_array(current_setting('battery.sites', true), ',')))
GROUP BY own.incident_id, own.site;

CREATE VIEW service.work_order_entered AS
SELECT own.work_order_id,
       (array_agg(n.external_id ORDER BY n.id DESC) FILTER (WHERE n.external_id IS NOT NULL))[1] AS external_id,
       (array_agg(n.assigned_to ORDER BY n.id DESC) FILTER (WHERE n.assigned_to IS NOT NULL))[1] AS assigned_to,
       (array_agg(CASE n.action WHEN 'assign' THEN 'assigned' WHEN 'start' THEN 'in_progress'
                                WHEN 'complete' THEN 'completed' WHEN 'close' THEN 'closed'
                                ELSE 'open' END
                  ORDER BY n.id DESC)
        FILTER (WHERE n.action IN ('assign', 'start', 'complete', 'close', 'reopen')))[1] AS status,
       (array_agg(coalesce(n.done_at, n.entered_at) ORDER BY n.id DESC)
        FILTER (WHERE n.action = 'complete'))[1] AS completed_at,
       (array_agg(n.note ORDER BY n.id DESC) FILTER (WHERE n.note IS NOT NULL))[1] AS findings
FROM service.work_order_entry n
JOIN LATERAL (
    SELECT w.work_order_id
    FROM (SELECT work_order_id, site, fault, created_at FROM operations.work_order
          UNION ALL SELECT work_order_id, site, fault, created_at FROM service.work_order_proposal) w
    WHERE w.work_order_id = n.work_order_id OR (w.site = n.site AND w.fault = n.fault)
    ORDER BY w.work_order_id = n.work_order_id DESC,
             abs(extract(epoch FROM w.created_at - n.began_at)), w.created_at
    LIMIT 1) own ON true
WHERE n.entered_at <= platform.as_of()
  -- The view reads with its owner's rights, whom no policy holds: of a caller of some sites it asks itself.
  AND (current_user <> 'battery_api' OR n.site = ANY (string_to_array(current_setting('battery.sites', true), ',')))
GROUP BY own.work_order_id;

-- One row for each incident: its newest month, and what people entered. A person's verdict stands until the
-- incident gets worse than it was.
CREATE VIEW fleet.incident AS
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
CREATE VIEW fleet.work_order AS
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

-- What is to be worked off: open incidents of the newest month that a site has, whatever month they began in,
-- the gravest first.
CREATE VIEW fleet.open_incidents AS
SELECT i.site, i.severity, i.incident_code, i.title, i.rca_code, i.status, i.created_at,
       (least(now(), platform.as_of()) AT TIME ZONE 'UTC')::date - (i.created_at AT TIME ZONE 'UTC')::date AS age_days,
       i.last_alert_at, i.acknowledged_at, i.assigned_to, w.title AS work_order, w.external_id,
       w.status AS work_order_status, w.due_date, coalesce(w.due_date < least(now(), platform.as_of()), false) AS overdue,
       i.notes, i.incident_id, w.work_order_id, i.battery_id, i.string_id, i.location_id,
       EXISTS (SELECT FROM platform.partition_version v
               WHERE v.state = 'stale' AND v.site = i.site AND v.month = i.month
                 AND v.table_name IN ('alert', 'incident', 'work_order')) AS stale
FROM fleet.incident i
JOIN (SELECT site, max(month) AS month FROM platform.partition_version
      WHERE table_name = 'incident' AND version IS NOT NULL AND known_since <= platform.as_of()
      GROUP BY site) newest
  ON newest.site = i.site AND newest.month = i.month
LEFT JOIN fleet.work_order w ON w.incident_id = i.incident_id AND w.status NOT IN ('completed', 'closed')
WHERE i.status IN ('open', 'investigating')
ORDER BY array_position(ARRAY['critical', 'high', 'medium', 'low'], i.severity::text), w.due_date, i.created_at;
