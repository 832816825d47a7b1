"""Requests over loopback: so many after each other on a few connections, or so many a second.

Written on sockets: a client library would cost more than what is measured.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Ask:
    """One request, as bytes."""

    method: str
    path: str
    key: str = ""
    body: str = ""

    def wire(self) -> bytes:
        """As it goes over the wire."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "host: 127.0.0.1", f"x-api-key: {self.key}"]
        if self.body:
            lines += ["content-type: application/json", f"content-length: {len(self.body.encode())}"]
        return "\r\n".join([*lines, "", self.body]).encode()


class Line:
    """A connection that is kept."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def open(self) -> "Line":
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**26)
        return self

    async def ask(self, wire: bytes) -> int:
        """Send a request and read its answer. Returns its status."""
        self.writer.write(wire)
        head = await self.reader.readuntil(b"\r\n\r\n")
        fields = [line.split(b":") for line in head.lower().split(b"\r\n") if b":" in line]
        length = next(int(field[1]) for field in fields if field[0] == b"content-length")
        await self.reader.readexactly(length)
        return int(head[9:12])


async def after_each_other(port: int, ask: Ask, requests: int, lines: int) -> list[float]:
    """Milliseconds of each request, on connections that ask as soon as they are answered."""
    left, took, wire = iter(range(requests)), list[float](), ask.wire()

    async def one() -> None:
        line = await Line(port).open()
        for _ in left:
            began = time.perf_counter()
            _refuse_bad(await line.ask(wire))
            took.append(1000 * (time.perf_counter() - began))

    await asyncio.gather(*(one() for _ in range(lines)))
    return took


async def at_a_rate(port: int, ask: Ask, rate: float, seconds: float, lines: int = 64) -> list[float]:
    """Milliseconds of each request from when it was due: who waits for a connection waits too."""
    free: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(lines):
        free.put_nowait(await Line(port).open())
    took, wire = list[float](), ask.wire()
    began = time.perf_counter()

    async def one(due: float) -> None:
        line = await free.get()
        _refuse_bad(await line.ask(wire))
        free.put_nowait(line)
        took.append(1000 * (time.perf_counter() - due))

    tasks = []
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        tasks.append(asyncio.create_task(one(due)))
    await asyncio.gather(*tasks)
    return took


def _refuse_bad(status: int) -> None:
    if status >= 300:
        raise RuntimeError(f"an answer of {status}")


def main() -> None:
    """Ask as the JSON of the one argument says, and print the milliseconds as JSON."""
    told = json.loads(sys.argv[1])
    ask = Ask(**told["ask"])
    if "rate" in told:
        took = asyncio.run(at_a_rate(told["port"], ask, told["rate"], told["seconds"]))
    else:
        took = asyncio.run(after_each_other(told["port"], ask, told["requests"], told["lines"]))
    print(json.dumps(took))


if __name__ == "__main__":
    main()
