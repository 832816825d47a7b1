"""Pools of connections that ask as little as is safe."""

import math
import select
import time
from typing import Any

import sqlalchemy as sa


def ask_after_rest(pooled: sa.Engine, rest_s: float = 1.0) -> None:
    """Let a pool ask a connection whether its server is there still, if it rested so long or has been told.

    Asked before every use, as `pool_pre_ping` does, it is a third of all that a step asks. A server that
    closes a connection says so on it: one with nothing to be read is open.
    """

    @sa.event.listens_for(pooled, "checkout")
    def ask(connection: Any, record: Any, _proxy: Any) -> None:
        rested = time.monotonic() - record.info.get("used", math.inf) > rest_s
        if rested or _has_been_told(connection):
            try:
                pooled.dialect.do_ping(connection)
            except pooled.dialect.loaded_dbapi.Error as error:
                raise sa.exc.DisconnectionError(str(error)) from error

    @sa.event.listens_for(pooled, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()


def _has_been_told(connection: Any) -> bool:
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
