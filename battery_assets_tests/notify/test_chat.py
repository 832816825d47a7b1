"""Slack and Teams alone, and a loud word where the extra is missing."""

import sys

import pytest

from battery_assets.errors import UserError
from battery_assets.notify import chat

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alerts"


def test_without_the_extra_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(UserError, match=r"extra \[chat\].*pip install 'battery-assets\[chat\]'"):
        chat.check_address(SLACK)


@pytest.mark.parametrize(
    "url",
    [
        "syslog://",
        "json://127.0.0.1/",
        "file:///etc/passwd",
        "mailto://a:b@c.org",
        "slack",
        "",
        "xml://x",
        "exec://ls",
    ],
)
def test_other_addresses_are_refused_before_apprise_sees_them(url, monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(UserError, match="no chat that is let through"):
        chat.check_address(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("workflows://127.0.0.1:80/id/sig/", "no host"),
        ("workflows://evil.example/x.logic.azure.com/sig/", "no host"),
        (f"{SLACK}?verify=no", "no options"),
    ],
)
def test_neither_another_host_nor_an_option_gets_in_by_a_vendor_s_scheme(url, words):
    with pytest.raises(UserError, match=words):
        chat.check_address(url)


def test_slack_and_teams_are_let_through():
    pytest.importorskip("apprise", reason="CHAT NOT TESTED: install the extra [chat]")
    chat.check_address(SLACK)
    chat.check_address("workflows://prod-1.westeurope.logic.azure.com:443/id/sig/")
    with pytest.raises(UserError, match="no complete"):
        chat.check_address("slack://x")
