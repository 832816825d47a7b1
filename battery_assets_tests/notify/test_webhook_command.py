"""The command `webhook`: what a person does about an address that is told, from adding it to removing it."""

import json
import re

import pytest
from click.testing import CliRunner

from battery_assets.cli import main
from battery_assets_tests.worlds.notices.books import opened, person, rows, tell, worker
from battery_assets_tests.worlds.notices.receivers import http_receiver


@pytest.fixture
def said(database_settings, warehouse_url, monkeypatch):
    """Runs the command on an own database; returns what it printed. Exit codes other than the given one fail."""
    for key, value in (("HOME", str(database_settings.home)), ("DATABASE_URL", warehouse_url)):
        monkeypatch.setenv(f"BATTERY_{key}", value)
    monkeypatch.setattr("battery_assets.settings.Settings.warehouse_url", warehouse_url)

    def run(*words: str, code: int = 0, typed: str | None = None) -> str:
        result = CliRunner().invoke(main, ["webhook", *words], input=typed)
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_a_webhook_from_its_first_test_to_its_removal(said, warehouse_url, database_settings, tmp_path):
    person(warehouse_url, "anna", role="admin")
    with http_receiver(tmp_path) as receiver:
        port = receiver.url().split(":")[2].split("/")[0]
        said("allow", "127.0.0.0/8", "--port", port, "--comment", "a test", "--user", "anna")
        added = said("add", "cmms", receiver.url(), "--user", "anna", "--event", "incident.opened")
        number, secret = re.search(r"webhook (\d+); its secret, shown once: (whsec_\S+)", added).groups()
        assert secret not in said("list", "--user", "anna")
        said("test", number, "--user", "anna")
        tell(warehouse_url, opened(1))
        worker(warehouse_url, database_settings.home).once()
        assert {json.loads(one["body"])["type"] for one in receiver.requests} == {
            "notification.test",
            "incident.opened",
        }
        log = said("log", number, "--user", "anna")
        assert log.count(" sent 2") == 2
        came = receiver.requests[0]["headers"]["webhook-id"]
        assert came in log
        said("replay", number, "--message", came, "--user", "anna")
        worker(warehouse_url, database_settings.home).once()
        assert [one["headers"]["webhook-id"] for one in receiver.requests].count(came) == 2
        said("replay", number, "--user", "anna", code=2)
        new = said("rotate", number, "--user", "anna")
        assert secret not in new and "whsec_" in new
        said("switch", number, "--user", "anna", "--off")
        assert "off: by its owner" in " ".join(said("list", "--user", "anna").split())
        said("remove", number, "--user", "anna")
    assert rows(warehouse_url, "SELECT 1 FROM service.webhook_configurations") == []


def test_another_person_does_not_touch_it_and_no_one_else_opens_a_network(said, warehouse_url):
    person(warehouse_url, "anna"), person(warehouse_url, "bert")
    number = re.search(r"webhook (\d+)", said("add", "x", "https://1.1.1.1/x", "--user", "anna")).group(1)
    assert "you have no webhook" in said("rotate", number, "--user", "bert", code=1)
    assert "by an admin" in said("allow", "10.0.0.0/8", "--comment", "x", "--user", "bert", code=1)
    assert "no account is called" in said("list", "--user", "carl", code=1)


@pytest.mark.parametrize("url", ["ftp://example.org/x", "https://u:p@example.org/", "https://example.org/#x"])
def test_an_address_that_may_not_be_one_is_refused_in_words(said, warehouse_url, url):
    person(warehouse_url, "anna")
    assert "next step" in said("add", "x", url, "--user", "anna", code=1)


def test_a_private_address_is_refused_in_words_until_an_admin_opens_its_network(said, warehouse_url):
    person(warehouse_url, "anna", role="admin")
    for url in ("http://10.20.0.7:8080/hook", "https://127.0.0.1/x", "https://[::ffff:10.20.0.7]/hook"):
        refused = " ".join(said("add", "cmms", url, "--user", "anna", code=1).split())
        assert "a network that is not public" in refused
        assert "battery-assets webhook allow" in refused
    assert rows(warehouse_url, "SELECT 1 FROM service.webhook_configurations") == []
    said("allow", "10.20.0.0/24", "--port", "8080", "--comment", "our CMMS", "--user", "anna")
    assert "webhook" in said("add", "cmms", "http://10.20.0.7:8080/hook", "--user", "anna")


def test_the_receiver_tells_what_came_and_refuses_what_is_not_signed(said, warehouse_url, database_settings):
    import threading
    import urllib.error
    import urllib.request

    from battery_assets.actions.notifications.webhooks import new_secret
    from battery_assets.notify.webhooks.receiver import Receiver

    person(warehouse_url, "anna", role="admin")
    lines: list[str] = []
    server = Receiver(0, new_secret(), lines.append)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = str(server.server_address[1])
    said("allow", "127.0.0.0/8", "--port", port, "--comment", "a test", "--user", "anna")
    added = said("add", "mine", server.url, "--user", "anna")
    server.checker = type(server.checker)(re.search(r"whsec_\S+", added).group())
    said("test", re.search(r"webhook (\d+)", added).group(1), "--user", "anna")
    worker(warehouse_url, database_settings.home).once()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(urllib.request.Request(server.url, data=b"{}", method="POST"))
    server.shutdown(), server.server_close()
    assert "notification.test: A test of mine" in lines[0]
    assert lines[1].startswith("refused: ")


@pytest.mark.parametrize("secret", ["", "whsec_"])
def test_the_receiver_refuses_what_is_no_secret_in_words(said, secret):
    assert "this is no secret of a webhook" in said("receive", "0", "--secret", secret, code=1)
