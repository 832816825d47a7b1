"""The books that the service keeps beside the requests."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people import ledger as books
from battery_assets.actions.people.ledger import Ledger
from battery_assets.platform import clock
from battery_assets.platform.requests.rows import Answered
from battery_assets_tests.worlds.people.signed_in import HERE, NOON, PASSWORD, person


def answered(seconds: float = 0.0, **other) -> Answered:
    """A request."""
    plain = Answered("/api/v1/jars", "GET", 200, NOON + timedelta(seconds=seconds), 4.0, None, 100, "192.0.2.1",
                     "curl/8", None, None, None, "request-1")  # fmt: skip
    return plain._replace(**other)


def count(accounts, table) -> int:
    with accounts.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_requests_of_two_days_are_written_at_once(accounts):
    ledger = Ledger(accounts)
    for k in range(3000):
        ledger.add(answered(20.0 * k))
    assert ledger.flush() == 3000
    assert count(accounts, t.api_request_logs) == 3000
    assert ledger.flush() == 0


def test_a_database_that_is_away_loses_nothing_up_to_a_limit(accounts, monkeypatch):
    ledger = Ledger(accounts)
    monkeypatch.setattr(books, "MOST", 10)
    monkeypatch.setattr(ledger, "_write", lambda _: 1 / 0)
    for k in range(12):
        ledger.add(answered(k))
    with pytest.raises(ZeroDivisionError):
        ledger.flush()
    monkeypatch.undo()
    ledger.add(answered(12))
    assert (ledger.flush(), ledger.lost) == (11, 2)
    with accounts.reading() as connection:
        order = connection.execute(sa.select(t.api_request_logs.c.request_time)).scalars().all()
    assert list(order) == sorted(order)
    with clock.stop_at(NOON + timedelta(minutes=2)):
        ledger.sum_up()
    with accounts.reading() as connection:
        [line] = connection.execute(
            sa.select(t.system_logs).where(t.system_logs.c.action == "requests.lost")
        ).all()
    assert (line.status, line.error_message) == ("failure", "2 requests are not in the log")


def test_a_row_that_cannot_be_kept_holds_up_no_other(accounts):
    ledger = Ledger(accounts)
    ledger.add(answered(api_key_id=999))
    ledger.flush()
    ledger.add(answered())
    ledger.flush()
    assert (ledger.lost, count(accounts, t.api_request_logs)) == (1, 1)


def test_figures_follow_from_where_they_were_left(accounts):
    with clock.stop_at(NOON):
        ledger = Ledger(accounts)
    for k in range(100):
        ledger.add(answered(k))
    ledger.flush()
    with clock.stop_at(NOON + timedelta(seconds=66)):
        ledger.sum_up()
    with clock.stop_at(NOON + timedelta(seconds=140)):
        other = Ledger(accounts)
        other.sum_up()
    with accounts.reading() as connection:
        s = t.api_metrics_summary.c
        minutes = sa.select(s.total_requests).where(s.aggregation_type == "minute").order_by(s.period_start)
        assert list(connection.execute(minutes).scalars()) == [60, 40]


def test_what_time_has_ended_is_let_go(accounts):
    from battery_assets.actions.people import links
    from battery_assets.actions.people.signing_in import sign_in

    with clock.stop_at(NOON):
        number = person(accounts)
        assert sign_in(accounts, "anna", PASSWORD, HERE).token
        with accounts.transaction() as connection:
            links.make(connection, number)
        ledger = Ledger(accounts, keep_days=30)
        ledger.add(answered())
        ledger.flush()
    with clock.stop_at(NOON + timedelta(days=20)):
        ledger.tidy()
        assert (count(accounts, t.api_request_logs), count(accounts, t.login_history)) == (1, 1)
    with clock.stop_at(NOON + timedelta(days=200)):
        ledger.tidy()
    assert [count(accounts, one) for one in (t.api_request_logs, t.login_history, t.one_time_link)] == [
        0,
        0,
        0,
    ]
    with accounts.reading() as connection:
        [session] = connection.execute(sa.select(t.session_logs)).all()
    assert (session.is_active, session.end_reason) == (False, "time")


def test_a_started_one_writes_by_itself_and_what_waits_when_it_stops(accounts):
    ended: list[int] = []
    ledger = Ledger(accounts, each_minute=lambda: ended.append(1))
    ledger.start()
    ledger.add(answered())
    ledger.stop()
    assert count(accounts, t.api_request_logs) == 1
    assert ended, "when each key was used last is noted too"
