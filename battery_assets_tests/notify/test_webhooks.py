"""Webhooks to a real receiver: signed, retried, given up, replayed; and never where they may not go."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from battery_assets.actions.notifications import webhooks
from battery_assets.errors import UserError
from battery_assets.platform import clock
from battery_assets.platform.outbox.kinds import ALERT_RAISED
from battery_assets.platform.sealing import Seal
from battery_assets.platform.warehouse.database import transaction
from battery_assets_tests.worlds.notices.books import hook, opened, person, rows, tell, worker
from battery_assets_tests.worlds.notices.receivers import http_receiver

DELIVERIES = "SELECT * FROM service.delivery WHERE channel = 'webhook' ORDER BY id"
LOGS = "SELECT * FROM service.webhook_logs ORDER BY id"
HOOK = "SELECT * FROM service.webhook_configurations"


@pytest.fixture
def receiver(tmp_path):
    """A receiver that takes everything."""
    with http_receiver(tmp_path) as found:
        yield found


def test_a_webhook_arrives_signed_and_is_logged(warehouse_url, tmp_path, receiver):
    _, secret = hook(warehouse_url, tmp_path, person(warehouse_url, "anna"), receiver.url())
    tell(warehouse_url, opened(1))
    assert worker(warehouse_url, tmp_path).once()["webhooks"] == 1
    (request,) = receiver.requests
    body = Webhook(secret).verify(request["body"], request["headers"])
    assert body["type"] == "incident.opened"
    assert body["data"]["object"] == {"kind": "incident", "id": "1"}
    (log,) = rows(warehouse_url, LOGS)
    assert (log.status, log.http_status_code, log.retry_count) == ("sent", 204, 0)
    assert log.message_id == request["headers"]["webhook-id"]
    assert worker(warehouse_url, tmp_path).once()["webhooks"] == 0
    assert len(receiver.requests) == 1


def test_the_same_fact_is_told_once(warehouse_url, tmp_path, receiver):
    hook(warehouse_url, tmp_path, person(warehouse_url, "anna"), receiver.url())
    assert tell(warehouse_url, opened(1), opened(1)) == 1
    worker(warehouse_url, tmp_path).once()
    assert tell(warehouse_url, opened(1)) == 0
    worker(warehouse_url, tmp_path).once()
    assert len(receiver.requests) == 1


def test_what_is_rolled_back_is_told_to_nobody(warehouse_url, tmp_path, receiver):
    from battery_assets.platform.outbox.events import emit

    hook(warehouse_url, tmp_path, person(warehouse_url, "anna"), receiver.url())
    with contextlib.suppress(InterruptedError), transaction(warehouse_url) as connection:
        emit(connection, opened(1))
        raise InterruptedError
    assert worker(warehouse_url, tmp_path).once()["routed"] == 0
    assert not receiver.requests


def test_people_hear_of_their_sites_their_kinds_and_not_of_what_they_muted(warehouse_url, tmp_path, receiver):
    from battery_assets.actions.notifications.preferences import mute

    away = person(warehouse_url, "away", sites=("hue",))
    picky = person(warehouse_url, "picky")
    deaf = person(warehouse_url, "deaf")
    for user, path, kinds in (
        (away, "/away", ("*",)),
        (picky, "/picky", (ALERT_RAISED.name,)),
        (deaf, "/deaf", ("*",)),
    ):
        hook(warehouse_url, tmp_path, user, receiver.url(path), kinds)
    with transaction(warehouse_url) as connection:
        mute(connection, deaf, "incident", "1")
        mute(connection, deaf, "string", "s7")
    tell(warehouse_url, opened(1), opened(2, facts={"string_id": "s7"}), opened(3), opened(4, site="hue"))
    worker(warehouse_url, tmp_path).once()
    told = sorted((r["path"], r["body"].split('"title":"Fault ')[1][0]) for r in receiver.requests)
    assert told == [("/away", "4"), ("/deaf", "3"), ("/deaf", "4")]


@pytest.mark.parametrize(
    ("status", "headers"),
    [(302, {"location": "http://127.0.0.1:1/"}), (503, {"retry-after": "7200"}), (500, {}), (404, {})],
)
def test_a_refusal_is_tried_again_later_and_a_redirect_is_one(warehouse_url, tmp_path, status, headers):
    with http_receiver(tmp_path, every=1, status=status, headers=headers) as receiver:
        hook(warehouse_url, tmp_path, person(warehouse_url, "anna"), receiver.url())
        tell(warehouse_url, opened(1))
        before = clock.now()
        assert worker(warehouse_url, tmp_path).once()["webhooks"] == 0
        assert len(receiver.requests) == 1
    (log,) = rows(warehouse_url, LOGS)
    assert (log.status, log.http_status_code) == ("failed", status)
    (delivery,) = rows(warehouse_url, DELIVERIES)
    wait = (delivery.next_at - before).total_seconds()
    assert wait >= 7200 if "retry-after" in headers else 3.9 < wait < 10
    assert rows(warehouse_url, HOOK)[0].consecutive_failures == 1


def test_gone_disables_at_once_and_its_owner_hears_of_it(warehouse_url, tmp_path):
    with http_receiver(tmp_path, every=1, status=410) as receiver:
        hook(warehouse_url, tmp_path, person(warehouse_url, "anna"), receiver.url())
        tell(warehouse_url, opened(1))
        worker(warehouse_url, tmp_path).once()
    (found,) = rows(warehouse_url, HOOK)
    assert not found.is_active
    assert found.disabled_reason == "it answered 410 Gone"
    assert rows(warehouse_url, DELIVERIES)[0].given_up_at
    assert [row.event_type for row in rows(warehouse_url, "SELECT event_type FROM service.outbox ORDER BY id")] == [
        "incident.opened", "webhook.disabled",
    ]  # fmt: skip
    assert rows(warehouse_url, "SELECT FROM service.system_logs WHERE action = 'webhook.disable'")


def test_ten_tries_then_it_is_given_up_and_five_days_disable(warehouse_url, tmp_path):
    """The clock is moved on: warned on the fourth day, disabled a day after that, and on again by hand."""
    start = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with http_receiver(tmp_path, every=1, status=500) as receiver:
        anna = person(warehouse_url, "anna")
        number, _ = hook(warehouse_url, tmp_path, anna, receiver.url())
        told: dict[str, float] = {}
        for hours in range(0, 6 * 24, 6):
            with clock.stop_at(start + timedelta(hours=hours)):
                tell(warehouse_url, opened(hours))
                worker(warehouse_url, tmp_path).once()
                for row in rows(
                    warehouse_url, "SELECT event_type FROM service.outbox WHERE event_type LIKE 'webhook%'"
                ):
                    told.setdefault(row.event_type, hours)
                if "webhook.disabled" in told:
                    break
    assert told == {"webhook.failing": 96, "webhook.disabled": 120}
    tries = rows(
        warehouse_url, "SELECT max(attempts) AS most, count(given_up_at) AS given_up FROM service.delivery"
    )[0]
    assert tries.most == 10
    assert tries.given_up > 0
    with transaction(warehouse_url) as connection:
        webhooks.change(connection, anna, number, lambda _: None, is_active=True)
    (found,) = rows(warehouse_url, HOOK)
    assert (found.is_active, found.consecutive_failures, found.failing_since) == (True, 0, None)


def test_where_it_may_not_go_nothing_is_sent(warehouse_url, tmp_path, receiver):
    """The network is not allowed for its port: the guard refuses, the log says so, the receiver hears nothing."""
    anna = person(warehouse_url, "anna")
    hook(warehouse_url, tmp_path, anna, receiver.url())
    rows(warehouse_url, "UPDATE service.webhook_network SET port = 1 RETURNING id")
    tell(warehouse_url, opened(1))
    worker(warehouse_url, tmp_path).once()
    (log,) = rows(warehouse_url, LOGS)
    assert log.status == "refused"
    assert "not public" in log.error_message
    assert log.sent_at is None
    assert not receiver.requests


def test_a_silent_receiver_keeps_nobody_waiting(warehouse_url, tmp_path, receiver):
    anna = person(warehouse_url, "anna")
    dead = receiver.url().replace(str(receiver.port), "1")
    hook(warehouse_url, tmp_path, anna, dead)
    hook(warehouse_url, tmp_path, anna, receiver.url())
    tell(warehouse_url, *(opened(n) for n in range(40)))
    assert worker(warehouse_url, tmp_path).once()["webhooks"] == 40
    tried = rows(warehouse_url, "SELECT count(*) AS n FROM service.webhook_logs WHERE status = 'failed'")[0].n
    assert 1 <= tried <= 20


def test_a_rotated_secret_stands_beside_the_new_one_for_a_day(warehouse_url, tmp_path, receiver):
    anna = person(warehouse_url, "anna")
    number, old = hook(warehouse_url, tmp_path, anna, receiver.url())
    new = "whsec_" + "bmV3IHNlY3JldCBvZiB0aGlydHktdHdvIGJ5dGVzISE="
    with transaction(warehouse_url) as connection:
        webhooks.rotate(connection, Seal(tmp_path), anna, number, new)
        webhooks.test(connection, anna, number)
    worker(warehouse_url, tmp_path).once()
    (request,) = receiver.requests
    for secret in (old, new):
        assert Webhook(secret).verify(request["body"], request["headers"])["type"] == "notification.test"
    later = clock.now() + timedelta(hours=25)
    with clock.stop_at(later), transaction(warehouse_url) as connection:
        webhooks.test(connection, anna, number)
    with clock.stop_at(later):
        worker(warehouse_url, tmp_path).once()
    assert len(receiver.requests[-1]["headers"]["webhook-signature"].split()) == 1


def test_replay_sends_again_under_the_same_id(warehouse_url, tmp_path, receiver):
    anna = person(warehouse_url, "anna")
    number, _ = hook(warehouse_url, tmp_path, anna, receiver.url())
    tell(warehouse_url, opened(1))
    worker(warehouse_url, tmp_path).once()
    message = receiver.requests[0]["headers"]["webhook-id"]
    with transaction(warehouse_url) as connection:
        webhooks.replay_one(connection, anna, number, message)
        assert webhooks.replay(connection, anna, number, clock.now() + timedelta(hours=1)) == 0
    worker(warehouse_url, tmp_path).once()
    assert [r["headers"]["webhook-id"] for r in receiver.requests] == [message, message]
    assert receiver.requests[0]["body"] == receiver.requests[1]["body"]


def test_secrets_are_in_no_table(warehouse_url, tmp_path, receiver):
    anna = person(warehouse_url, "anna", role="admin")
    _, secret = hook(warehouse_url, tmp_path, anna, receiver.url())
    with transaction(warehouse_url) as connection:
        chat = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alerts"
        webhooks.add(connection, Seal(tmp_path), anna, "chat", chat, ["*"], "", lambda _: None, "slack")
    stored = str(rows(warehouse_url, HOOK)) + str(rows(warehouse_url, "SELECT * FROM service.system_logs"))
    assert secret.removeprefix("whsec_") not in stored
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in stored
    assert Seal(tmp_path).unseal(rows(warehouse_url, HOOK)[0].secret) == secret
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0


def test_what_is_no_webhook_is_refused(warehouse_url, tmp_path):
    from battery_assets.notify.webhooks.addresses import Forbidden, check_form

    anna = person(warehouse_url, "anna")
    cases = [({"kinds": ["no.such"]}, "no kind"), ({"kinds": []}, "no kind"), ({"provider": "slack"}, "admin"),
             ({"provider": "pager"}, "no provider"), ({"name": " "}, "name")]  # fmt: skip
    for other, words in cases:
        values = {
            "name": "x",
            "url": "https://example.org/",
            "kinds": ["*"],
            "secret": "s",
            "check": check_form,
            **other,
        }
        with pytest.raises(UserError, match=words), transaction(warehouse_url) as connection:
            webhooks.add(connection, Seal(tmp_path), anna, **values)
    with pytest.raises(Forbidden), transaction(warehouse_url) as connection:
        webhooks.add(connection, Seal(tmp_path), anna, "x", "file:///x", ["*"], "s", check_form)
    assert not rows(warehouse_url, HOOK)
