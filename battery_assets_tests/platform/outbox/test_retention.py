"""What messages leave behind goes when it was kept long enough; what says that they were told stays."""

from datetime import timedelta

from battery_assets.platform import clock
from battery_assets.platform.outbox.retention import MAILS_FOR, MESSAGES_FOR, prune
from battery_assets.platform.outbox.routing import route
from battery_assets.platform.warehouse.database import transaction
from battery_assets_tests.worlds.notices.books import opened, person, rows, tell

COUNT = "SELECT (SELECT count(*) FROM service.outbox) o, (SELECT count(*) FROM service.delivery) d"


def _told(url: str) -> None:
    person(url, "anna")
    tell(url, opened(1), opened(2))
    with transaction(url) as connection:
        route(connection, clock.now(), mail=False)


def _prune(url: str, later: timedelta, **other) -> dict[str, int]:
    with transaction(url) as connection:
        return prune(connection, clock.now() + later, **other)


def test_a_delivery_that_ended_goes_after_its_time_and_its_event_stays(warehouse_url):
    _told(warehouse_url)
    with transaction(warehouse_url) as connection:
        connection.exec_driver_sql("UPDATE service.delivery SET delivered_at = now()")
    before = rows(warehouse_url, COUNT)[0]
    assert before.d == 2
    assert not any(_prune(warehouse_url, MESSAGES_FOR - timedelta(days=1)).values())
    assert _prune(warehouse_url, MESSAGES_FOR + timedelta(days=1))["delivery"] == 2
    assert rows(warehouse_url, COUNT)[0].o == before.o
    assert tell(warehouse_url, opened(1)) == 0, "the event would be told twice"


def test_what_still_waits_is_kept_however_old(warehouse_url):
    _told(warehouse_url)
    with transaction(warehouse_url) as connection:
        connection.exec_driver_sql("UPDATE service.delivery SET delivered_at = NULL, given_up_at = NULL")
    assert _prune(warehouse_url, MAILS_FOR * 2)["delivery"] == 0


def test_it_takes_a_share_at_once(warehouse_url):
    _told(warehouse_url)
    with transaction(warehouse_url) as connection:
        connection.exec_driver_sql("UPDATE service.delivery SET delivered_at = now()")
    later = MESSAGES_FOR + timedelta(days=1)
    assert [_prune(warehouse_url, later, rows_at_once=1)["delivery"] for _ in range(3)] == [1, 1, 0]
