-- Rows of partitions that are whole, and that were made from what has changed since.
CREATE VIEW fleet.stale_months AS
SELECT site, month, array_agg(table_name ORDER BY table_name) AS tables, max(committed_at) AS committed_at
FROM platform.partition_version
WHERE state = 'stale'
GROUP BY site, month;
