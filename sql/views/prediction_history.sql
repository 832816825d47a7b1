-- What was predicted for a jar, month by month, and what became of it.
CREATE VIEW fleet.prediction_history AS
SELECT b.site, b.battery_code, p.battery_id, p.predicted_at, p.source, m.model_name, m.version,
       p.rul_days, p.rul_lower_ci_days, p.rul_upper_ci_days, p.failure_probability_30d,
       p.failure_probability_90d, p.confidence_score, b.replaced_date,
       CASE WHEN b.replaced_date IS NOT NULL
            THEN b.replaced_date - (p.predicted_at AT TIME ZONE 'UTC')::date END AS days_to_replacement,
       EXISTS (SELECT FROM platform.partition_version v
               WHERE v.state = 'stale' AND v.table_name = 'rul_prediction'
                 AND v.site = p.site AND v.month = p.month) AS stale
FROM fleet.rul_prediction p
JOIN fleet.battery b USING (battery_id)
LEFT JOIN ml.ml_model m ON m.model_id = p.model_id;
