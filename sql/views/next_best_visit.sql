-- Where a visit avoids most failures of the next 90 days: a string's test, which shows every jar, or a retest.
CREATE VIEW fleet.next_best_visit AS
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
