"""What comes at the same time is done together: one transaction and one thread for all of it."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from anyio import to_thread

T = TypeVar("T")
R = TypeVar("R")
MOST = 64


class Together(Generic[T, R]):
    """Does what is asked for while a batch is under way as the next batch, in the order of its coming.

    do: a batch to its results, in order; a result that is an exception is raised where it was asked for.
    Nothing waits for others to come: what comes alone is done alone.
    """

    def __init__(self, do: Callable[[list[T]], list[R]]) -> None:
        self.do = do
        self.waiting: list[tuple[T, asyncio.Future[R]]] = []
        self.work: asyncio.Task[None] | None = None

    async def __call__(self, one: T) -> R:
        """The result for one. Raises what doing it raised."""
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[R] = loop.create_future()
        self.waiting.append((one, mine))
        if self.work is None or self.work.done():
            self.work = loop.create_task(self._all())
        return await mine

    async def _all(self) -> None:
        while self.waiting:
            batch, self.waiting = self.waiting[:MOST], self.waiting[MOST:]
            try:
                results = await to_thread.run_sync(self.do, [one for one, _ in batch])
            except Exception as error:
                for _, future in batch:
                    _give(future, error)
                continue
            for (_, future), result in zip(batch, results, strict=True):
                _give(future, result)


def _give(future: "asyncio.Future[R]", result: R | Exception) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
