"""Keys of programs, what was asked with them, and the answers that a repeated request gets again.

`api_usage` is a view of `api_request_logs`: what a key asked for is written once.
"""

import sqlalchemy as sa

from battery_assets.tables.service.columns import (
    count,
    document,
    flag,
    instant,
    kept,
    number,
    of,
    prose,
    several,
    tally,
    words,
)
from battery_assets.tables.service.jobs import numbered
from battery_assets.tables.service.people import users

AGGREGATIONS = ("minute", "hour", "day")

api_keys = kept(
    "api_keys",
    "Keys of programs; the secret was shown once.",
    numbered("Number of the key."),
    of("user_id", users, "Whose it is.", "CASCADE", nullable=False, index=True),
    words("key_hash", "Keyed checksum of the secret.", 64, nullable=False, unique=True),
    words("name", "What it is for.", 120, nullable=False),
    words("prefix", "The key's own identifier, which it begins with.", 12, nullable=False, unique=True),
    several("scopes", "What it may do."),
    count("rate_limit", "Requests a minute.", nullable=False, server_default="600"),
    instant("last_used_at", "When it was used last, to the second."),
    flag("is_active", "It has not been revoked.", True),
    instant("expires_at", "It ends then."),
    several("sites", "Sites that it sees, of those that its owner sees; *: all of them."),
    instant("knowledge_ceiling", "It sees what was known then, and nothing that became known later."),
    instant("revoked_at", "When it was revoked."),
    instant("warned_at", "When its owner was told that it ends soon."),
    sa.CheckConstraint("rate_limit > 0", name="rate_limit"),
    sa.Index("ix_api_keys_is_active", "is_active"),
)

api_request_logs = kept(
    "api_request_logs",
    "Requests to the service, a part for each day.",
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True, comment="Number."),
    words("endpoint", "Route, as the service names it.", nullable=False),
    words("method", "Method.", 10, nullable=False),
    count("status_code", "Status of the answer.", nullable=False),
    instant("request_time", "When it came.", primary_key=True),
    number("response_time_ms", "How long it took.", nullable=False),
    count("request_size_bytes", "Bytes of the body that came."),
    count("response_size_bytes", "Bytes of the body that was sent."),
    words("ip_address", "Address it came from.", 45),
    prose("user_agent", "Program it came from, as that says."),
    of("api_key_id", api_keys, "Key it came with."),
    prose("error_message", "What was wrong, in the service's own words."),
    document("request_payload_sample", "Always NULL: bodies are not kept."),
    document("response_payload_sample", "Always NULL: bodies are not kept."),
    words("request_id", "Number of the request, in all logs.", 64),
    sa.Column("user_id", sa.BigInteger, comment="Person it came from."),
    sa.Index("ix_api_request_logs_api_key_id", "api_key_id", "request_time"),
    sa.Index("ix_api_request_logs_request_id", "request_id"),
    postgresql_partition_by="RANGE (request_time)",
)

api_metrics_summary = kept(
    "api_metrics_summary",
    "Requests by minute, hour and day; figures of a longer period come from its shorter ones' histograms.",
    numbered("Number of the row."),
    instant("period_start", "First instant.", nullable=False),
    instant("period_end", "First instant after it.", nullable=False),
    words("aggregation_type", "minute, hour or day.", 10, nullable=False),
    tally("total_requests", "Requests."),
    tally("successful_requests", "Requests with a status below 400."),
    tally("failed_requests", "The others."),
    number("avg_response_time_ms", "Mean time."),
    number("p50_response_time_ms", "Half were quicker."),
    number("p95_response_time_ms", "95 of 100 were quicker."),
    number("p99_response_time_ms", "99 of 100 were quicker."),
    number("requests_per_second", "Requests a second, over the whole period."),
    number("error_rate", "Share that failed."),
    document("endpoint_metrics", "Of each endpoint: requests, failures, sum, histogram of times."),
    sa.CheckConstraint(sa.column("aggregation_type").in_(AGGREGATIONS), name="aggregation_type"),
    sa.Index("ix_api_metrics_summary_period_type", "period_start", "aggregation_type", unique=True),
)

idempotency_key = kept(
    "idempotency_key",
    "Answers that a repeated request gets again: written in the transaction of what it did.",
    words("caller", "Whose request it was, such as key:12 or user:3.", 40, primary_key=True),
    words("route", "Method and route.", 200, primary_key=True),
    words("key", "Idempotency-Key of the request.", 255, primary_key=True),
    words("request_hash", "SHA-256 of the body.", 64, nullable=False),
    count("status_code", "Status of the answer; NULL while the first is under way."),
    document("headers", "Headers of the answer that are repeated."),
    sa.Column("body", sa.LargeBinary, comment="Body of the answer."),
    instant("expires_at", "It is forgotten then.", nullable=False, index=True),
)

KEY_TABLES = (api_keys, api_request_logs, api_metrics_summary, idempotency_key)
