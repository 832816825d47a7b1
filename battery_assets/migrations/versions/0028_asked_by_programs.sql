ALTER TABLE service.job
    ADD COLUMN launch JSONB,
    ADD COLUMN launched_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN request_id VARCHAR(64);

CREATE INDEX ix_job_launch ON service.job (id) WHERE launch IS NOT NULL AND finished_at IS NULL;

COMMENT ON COLUMN service.job.launch IS 'Dagster job, partitions, config: the daemon begins it; NULL: who asked does.';

COMMENT ON COLUMN service.job.launched_at IS 'When the daemon asked Dagster for its runs.';

COMMENT ON COLUMN service.job.request_id IS 'Request that asked for it.';

CREATE INDEX idx_digital_twin_state_battery_ts ON fleet.digital_twin_state (battery_id, captured_at DESC);

CREATE TABLE service.backfill_before (
	job_id BIGINT NOT NULL, 
	table_name VARCHAR(63) NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	rows BIGINT, 
	sha256 VARCHAR(64), 
	CONSTRAINT pk_backfill_before PRIMARY KEY (job_id, table_name, site, month), 
	CONSTRAINT fk_backfill_before_job_id FOREIGN KEY(job_id) REFERENCES service.job (id) ON DELETE CASCADE
);

COMMENT ON TABLE service.backfill_before IS 'What partitions held when a backfill of them was asked for.';

COMMENT ON COLUMN service.backfill_before.job_id IS 'Backfill.';

COMMENT ON COLUMN service.backfill_before.table_name IS 'Table.';

COMMENT ON COLUMN service.backfill_before.site IS 'Site.';

COMMENT ON COLUMN service.backfill_before.month IS 'Month.';

COMMENT ON COLUMN service.backfill_before.rows IS 'Rows that it had.';

COMMENT ON COLUMN service.backfill_before.sha256 IS 'Checksum of these rows.';

CREATE OR REPLACE VIEW service.incident_entered AS
SELECT own.incident_id,
       min(n.entered_at) FILTER (WHERE n.action = 'acknowledge') AS acknowledged_at,
       (array_agg(n.entered_by ORDER BY n.id) FILTER (WHERE n.action = 'acknowledge'))[1] AS acknowledged_by,
       (array_agg(n.user_id ORDER BY n.id) FILTER (WHERE n.action = 'acknowledge'))[1] AS acknowledged_by_user,
       (array_agg(n.assigned_to ORDER BY n.id DESC) FILTER (WHERE n.assigned_to IS NOT NULL))[1] AS assigned_to,
       (array_agg(n.rca_code ORDER BY n.id DESC) FILTER (WHERE n.rca_code IS NOT NULL))[1] AS rca_code,
       (array_agg(n.note ORDER BY n.id DESC) FILTER (WHERE n.action = 'analyse'))[1] AS root_cause,
       (array_agg(n.action ORDER BY n.id DESC) FILTER (WHERE n.action IN ('resolve', 'reopen')))[1] AS verdict,
       (array_agg(coalesce(n.done_at, n.entered_at) ORDER BY n.id DESC)
        FILTER (WHERE n.action = 'resolve'))[1] AS resolved_at,
       (array_agg(n.note ORDER BY n.id DESC) FILTER (WHERE n.action = 'resolve'))[1] AS resolution,
       count(*) FILTER (WHERE n.action = 'note') AS notes,
       (array_agg(n.note ORDER BY n.id DESC) FILTER (WHERE n.action = 'note'))[1] AS last_note
FROM service.incident_entry n
JOIN LATERAL (
    SELECT i.incident_id FROM operations.incident i
    WHERE i.incident_id = n.incident_id OR (i.site = n.site AND i.fault = n.fault)
    ORDER BY i.incident_id = n.incident_id DESC, abs(extract(epoch FROM i.created_at - n.began_at)), i.created_at
    LIMIT 1) own ON true
WHERE n.entered_at <= coalesce(nullif(current_setting('battery.as_of', true), '')::timestamptz, 'infinity')
GROUP BY own.incident_id;

CREATE OR REPLACE VIEW service.work_order_entered AS
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
    SELECT w.work_order_id FROM operations.work_order w
    WHERE w.work_order_id = n.work_order_id OR (w.site = n.site AND w.fault = n.fault)
    ORDER BY w.work_order_id = n.work_order_id DESC,
             abs(extract(epoch FROM w.created_at - n.began_at)), w.created_at
    LIMIT 1) own ON true
WHERE n.entered_at <= coalesce(nullif(current_setting('battery.as_of', true), '')::timestamptz, 'infinity')
GROUP BY own.work_order_id;

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
       coalesce(e.notes, 0) AS notes, e.last_note
FROM (SELECT DISTINCT ON (incident_id) * FROM operations.incident o
      WHERE nullif(current_setting('battery.as_of', true), '')::timestamptz IS NULL OR EXISTS (
          SELECT FROM platform.partition_version v
          WHERE v.table_name = 'incident' AND v.site = o.site AND v.month = o.month
            AND v.committed_at <= nullif(current_setting('battery.as_of', true), '')::timestamptz)
      ORDER BY incident_id, month DESC) i
LEFT JOIN LATERAL (
    SELECT n.*, n.verdict = 'resolve' AND n.resolved_at >= coalesce(i.worsened_at, i.created_at) AS stands
    FROM service.incident_entered n WHERE n.incident_id = i.incident_id) e ON true;

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
       w.site, w.month, w.fault, w.battery_id, w.string_id
FROM (SELECT DISTINCT ON (work_order_id) * FROM operations.work_order o
      WHERE nullif(current_setting('battery.as_of', true), '')::timestamptz IS NULL OR EXISTS (
          SELECT FROM platform.partition_version v
          WHERE v.table_name = 'work_order' AND v.site = o.site AND v.month = o.month
            AND v.committed_at <= nullif(current_setting('battery.as_of', true), '')::timestamptz)
      ORDER BY work_order_id, month DESC) w
LEFT JOIN service.work_order_entered e USING (work_order_id)
LEFT JOIN fleet.incident i ON i.incident_id = w.incident_id
LEFT JOIN LATERAL (
    SELECT m.completed_date AS at, m.notes FROM fleet.maintenance_event m
    WHERE m.site = w.site AND m.status = 'completed'
      AND m.work_order_id IN (e.external_id, w.work_order_id::text)
      AND (nullif(current_setting('battery.as_of', true), '')::timestamptz IS NULL OR EXISTS (
          SELECT FROM platform.partition_version v
          WHERE v.table_name = 'maintenance_event' AND v.site = m.site AND v.month = m.month
            AND v.committed_at <= nullif(current_setting('battery.as_of', true), '')::timestamptz))
    ORDER BY m.completed_date LIMIT 1) filed ON true;
