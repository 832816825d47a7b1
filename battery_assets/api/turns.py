"""Turns of those who sign in: they wait outside the threads, so that everybody else is answered meanwhile."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request

from battery_assets.actions.people.passwords import AT_ONCE, Busy

# Those who hash, and one more who is ready when a place gets free.
_INSIDE, MOST_WAITING, PATIENCE_S = AT_ONCE + 1, 100, 8.0


class Turns:
    """Lets a few in at once; of the others so many wait so long."""

    def __init__(self, inside: int = _INSIDE, waiting: int = MOST_WAITING, patience_s: float = PATIENCE_S):
        self.places, self.most, self.patience_s = asyncio.Semaphore(inside), waiting, patience_s
        self.waiting = 0

    async def begin(self) -> None:
        """Wait for a turn. Raises Busy where too many wait, or for too long."""
        if self.waiting >= self.most:
            raise Busy("too many people sign in at this moment", "try again in a few seconds")
        self.waiting += 1
        try:
            await asyncio.wait_for(self.places.acquire(), self.patience_s)
        except TimeoutError:
            raise Busy("too many people sign in at this moment", "try again in a few seconds") from None
        finally:
            self.waiting -= 1


async def turn_to_sign_in(request: Request) -> AsyncIterator[None]:
    """A dependency of each route that hashes a password."""
    turns: Turns = request.app.state.turns
    await turns.begin()
    try:
        yield
    finally:
        turns.places.release()
