"""What requests come to by minute, hour and day: histograms that add up, and percentiles read off them.

A bucket holds the times between 1.02^k and 1.02^(k+1) ms and is read as its middle, so a percentile is within
1 % of the raw one. A mean of hourly percentiles is none of the day's: hours add up minutes' buckets instead.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

GROWTH = 1.02
# Figures by minute for a week, by hour for a year; days stay.
KEPT = {"minute": timedelta(days=8), "hour": timedelta(days=400)}

_MINUTES = """
WITH cells AS (
    SELECT date_trunc('minute', request_time) AS began, endpoint,
           floor(ln(greatest(response_time_ms, 0.001)) / ln(1.02))::int AS bucket, count(*) AS n,
           sum(response_time_ms) AS ms, count(*) FILTER (WHERE status_code >= 400) AS failed
    FROM service.api_request_logs WHERE request_time >= :since AND request_time < :until GROUP BY 1, 2, 3),
endpoints AS (
    SELECT began, endpoint, sum(n) AS n, sum(ms) AS ms, sum(failed) AS failed,
           jsonb_object_agg(bucket, n) AS histogram FROM cells GROUP BY 1, 2)
"""
_LONGER = """
WITH parts AS (
    SELECT date_trunc(:kind, period_start, 'UTC') AS began, e.key AS endpoint, e.value AS said
    FROM service.api_metrics_summary s, jsonb_each(s.endpoint_metrics) e
    WHERE s.aggregation_type = :shorter AND s.period_start >= :since AND s.period_start < :until),
cells AS (
    SELECT began, endpoint, h.key::int AS bucket, sum(h.value::bigint) AS n
    FROM parts, jsonb_each_text(said -> 'histogram') h GROUP BY 1, 2, 3),
endpoints AS (
    SELECT began, endpoint, sum((said ->> 'requests')::bigint) AS n, sum((said ->> 'sum_ms')::float8) AS ms,
           sum((said ->> 'failures')::bigint) AS failed,
           (SELECT jsonb_object_agg(c.bucket, c.n) FROM cells c
            WHERE c.began = parts.began AND c.endpoint = parts.endpoint) AS histogram
    FROM parts GROUP BY 1, 2)
"""
_REST = """,
totals AS (
    SELECT began, sum(n) AS n, sum(ms) AS ms, sum(failed) AS failed,
           jsonb_object_agg(endpoint, jsonb_build_object('requests', n, 'failures', failed, 'sum_ms', ms,
                                                         'histogram', histogram)) AS endpoints
    FROM endpoints GROUP BY 1),
ranked AS (
    SELECT began, bucket, sum(sum(n)) OVER (PARTITION BY began ORDER BY bucket) AS upto,
           sum(sum(n)) OVER (PARTITION BY began) AS n
    FROM cells GROUP BY 1, 2),
quantiles AS (
    SELECT began, min(bucket) FILTER (WHERE upto >= 0.5 * n) AS p50,
           min(bucket) FILTER (WHERE upto >= 0.95 * n) AS p95,
           min(bucket) FILTER (WHERE upto >= 0.99 * n) AS p99
    FROM ranked GROUP BY 1)
INSERT INTO service.api_metrics_summary AS s
    (period_start, period_end, aggregation_type, total_requests, successful_requests, failed_requests,
     avg_response_time_ms, p50_response_time_ms, p95_response_time_ms, p99_response_time_ms,
     requests_per_second, error_rate, endpoint_metrics)
SELECT began, began + ('1 ' || :kind)::interval, :kind, n, n - failed, failed, ms / n,
       power(1.02::float8, p50 + 0.5), power(1.02::float8, p95 + 0.5), power(1.02::float8, p99 + 0.5),
       n / extract(epoch FROM ('1 ' || :kind)::interval), failed / n, endpoints
FROM totals JOIN quantiles USING (began)
ON CONFLICT (period_start, aggregation_type) DO UPDATE SET
    total_requests = excluded.total_requests, successful_requests = excluded.successful_requests,
    failed_requests = excluded.failed_requests, avg_response_time_ms = excluded.avg_response_time_ms,
    p50_response_time_ms = excluded.p50_response_time_ms,
    p95_response_time_ms = excluded.p95_response_time_ms,
    p99_response_time_ms = excluded.p99_response_time_ms, requests_per_second = excluded.requests_per_second,
    error_rate = excluded.error_rate, endpoint_metrics = excluded.endpoint_metrics, updated_at = now()
"""
_NEWEST = sa.text("SELECT max(period_end) FROM service.api_metrics_summary WHERE aggregation_type = 'minute'")
_FORGET = sa.text(
    "DELETE FROM service.api_metrics_summary WHERE aggregation_type = :kind AND period_end < :before"
)


def summarise(connection: sa.Connection, since: datetime, until: datetime) -> None:
    """Sum up the whole minutes from `since` to `until`, and the hours and days that they lie in.

    What was summed up before is summed up anew: rows that came late are counted.
    """
    minute, until = since.replace(second=0, microsecond=0), until.replace(second=0, microsecond=0)
    hour = minute.replace(minute=0)
    connection.execute(sa.text(_MINUTES + _REST), {"kind": "minute", "since": minute, "until": until})
    longer = sa.text(_LONGER + _REST)
    for kind, shorter, first in (("hour", "minute", hour), ("day", "hour", hour.replace(hour=0))):
        connection.execute(longer, {"kind": kind, "shorter": shorter, "since": first, "until": until})


def summed_up_to(connection: sa.Connection) -> datetime | None:
    """The end of the newest minute that was summed up."""
    newest: datetime | None = connection.execute(_NEWEST).scalar_one()
    return newest


def forget(connection: sa.Connection, now: datetime) -> None:
    """Forget figures of short periods that are old."""
    for kind, kept in KEPT.items():
        connection.execute(_FORGET, {"kind": kind, "before": now - kept})
