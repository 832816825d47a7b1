-- Work that the capacitor calendar proposes: a rectifier's capacitor before it has lost a fifth. People open the
-- order; the newest dataset of a system speaks.
CREATE VIEW fleet.capacitor_exchange AS
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
