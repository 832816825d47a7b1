"""Mail as it is sent: plain text, with the event's id in its Message-ID."""

import re
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

LONGEST_SUBJECT = 180
_ADDRESS = re.compile(r"[^@\s<>,;:\"\\\x00-\x1f\x7f]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


class BadAddress(ValueError):
    """This is no address that mail can go to."""


def checked_address(text: str) -> str:
    """One bare address. Raises BadAddress for a list, a name with it, or a line break within."""
    if len(text) > 254 or not _ADDRESS.fullmatch(text):
        raise BadAddress("an address is one name, an @ and a domain, and nothing else")
    return text


def mail(
    *, sender: str, to: str, subject: str, text: str, message_id: str, at: datetime, list_name: str
) -> EmailMessage:
    """A mail whose headers no text of an event can add to.

    `message_id` is the same whenever this mail is sent again: receivers drop the second. Raises BadAddress.
    """
    made = EmailMessage()
    made["From"] = sender
    made["To"] = checked_address(to)
    made["Subject"] = one_line(subject)[:LONGEST_SUBJECT]
    made["Date"] = format_datetime(at)
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    made["Message-ID"] = f"<{message_id}@{domain}>"
    made["Auto-Submitted"] = "auto-generated"
    made["X-Event"] = list_name
    made.set_content(text)
    return made


def one_line(text: str) -> str:
    """A text without line breaks and other control characters, as a header or a line of a digest takes it."""
    return " ".join("".join(" " if ord(c) < 32 or c in "\x7f\x85\u2028\u2029" else c for c in text).split())
