"""Child processes that are started together, watched, and ended together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# SIGINT is what Dagster and uvicorn end cleanly on; the sum stays under the 30 s a user waits.
STAGES = ((signal.SIGINT, 12.0), (signal.SIGTERM, 6.0), (signal.SIGQUIT, 4.0))


@dataclass(frozen=True)
class Child:
    """A command on its leash, with the file that its output goes to."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path
    since: float = field(default_factory=time.monotonic)

    def lived_s(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self.since

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.process.poll()

    def last_lines(self, count: int = 20) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


def start(name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Child:
    """Start a command in a group of its own that ends when this process does; its last log is kept as .1."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
    leash = [sys.executable, "-m", "battery_assets.hosting.leash", str(os.getpid())]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*leash, *command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Child(name, process, log)


def first_ended(children: Sequence[Child]) -> Child | None:
    """One of them that has ended by itself, if any has."""
    return next((child for child in children if child.exit_code() is not None), None)


def end(children: Sequence[Child], hurry: bool = False) -> None:
    """End all of them with their groups: asked, asked again, killed. `hurry` leaves out the asking."""
    for number, patience_s in STAGES[-1:] if hurry else STAGES:
        running = [child for child in children if child.exit_code() is None]
        for child in running:
            child.process.send_signal(number)
        deadline = time.monotonic() + patience_s
        while running and time.monotonic() < deadline:
            running = [child for child in running if child.exit_code() is None]
            time.sleep(0.05)
        if not running:
            return
    for child in children:
        child.process.kill()
