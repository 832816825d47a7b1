"""What the month's incidents are as events: told once, however often a month is made, and not of history."""

from datetime import UTC, datetime

from battery_assets.platform import clock
from battery_assets_tests.worlds.notices.books import hook, person, worker
from battery_assets_tests.worlds.notices.receivers import http_receiver

EVENTS = "SELECT event_type, severity, payload->>'before' AS before, payload->>'after' AS after FROM service.outbox"
INCIDENTS = f"{EVENTS} WHERE event_type LIKE 'incident%' ORDER BY id"
WEAK = {"kind": "voltage_high", "signal": "float_above_median", "severity": "warning"}


def told(site) -> list[tuple]:
    return [tuple(row.values()) for row in site.asked(INCIDENTS)]


def test_a_month_that_is_made_again_sends_nothing_twice(site, tmp_path):
    """With a real receiver: three makings of a month and one of the next, one message of the incident."""
    with http_receiver(tmp_path) as receiver:
        anna = person(site.warehouse.database_url, "anna")
        hook(site.warehouse.database_url, tmp_path, anna, receiver.url())
        for _ in range(3):
            site.run("2025-01", site.alert(1, "2025-01-20 10:00"))
            worker(site.warehouse.database_url, tmp_path).once()
        site.run("2025-02", site.alert(1, "2025-02-01 00:00"))
        worker(site.warehouse.database_url, tmp_path).once()
        kinds = [request["body"].split('"type":"')[1].split('"')[0] for request in receiver.requests]
    assert sorted(kinds) == ["alert.critical", "incident.opened"]
    assert told(site) == [("incident.opened", "warning", "", "high")]


def test_events_and_rows_are_there_together_or_not_at_all(site, monkeypatch):
    from battery_assets.platform.warehouse import replacing

    def fail(*_):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(replacing, "emit_all", fail)
    try:
        site.run("2025-01", site.alert(1, "2025-01-20 10:00"))
    except RuntimeError:
        pass
    else:
        raise AssertionError("no event was written")
    assert site.asked("SELECT FROM operations.incident") == []
    assert told(site) == []


def test_a_fault_that_gets_worse_escalates_once(site):
    site.run("2025-01", site.alert(1, "2025-01-20 10:00", **WEAK))
    before = told(site)
    assert [row[0] for row in before] == ["incident.opened"]
    for _ in range(2):
        site.run(
            "2025-02",
            site.alert(1, "2025-02-01 00:00", **WEAK),
            site.alert(1, "2025-02-05 00:00"),
        )
    after = told(site)
    assert [row[0] for row in after] == ["incident.opened", "incident.escalated"]
    assert after[1][2] == before[0][3] != after[1][3]


def test_a_fault_that_ends_is_told_and_one_that_comes_back_again(site):
    site.run("2025-01", site.alert(1, "2025-01-20 10:00"))
    site.run("2025-02", site.alert(1, "2025-02-01 00:00", "2025-02-03 00:00"))
    assert [row[0] for row in told(site)] == ["incident.opened", "incident.resolved"]
    site.run("2025-02", site.alert(1, "2025-02-01 00:00", "2025-02-03 00:00"))
    site.run("2025-03", site.alert(1, "2025-03-07 00:00"))
    site.again("2025-03")
    assert [row[0] for row in told(site)] == ["incident.opened", "incident.resolved", "incident.opened"]


def test_a_month_that_comes_late_does_not_tell_the_fault_again(site):
    """It moves the beginning, and with it the identifier: the fault is the same."""
    site.run("2025-02", site.alert(1, "2025-02-01 00:00"))
    site.run("2025-01", site.alert(1, "2025-01-20 00:00"))
    site.again("2025-02")
    assert [row[0] for row in told(site)] == ["incident.opened"]


def test_what_came_and_went_is_nobody_s_news(site):
    site.run("2025-01", site.alert(1, "2025-01-20 10:00", "2025-01-21 10:00"))
    assert told(site) == []


def test_history_is_told_to_nobody(site):
    """An import of old months, today: the clock is not stopped at their end."""
    site.run("2025-01")
    assert told(site) == []
    part_end = datetime(2025, 4, 20, tzinfo=UTC)
    site.run("2025-02", site.alert(1, "2025-02-01 00:00"))
    assert len(told(site)) == 1
    with clock.stop_at(part_end):
        from battery_assets.platform.outbox.events import is_news

        assert not is_news(datetime(2025, 3, 1, tzinfo=UTC))
        assert is_news(datetime(2025, 4, 1, tzinfo=UTC))
        assert is_news(datetime(2025, 5, 1, tzinfo=UTC))


def test_work_that_is_due_is_told_once_and_once_more_when_it_is_late(site):
    from battery_assets.actions.notifications.watch import watch

    url = site.warehouse.database_url
    site.run("2025-01", site.alert(1, "2025-01-20 10:00"))
    found = []
    # Due on the 23rd at ten.
    for day in (21, 22, 22, 23, 24, 25):
        with clock.stop_at(datetime(2025, 1, day, 11, tzinfo=UTC)):
            watch(url)
        found.append(len(site.asked("SELECT FROM service.outbox WHERE event_type = 'work_order.due'")))
    assert found == [0, 1, 1, 2, 2, 2]
    titles = [
        row["t"]
        for row in site.asked(
            "SELECT payload->>'title' AS t FROM service.outbox WHERE event_type = 'work_order.due' ORDER BY id"
        )
    ]
    assert "due by 2025-01-23 10:00" in titles[0]
    assert "overdue since 2025-01-23 10:00" in titles[1]
