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
FROM (SELECT DISTINCT ON (one.work_order_id) one.* FROM operations.work_order one
      WHERE (platform.as_of() = 'infinity' OR EXISTS (SELECT FROM platform.partition_version known
          WHERE known.table_name = 'work_order' AND known.site = one.site AND known.month = one.month
            AND known.committed_at <= platform.as_of()))
      ORDER BY one.work_order_id, one.month DESC) w
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
LEFT JOIN fleet.battery_system AS own ON own.system_code = plan.system
WHERE plan.due IS NOT NULL
ORDER BY plan.system, plan.seen_until DESC, plan.id DESC;

DROP TABLE service.work_order_proposal;
