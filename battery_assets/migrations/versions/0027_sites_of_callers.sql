-- Who acknowledged, as they are called, may be how to reach them: no analyst sees it.
CREATE OR REPLACE VIEW service.incident_entered AS
SELECT own.incident_id,
       min(n.entered_at) FILTER (WHERE n.action = 'acknowledge') AS acknowledged_at,
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
       (array_agg(n.note ORDER BY n.id DESC) FILTER (WHERE n.action = 'note'))[1] AS last_note
FROM service.incident_entry n
JOIN LATERAL (
    SELECT i.incident_id FROM operations.incident i
    WHERE i.incident_id = n.incident_id OR (i.site = n.site AND i.fault = n.fault)
    ORDER BY i.incident_id = n.incident_id DESC, abs(extract(epoch FROM i.created_at - n.began_at)), i.created_at
    LIMIT 1) own ON true
GROUP BY own.incident_id;

-- Read with its owner's rights, whom no policy holds: a caller of the API sees its own sites by its condition.
CREATE OR REPLACE VIEW platform.quarantine AS
SELECT table_name, site, month, file, line, "column", reason, rows,
       CASE WHEN table_name <> 'user' THEN value END AS value,
       CASE WHEN table_name <> 'user' THEN raw END AS raw
FROM platform.quarantined_row
WHERE current_user <> 'battery_api' OR site = ANY (string_to_array(current_setting('battery.sites', true), ','));
