CREATE TABLE service.work_order_proposal (
	work_order_id UUID NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	fault VARCHAR(60) NOT NULL, 
	location_id UUID, 
	title VARCHAR(200) NOT NULL, 
	description TEXT, 
	priority VARCHAR(6) NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	due_date TIMESTAMP WITH TIME ZONE, 
	proposed_by VARCHAR(120) NOT NULL, 
	CONSTRAINT pk_work_order_proposal PRIMARY KEY (work_order_id), 
	CONSTRAINT ck_work_order_proposal_priority CHECK (priority IN ('low', 'medium', 'high', 'urgent'))
);

CREATE INDEX ix_work_order_proposal_site_fault ON service.work_order_proposal (site, fault);

COMMENT ON TABLE service.work_order_proposal IS 'Work that forecasts propose: orders of fleet.work_order beside those of faults.';

COMMENT ON COLUMN service.work_order_proposal.work_order_id IS 'Unique identifier of the order.';

COMMENT ON COLUMN service.work_order_proposal.site IS 'Site.';

COMMENT ON COLUMN service.work_order_proposal.fault IS 'What is due: kind and identifier of the unit.';

COMMENT ON COLUMN service.work_order_proposal.location_id IS 'Location.';

COMMENT ON COLUMN service.work_order_proposal.title IS 'Title.';

COMMENT ON COLUMN service.work_order_proposal.description IS 'What is to be done, as it was said last.';

COMMENT ON COLUMN service.work_order_proposal.priority IS 'Urgency, as it was said last.';

COMMENT ON COLUMN service.work_order_proposal.created_at IS 'When it was proposed first.';

COMMENT ON COLUMN service.work_order_proposal.due_date IS 'Due by, as it was said last.';

COMMENT ON COLUMN service.work_order_proposal.proposed_by IS 'Forecast that said it last.';

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
    SELECT w.work_order_id
    FROM (SELECT work_order_id, site, fault, created_at FROM operations.work_order
          UNION ALL SELECT work_order_id, site, fault, created_at FROM service.work_order_proposal) w
    WHERE w.work_order_id = n.work_order_id OR (w.site = n.site AND w.fault = n.fault)
    ORDER BY w.work_order_id = n.work_order_id DESC,
             abs(extract(epoch FROM w.created_at - n.began_at)), w.created_at
    LIMIT 1) own ON true
WHERE n.entered_at <= platform.as_of()
GROUP BY own.work_order_id;

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
FROM ((SELECT DISTINCT ON (work_order_id)
              work_order_id, incident_id, location_id, title, description, priority, status, created_at, due_date,
              completed_at, assigned_to, resolution_notes, site, month, fault, battery_id, string_id
       FROM operations.work_order one
       WHERE (platform.as_of() = 'infinity' OR EXISTS (SELECT FROM platform.partition_version known
           WHERE known.table_name = 'work_order' AND known.site = one.site AND known.month = one.month
             AND known.committed_at <= platform.as_of()))
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
            AND known.committed_at <= platform.as_of()))
    ORDER BY m.completed_date LIMIT 1) filed ON true;

CREATE OR REPLACE VIEW fleet.capacitor_exchange AS
SELECT DISTINCT ON (plan.system)
       own.site, plan.system AS system_code,
       'Exchange the filter capacitor of ' || plan.system AS title,
       format('Lost %s %% by %s, %s %% a year; a fifth is gone between %s and %s.', round(100 * plan.loss::numeric),
              plan.seen_until, round(100 * plan.loss_a_year::numeric), plan.due_early, plan.due_late) AS description,
       CASE WHEN plan.due_early <= plan.seen_until + 31 THEN 'high'
            WHEN plan.due_early <= plan.seen_until + 183 THEN 'medium' ELSE 'low' END AS priority,
       'proposed' AS status, to_char(plan.due_early, 'YYYY-MM') AS due_month, plan.due_early, plan.due AS due_date,
       plan.due_late, plan.loss, plan.loss_a_year, plan.seen_until, data.name AS dataset
FROM experiments.capacitor_exchange AS plan
JOIN experiments.datasets AS data ON data.id = plan.dataset_id
LEFT JOIN fleet.battery_system AS own ON plan.system IN (own.system_code, own.site || '-' || own.system_code)
WHERE plan.due IS NOT NULL
ORDER BY plan.system, plan.seen_until DESC, plan.id DESC;
