-- One row for each string: its weakest jar decides, the others tell how far it stands out.
CREATE VIEW fleet.string_health_now AS
SELECT j.site, j.string_code, count(*) AS jars, min(j.soh_pct) AS soh_pct_min,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY j.soh_pct) AS soh_pct_median,
       (array_agg(j.battery_code ORDER BY j.soh_pct NULLS LAST))[1] AS weakest_jar,
       min(j.rul_days) AS rul_days_min,
       1 - exp(sum(ln(greatest(1 - coalesce(j.failure_probability_90d, 0), 1e-9)))) AS failure_probability_90d,
       max(j.t_mean) AS t_mean_max, max(j.captured_at) AS captured_at,
       bool_or(j.stale) AS stale
FROM fleet.jar_health_now j
GROUP BY j.site, j.string_code;
