"""Signatures are those of Standard Webhooks: its own library accepts them, and nothing that was changed."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from battery_assets.actions.notifications.webhooks import new_secret
from battery_assets.notify.webhooks.signing import signed

WHEN = datetime(2026, 3, 1, 10, tzinfo=UTC)
BODY = '{"type":"incident.opened","data":{"title":"Zelle überhitzt"}}'.encode()


def test_the_signature_of_the_specification():
    """The worked example of the Standard Webhooks documents (specification 1.0.0, svix's sample)."""
    headers = signed(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_both_secrets_open_while_one_rotates():
    old, new = new_secret(), new_secret()
    headers = signed([new, old], "msg_1", BODY, datetime.now(UTC))  # the library refuses old messages
    for key in (old, new):
        assert Webhook(key).verify(BODY, headers)["type"] == "incident.opened"
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)


@pytest.mark.parametrize("change", ["body", "id", "old", "future"])
def test_what_was_changed_is_refused(change):
    key = new_secret()
    shift = {"old": -timedelta(minutes=6), "future": timedelta(minutes=6)}.get(change, timedelta())
    headers, body = signed([key], "msg_1", BODY, datetime.now(UTC) + shift), BODY
    if change == "body":
        body = BODY.replace(b"opened", b"closed")
    if change == "id":
        headers["webhook-id"] = "msg_2"
    with pytest.raises(WebhookVerificationError):
        Webhook(key).verify(body, headers)


def test_the_zone_of_the_clock_does_not_matter():
    from datetime import timezone

    away = WHEN.astimezone(timezone(timedelta(hours=7)))
    key = new_secret()
    assert signed([key], "a", BODY, away) == signed([key], "a", BODY, WHEN)


def test_secrets_are_long_and_never_the_same():
    found = {new_secret() for _ in range(100)}
    assert len(found) == 100
    assert all(len(base64.b64decode(key.removeprefix("whsec_"))) == 32 for key in found)


def test_without_a_secret_nothing_is_signed():
    with pytest.raises(ValueError, match="rotate"):
        signed([], "a", BODY, WHEN)
