"""Slack and Teams, through Apprise: an extra that is installed by name, and that admins alone set up.

Apprise takes 262 kinds of address, among them ones that write to the own machine. Those of two vendors are
let through, to their own hosts and without options: one of these would switch the check of certificates off.
"""

from typing import Any
from urllib.parse import urlsplit

from battery_assets.errors import UserError

SCHEMES = ("slack", "msteams", "workflows")
# Where Teams' workflows are, the one scheme whose address names a host.
WORKFLOW_HOSTS = (".logic.azure.com", ".api.powerplatform.com")
MISSING = "Slack and Teams need the extra [chat]"
WAY_OUT = "run pip install 'battery-assets[chat]' where the platform is installed"


class ChatFailed(RuntimeError):
    """The chat did not take the message."""


def check_address(url: str) -> None:
    """Refuse every address but Slack's and Teams'. UserError, also where Apprise is not installed."""
    scheme = url.split("://", 1)[0].lower()
    if "://" not in url or scheme not in SCHEMES:
        raise UserError(
            f"{scheme[:20]!r} is no chat that is let through", f"give one of {', '.join(SCHEMES)}://"
        )
    if "?" in url:
        raise UserError("a chat's address has no options here", "leave out what follows the question mark")
    if scheme == "workflows" and not (urlsplit(url).hostname or "").endswith(WORKFLOW_HOSTS):
        raise UserError("this is no host of Teams' workflows", f"it ends with {' or '.join(WORKFLOW_HOSTS)}")
    if _apprise().Apprise.instantiate(url) is None:
        raise UserError(f"this is no complete {scheme}:// address", "see Apprise's page of that service")


def send(url: str, title: str, text: str) -> None:
    """Say something in a chat. Raises UserError and ChatFailed."""
    check_address(url)
    apprise = _apprise()
    asset = apprise.AppriseAsset(app_id="battery-assets", secure_logging=True)
    sender = apprise.Apprise(asset=asset)
    if not sender.add(url) or not sender.notify(
        body=text, title=title, body_format=apprise.NotifyFormat.TEXT
    ):
        raise ChatFailed("the chat did not take the message")


def _apprise() -> Any:
    try:
        import apprise
    except ImportError as error:
        raise UserError(MISSING, WAY_OUT) from error
    return apprise
