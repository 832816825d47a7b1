"""Mails through a real SMTP server: what is critical at once, the rest as a difference, silence proven weekly."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from battery_assets.actions.notifications.preferences import choose, inbox, mark_read, preferences
from battery_assets.errors import UserError
from battery_assets.notify.mail.message import BadAddress, mail
from battery_assets.platform import clock
from battery_assets.platform.outbox.kinds import CRITICAL, RUN_FAILED
from battery_assets.platform.outbox.life import week_of
from battery_assets.platform.outbox.routing import boundary
from battery_assets.platform.warehouse.database import transaction
from battery_assets_tests.worlds.notices.books import SENDER, opened, person, rows, tell, worker
from battery_assets_tests.worlds.notices.receivers import smtp_receiver

# A Wednesday.
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MAILS = "SELECT * FROM service.email_logs ORDER BY id"


@pytest.fixture(scope="module")
def server():
    """One SMTP server for the file."""
    with smtp_receiver() as found:
        yield found


@pytest.fixture
def smtp(server):
    """The server, with an empty inbox."""
    server.mails.clear()
    return server


def without_proof(url: str, user: int) -> None:
    """This person wants no weekly proof of life."""
    with transaction(url) as connection:
        choose(connection, user, "proof_of_life", email_enabled=False)


def work(url, home, smtp, at: datetime) -> dict[str, int]:
    """What a worker does at that instant."""
    with clock.stop_at(at):
        return worker(url, home, smtp.url).once()


def test_what_is_critical_goes_at_once_the_rest_waits_for_the_digest(warehouse_url, tmp_path, smtp):
    without_proof(warehouse_url, person(warehouse_url, "anna"))
    with clock.stop_at(NOON):
        tell(warehouse_url, opened(1, severity=CRITICAL), opened(2), opened(3))
    work(warehouse_url, tmp_path, smtp, NOON)
    (mail_,) = smtp.mails
    assert (mail_["To"], mail_["From"]) == ("anna@example.org", SENDER)
    assert mail_["Subject"] == "[critical] hanoi: Fault 1"
    work(warehouse_url, tmp_path, smtp, NOON + timedelta(hours=12))
    assert len(smtp.mails) == 1
    work(warehouse_url, tmp_path, smtp, NOON + timedelta(hours=18))
    assert smtp.mails[1]["Subject"] == "daily digest: 2 changes"
    text = smtp.mails[1].get_content()
    assert "hanoi: Fault 2: new -> high" in text
    assert "Fault 1" not in text
    work(warehouse_url, tmp_path, smtp, NOON + timedelta(hours=43))
    assert len(smtp.mails) == 2
    logs = rows(warehouse_url, MAILS)
    assert [(log.status, log.event_type) for log in logs] == [("sent", "incident.opened"), ("sent", "digest")]
    assert all(log.opened_at is None and log.clicked_at is None and log.delivered_at is None for log in logs)
    assert [f"<{log.message_id}@example.org>" for log in logs] == [one["Message-ID"] for one in smtp.mails]


def test_nothing_changed_no_mail(warehouse_url, tmp_path, smtp):
    """It rose and fell back within the day: the digest would be empty, so that there is none."""
    without_proof(warehouse_url, person(warehouse_url, "anna"))
    with clock.stop_at(NOON):
        tell(warehouse_url, opened(1), opened(1, fact="over", before="high", after=""))
    work(warehouse_url, tmp_path, smtp, NOON)
    assert rows(warehouse_url, "SELECT count(*) AS n FROM service.email_digest_queue")[0].n == 2
    work(warehouse_url, tmp_path, smtp, NOON + timedelta(days=2))
    assert not smtp.mails
    assert not rows(warehouse_url, "SELECT FROM service.email_digest_queue WHERE NOT included_in_digest")


def test_an_incident_is_one_message_at_once_not_one_for_each_jar(warehouse_url, tmp_path, smtp):
    without_proof(warehouse_url, person(warehouse_url, "anna"))
    with clock.stop_at(NOON):
        tell(warehouse_url, *(opened(n, severity=CRITICAL, group="incident:7") for n in range(30)))
    work(warehouse_url, tmp_path, smtp, NOON)
    assert len(smtp.mails) == 1
    with clock.stop_at(NOON + timedelta(minutes=10)):
        tell(warehouse_url, opened(99, severity=CRITICAL, group="incident:7"))
    work(warehouse_url, tmp_path, smtp, NOON + timedelta(minutes=10))
    assert len(smtp.mails) == 1
    work(warehouse_url, tmp_path, smtp, NOON + timedelta(hours=1))
    assert [one["Subject"] for one in smtp.mails[1:]] == ["hourly digest: 1 change, 1 of them critical"]


def test_each_person_as_they_chose(warehouse_url, tmp_path, smtp):
    users = {name: person(warehouse_url, name) for name in ("now", "hour", "week", "never", "silent")}
    with transaction(warehouse_url) as connection:
        for name, frequency in (
            ("now", "immediate"),
            ("hour", "hourly"),
            ("week", "weekly"),
            ("never", "never"),
        ):
            choose(connection, users[name], "incident.opened", email_frequency=frequency)
        choose(connection, users["silent"], "incident.opened", email_enabled=False, in_app_enabled=False)
        for user in users.values():
            choose(connection, user, "proof_of_life", email_enabled=False)
    with clock.stop_at(NOON):
        tell(warehouse_url, opened(1))
    to = []
    for hours in (0, 1, 24, 24 * 5):
        work(warehouse_url, tmp_path, smtp, NOON + timedelta(hours=hours))
        to.append([one["To"].split("@")[0] for one in smtp.mails])
        smtp.mails.clear()
    assert to == [["now"], ["hour"], [], ["week"]]
    with clock.stop_at(NOON + timedelta(days=6)):
        tell(warehouse_url, opened(2, severity=CRITICAL))
    work(warehouse_url, tmp_path, smtp, NOON + timedelta(days=6))
    assert sorted(one["To"].split("@")[0] for one in smtp.mails) == ["hour", "now", "week"]
    with transaction(warehouse_url) as connection:
        assert [row["payload"]["title"] for row in inbox(connection, users["never"])] == [
            "Fault 2",
            "Fault 1",
        ]
        assert not inbox(connection, users["silent"])
        assert mark_read(connection, users["never"], 10**9) == 2
        assert not inbox(connection, users["never"], unread=True)


def test_once_a_week_silence_is_proven_and_only_once(warehouse_url, tmp_path, smtp):
    anna = person(warehouse_url, "anna")
    monday = datetime(2026, 3, 9, 6, tzinfo=UTC)
    work(warehouse_url, tmp_path, smtp, monday)
    (mail_,) = smtp.mails
    assert mail_["Subject"] == "weekly: nothing has changed"
    assert "0  sites and labs" in mail_.get_content()
    for hours in (0, 1, 48, 167):
        work(warehouse_url, tmp_path, smtp, monday + timedelta(hours=hours))
    assert len(smtp.mails) == 1
    with transaction(warehouse_url) as connection:
        choose(connection, anna, "incident.opened", email_frequency="weekly")
    with clock.stop_at(monday + timedelta(days=3)):
        tell(warehouse_url, opened(1))
        worker(warehouse_url, tmp_path, smtp.url).once()
    work(warehouse_url, tmp_path, smtp, monday + timedelta(days=7))
    (mail_,) = smtp.mails[1:]
    assert mail_["Subject"] == "weekly digest: 1 change"
    assert "sites and labs" in mail_.get_content()


def test_what_the_server_refuses_is_logged_and_not_tried_again(warehouse_url, tmp_path, smtp):
    without_proof(warehouse_url, anna := person(warehouse_url, "anna"))
    rows(
        warehouse_url,
        f"UPDATE service.users SET email = 'anna@refused.example' WHERE id = {anna} RETURNING id",
    )
    with clock.stop_at(NOON):
        tell(warehouse_url, opened(1, severity=CRITICAL))
    for days in range(3):
        work(warehouse_url, tmp_path, smtp, NOON + timedelta(days=days))
    (log,) = rows(warehouse_url, MAILS)
    assert (log.status, log.retry_count, log.sent_at) == ("failed", 0, None)
    assert "550 no such mailbox" in log.error_message


def test_a_server_that_is_away_is_tried_again(warehouse_url, tmp_path, smtp):
    without_proof(warehouse_url, person(warehouse_url, "anna"))
    with clock.stop_at(NOON):
        tell(warehouse_url, opened(1, severity=CRITICAL))
        worker(warehouse_url, tmp_path, "smtp://127.0.0.1:1").once()
    (log,) = rows(warehouse_url, MAILS)
    assert (log.status, log.sent_at) == ("queued", None)
    work(warehouse_url, tmp_path, smtp, NOON + timedelta(minutes=1))
    (log,) = rows(warehouse_url, MAILS)
    assert (log.status, log.retry_count, log.error_message) == ("sent", 1, None)
    assert len(smtp.mails) == 1


def test_without_a_mail_server_nothing_is_queued(warehouse_url, tmp_path):
    person(warehouse_url, "anna")
    tell(warehouse_url, opened(1, severity=CRITICAL), opened(2))
    worker(warehouse_url, tmp_path).once()
    assert not rows(warehouse_url, "SELECT FROM service.delivery WHERE channel = 'email'")
    assert not rows(warehouse_url, "SELECT FROM service.email_digest_queue")
    assert len(rows(warehouse_url, "SELECT FROM service.delivery WHERE channel = 'in_app'")) == 2


def test_no_text_of_an_event_adds_a_header(warehouse_url, tmp_path, smtp):
    without_proof(warehouse_url, person(warehouse_url, "anna"))
    title = "Jar 7\r\nBcc: victim@example.org\r\n\r\nhello\u2028x"
    with clock.stop_at(NOON):
        from battery_assets.platform.outbox.events import Event

        tell(
            warehouse_url,
            Event(RUN_FAILED, "run", "r\nBcc: b@example.org", title, severity=CRITICAL, site="a\nb"),
        )
    work(warehouse_url, tmp_path, smtp, NOON)
    (mail_,) = smtp.mails
    assert mail_["Bcc"] is None
    assert mail_["Subject"] == "[critical] a b: Jar 7 Bcc: victim@example.org hello x"
    assert {name.lower() for name in mail_.keys()} <= {  # noqa: SIM118
        "from", "to", "subject", "date", "message-id", "auto-submitted", "x-event", "content-type",
        "content-transfer-encoding", "mime-version", "x-peer", "x-mailfrom", "x-rcptto",
    }  # fmt: skip


@pytest.mark.parametrize(
    "address", ["a@b.org, c@d.org", "a@b.org\nBcc: x@y.org", "A <a@b.org>", "a", "@b", "a@", "a b@c", ""]
)
def test_what_is_no_address_gets_no_mail(address):
    with pytest.raises(BadAddress):
        mail(sender=SENDER, to=address, subject="x", text="x", message_id="1", at=NOON, list_name="x")


@pytest.mark.parametrize(
    ("frequency", "at", "expected"),
    [
        ("hourly", NOON, NOON + timedelta(hours=1)),
        ("daily", NOON, datetime(2026, 3, 5, 6, tzinfo=UTC)),
        ("daily", datetime(2026, 3, 5, 5, 59, tzinfo=UTC), datetime(2026, 3, 5, 6, tzinfo=UTC)),
        ("weekly", NOON, datetime(2026, 3, 9, 6, tzinfo=UTC)),
        ("weekly", datetime(2026, 3, 9, 6, tzinfo=UTC), datetime(2026, 3, 16, 6, tzinfo=UTC)),
    ],
)
def test_digests_go_on_the_hour_at_six_and_on_mondays(frequency, at, expected):
    assert boundary(frequency, at) == expected


BERLIN, BANGKOK = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Bangkok")


@pytest.mark.parametrize(
    ("frequency", "at", "zone", "expected"),
    [
        ("daily", NOON, BANGKOK, datetime(2026, 3, 4, 23, tzinfo=UTC)),
        ("hourly", NOON, BANGKOK, NOON + timedelta(hours=1)),
        # Sunday in UTC is Monday in Bangkok.
        ("weekly", datetime(2026, 3, 8, 22, 59, tzinfo=UTC), BANGKOK, datetime(2026, 3, 8, 23, tzinfo=UTC)),
        ("weekly", datetime(2026, 3, 8, 23, tzinfo=UTC), BANGKOK, datetime(2026, 3, 15, 23, tzinfo=UTC)),
        # The night of summer time is an hour short, that of winter an hour long.
        ("daily", datetime(2026, 3, 28, 12, tzinfo=UTC), BERLIN, datetime(2026, 3, 29, 4, tzinfo=UTC)),
        ("daily", datetime(2026, 10, 24, 12, tzinfo=UTC), BERLIN, datetime(2026, 10, 25, 5, tzinfo=UTC)),
    ],
)
def test_hours_of_digests_are_those_of_a_zone(frequency, at, zone, expected):
    assert boundary(frequency, at, zone) == expected


def test_a_week_begins_where_its_zone_says():
    before, after = (datetime(2026, 3, 8, *at, tzinfo=UTC) for at in ((22, 59), (23, 0)))
    assert [week_of(at, BANGKOK) for at in (before, after)] == ["2026-W10", "2026-W11"]
    assert week_of(after) == "2026-W10"


def test_preferences_are_defaults_until_chosen(warehouse_url):
    anna = person(warehouse_url, "anna")
    with transaction(warehouse_url) as connection:
        before = {row["event_type"]: row for row in preferences(connection, anna)}
        choose(connection, anna, "alert.raised", email_frequency="hourly", email_enabled=True)
        after = {row["event_type"]: row for row in preferences(connection, anna)}
        with pytest.raises(UserError, match="no frequency"):
            choose(connection, anna, "alert.raised", email_frequency="yearly")
        with pytest.raises(UserError, match="no kind"):
            choose(connection, anna, "x", email_frequency="daily")
    assert not before["alert.raised"]["email_enabled"]
    assert (after["alert.raised"]["email_frequency"], after["alert.raised"]["chosen"]) == ("hourly", True)
