"""The way out for mail: one SMTP connection, opened when the first mail is there, renewed when it breaks."""

import contextlib
import smtplib
import ssl
from email.message import EmailMessage
from types import TracebackType
from urllib.parse import unquote, urlsplit

TIMEOUT_S = 20.0
SCHEMES = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class Refused(RuntimeError):
    """The server refuses this mail for good: another try says the same."""


class Unreachable(RuntimeError):
    """The server does not take mail now."""


class Outbound:
    """A connection to the SMTP server that an address names, such as smtp+starttls://name:word@host:587."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> "Outbound":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Say good-bye, if there is somebody to say it to."""
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.quit()

    def send(self, message: EmailMessage) -> None:
        """Hand one mail over. Raises Refused or Unreachable."""
        try:
            self._opened().send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            words = "; ".join(f"{code} {_text(said)}" for code, said in error.recipients.values())
            raise (Refused if all(code >= 500 for code in codes) else Unreachable)(words) from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            words = f"{error.smtp_code} {_text(error.smtp_error)}"
            raise (Refused if error.smtp_code >= 500 else Unreachable)(words) from error
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise Unreachable(f"{self._url.hostname}: {type(error).__name__}: {error}"[:300]) from error

    def _opened(self) -> smtplib.SMTP:
        if self._server is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if self._server.noop()[0] == 250:
                    return self._server
            self.close()
        self._server = self._open()
        return self._server

    def _open(self) -> smtplib.SMTP:
        url, host = self._url, self._url.hostname or "localhost"
        port = url.port or SCHEMES[url.scheme]
        server: smtplib.SMTP
        if url.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
        try:
            if url.scheme == "smtp+starttls":
                server.starttls(context=ssl.create_default_context())
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
        except BaseException:
            server.close()
            raise
        return server


def _text(said: bytes | str) -> str:
    return (said.decode("utf-8", "replace") if isinstance(said, bytes) else said)[:300]
