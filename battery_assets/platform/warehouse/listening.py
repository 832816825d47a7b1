"""What PostgreSQL tells at once: a thread that listens on a channel, and says when it does not."""

import logging
import threading
from collections.abc import Callable

import psycopg
import sqlalchemy as sa
from psycopg import sql

log = logging.getLogger(__name__)
_LOOK_S, _RETRY_S = 1.0, 1.0


class Listener:
    """Hears a channel for as long as it is started.

    heard: gets each message. missed: is called whenever messages may have been lost, as when the connection
    was. `listening` says whether a message would be heard now.
    """

    def __init__(
        self, url: str, channel: str, heard: Callable[[str], None], missed: Callable[[], None]
    ) -> None:
        self.url, self.channel, self.heard, self.missed = url, channel, heard, missed
        self.listening = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen, in a thread of its own."""
        self._thread = threading.Thread(target=self._listen_on, name=f"listen {self.channel}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(5.0)

    def _listen_on(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                log.warning("%s is not heard: %s; tried again", self.channel, type(error).__name__)
            finally:
                self.listening = False
                self.missed()
            self._stopping.wait(_RETRY_S)

    def _listen(self) -> None:
        url = sa.make_url(self.url)
        arguments, named = url.get_dialect()().create_connect_args(url)
        with psycopg.connect(*arguments, **named, autocommit=True, connect_timeout=5) as connection:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self.channel)))
            # What was said before the first LISTEN nobody heard.
            self.missed()
            self.listening = True
            while not self._stopping.is_set():
                for message in connection.notifies(timeout=_LOOK_S):
                    self.heard(message.payload)
                    if self._stopping.is_set():
                        return
                # A server that is gone without a word is noticed by this.
                connection.execute("SELECT 1")
