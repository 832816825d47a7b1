"""Signatures of webhooks: Standard Webhooks 1.0.0, one for each secret that is in force.

A receiver checks HMAC-SHA256 over `id.timestamp.body` of the very bytes that arrive, so that the body is
made once and signed as it is sent.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook


def signed(keys: Sequence[str], message_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """Headers of a message: its id, when it was signed, and a signature by each of the secrets.

    `at` has a zone. Raises ValueError without secrets.
    """
    if not keys:
        raise ValueError("a webhook without a secret cannot be signed; next step: rotate its secret")
    text, instant = body.decode("utf-8"), at.astimezone(UTC)
    signatures = [Webhook(key).sign(message_id, instant, text) for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(instant.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
