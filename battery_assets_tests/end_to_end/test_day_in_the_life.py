"""A day of a person without the command line: in by a second factor, to the jar that fails first, its incident
looked after, the mail there, and the entry kept by the run of the night. Then each table of the service has rows.
"""

import json

import pytest
import sqlalchemy as sa
from pyotp import TOTP

from battery_assets import tables as t
from battery_assets.actions.people import accounts as people
from battery_assets.actions.people import links
from battery_assets.actions.people.ledger import Ledger
from battery_assets.api.app import Platform, create_app
from battery_assets.api.gate import Keys
from battery_assets.console.mount import ROUTERS
from battery_assets.notify.worker import Worker
from battery_assets.platform import clock
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.worlds.api.two_sites import MONTH
from battery_assets_tests.worlds.console.night import CODE, put_night
from battery_assets_tests.worlds.console.visitor import SESSION, Visitor
from battery_assets_tests.worlds.notices.books import SENDER, opened, tell
from battery_assets_tests.worlds.notices.receivers import http_receiver, smtp_receiver
from battery_assets_tests.worlds.people.signed_in import PASSWORD, later

JAR = "/jars/alpha-j0"
FILLED = (
    "users", "session_logs", "login_history", "backup_codes", "system_logs", "api_keys", "api_usage",
    "api_request_logs", "api_metrics_summary", "notification_preferences", "email_logs",
    "email_digest_queue", "webhook_configurations", "webhook_logs",
)  # fmt: skip


@pytest.fixture
def service(warehouse_url, database_settings, tmp_path):
    """A night at two sites, the service over it as `up` composes it, and the first admin's link."""
    warehouse = Warehouse(database_url=warehouse_url, lake_url=str(tmp_path / "lake"))
    put_night(warehouse)
    platform = Platform(database_settings, warehouse)
    keys = Keys(platform.accounts)
    ledger = Ledger(platform.accounts, 30, keys.known.note_use)
    app = create_app(platform, keys, log_request=ledger.add, routers=ROUTERS)
    with platform.accounts.transaction() as connection:
        number = people.add(connection, "ada", "ada@example.org", "admin", name="Ada")
        link = links.PATH + links.make(connection, number)
    yield platform, app, ledger, link
    app.state.pool.dispose()


def _sign_in(visitor: Visitor, link: str) -> None:
    visitor.get(link)
    visitor.send(link, password=PASSWORD, again=PASSWORD)
    page = visitor.send("/signin", username="ada", password=PASSWORD)
    secret = page.text.split('<p class="secret">')[1].split("<")[0].replace(" ", "")
    visitor.send("/account/factor", code=TOTP(secret).at(clock.now()))
    assert SESSION in visitor.cookies


def _set_up(visitor: Visitor, hook: str) -> str:
    """Preferences, a webhook and a key, by forms. Returns the key."""
    visitor.get("/account/preferences")
    visitor.send("/account/preferences", **{"data.stale|email": "weekly"})
    visitor.get("/account/webhooks")
    visitor.send("/account/webhooks", name="the CMMS", url=hook, kinds="*")
    assert visitor.status == 200
    visitor.get("/account/keys")
    made = visitor.send("/account/keys", name="a script", scopes="fleet:read", sites="*", rate_limit="60")
    return made.text.split('<p class="secret">')[1].split("<")[0]


def _look_after_the_first(visitor: Visitor) -> None:
    fleet = visitor.get("/")
    first = next(link for link in fleet.links if link.startswith("/jars/"))
    assert first == JAR
    assert "With 8 years of age" in visitor.get(first).text
    visitor.get(f"/incidents/{CODE}")
    assert "ada acknowledged" in visitor.send(f"/incidents/{CODE}/acknowledge", words="I drive there").text


def _make_the_month_again(warehouse: Warehouse) -> None:
    part = Part("alpha", MONTH)
    rows = warehouse.read(t.incident, part).collect()

    with later(days=1):
        warehouse.replace(t.incident, warehouse.claim(t.incident, part), rows)


def _counts(warehouse: Warehouse) -> dict[str, int]:
    with warehouse.reading() as connection:
        return {
            name: connection.execute(sa.text(f"SELECT count(*) FROM service.{name}")).scalar_one()
            for name in FILLED
        }


def test_a_day_from_the_sign_in_to_the_next_night(service, warehouse_url, tmp_path):
    platform, app, ledger, link = service
    visitor = Visitor(app)
    _sign_in(visitor, link)
    with http_receiver(tmp_path) as receiver, smtp_receiver() as mail:
        with platform.accounts.transaction() as connection:
            opening = {"network": "127.0.0.0/8", "port": receiver.port, "comment": "a test"}
            connection.execute(sa.insert(t.webhook_network).values(**opening))
        key = _set_up(visitor, receiver.url())
        _look_after_the_first(visitor)
        asked = visitor.get("/api/v1/jars", headers={"X-API-Key": key})
        assert visitor.status == 200
        assert "alpha-j0" in asked.text
        tell(warehouse_url, opened(CODE, site="alpha", severity="critical"), opened(2, site="beta"))
        worker = Worker(warehouse_url, platform.accounts.seal.unseal, mail.url, SENDER)
        worker.once()
        with later(days=1, hours=1):
            worker.once()
        to_ada = [one for one in mail.mails if one["To"] == "ada@example.org"]
        assert len(to_ada) >= 2, "the critical one at once, the other in the daily digest"
        told = {json.loads(one["body"])["type"] for one in receiver.requests}
        assert "incident.opened" in told
    _make_the_month_again(platform.warehouse)
    page = visitor.get(f"/incidents/{CODE}")
    assert "ada acknowledged" in page.text
    assert "I drive there" in page.text
    visitor.get("/account")
    visitor.send("/signout")
    ledger.flush()
    with later(minutes=2):
        ledger.sum_up()
        ledger.tidy()
    assert [name for name, count in _counts(platform.warehouse).items() if not count] == []
