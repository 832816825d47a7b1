"""The body of a webhook: thin, and the same bytes at each attempt."""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

# Standard Webhooks advises payloads under 20 kB.
MOST_BYTES = 20_000


def content(event: sa.Row | Any) -> dict[str, Any]:
    """What a receiver is sent about an event of the outbox."""
    payload: Mapping[str, Any] = event.payload
    data = {
        "event_id": str(event.event_id),
        "title": payload["title"],
        "severity": event.severity,
        "site": event.site,
        "object": {"kind": event.object_kind, "id": event.object_id},
        "group": event.group_key,
        "before": payload.get("before") or None,
        "after": payload.get("after") or None,
        "facts": payload.get("facts", {}),
    }
    body = {"type": event.event_type, "timestamp": payload["at"], "data": data}
    if len(as_bytes(body)) > MOST_BYTES:
        data["facts"] = {"left_out": "more than 20 kB: ask the API for the object"}
    return body


def as_bytes(body: Mapping[str, Any]) -> bytes:
    """The bytes that are signed and sent."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
