"""Which `battery-assets up` serves a home: a lock while it runs, and a file that says where it answers."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from battery_assets.errors import UserError
from battery_assets.platform.locks import try_lock
from battery_assets.settings import Settings


@dataclass(frozen=True)
class Presence:
    """Process id of an `up`, and its ports on 127.0.0.1."""

    pid: int
    web: int
    mlflow: int
    code: int
    api: int = 0

    @property
    def web_url(self) -> str:
        """Address of the Dagster pages."""
        return f"http://127.0.0.1:{self.web}"

    @property
    def mlflow_url(self) -> str:
        """Address of the MLflow pages."""
        return f"http://127.0.0.1:{self.mlflow}"

    @property
    def api_url(self) -> str:
        """Address of the API and the console."""
        return f"http://127.0.0.1:{self.api}"


@contextmanager
def only_one(settings: Settings) -> Iterator[Path]:
    """Be the one `up` of this home for a block; yields the file to announce in. UserError names the other."""
    # Whoever asks `present` holds a share of the lock for a moment: not every refusal is another `up`.
    for _ in range(10):
        handle = try_lock(settings.home / "up.lock")
        if handle is not None:
            break
        time.sleep(0.05)
    if handle is None:
        other = present(settings)
        raise UserError(
            f"`battery-assets up` already serves {settings.home}"
            + (f", as process {other.pid}" if other else ""),
            "use it, stop it with `battery-assets down`, or set BATTERY_HOME to another folder",
        )
    file = settings.home / "up.json"
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)
        os.close(handle)


def announce(file: Path, presence: Presence) -> None:
    """Tell other commands where this `up` answers."""
    staged = file.with_suffix(".new")
    staged.write_text(json.dumps(asdict(presence)) + "\n")
    staged.replace(file)


def present(settings: Settings, patience_s: float = 2.0) -> Presence | None:
    """The `up` that serves this home now; None where nobody does, or nobody has said where yet."""
    deadline = time.monotonic() + patience_s
    while _locked(settings.home / "up.lock"):
        with contextlib.suppress(FileNotFoundError):
            return Presence(**json.loads((settings.home / "up.json").read_text()))
        if time.monotonic() > deadline:
            return None
        time.sleep(0.05)
    return None


def ask_to_stop(settings: Settings, patience_s: float = 60.0) -> bool:
    """Send SIGTERM to the `up` of this home and wait until it is gone; False where none runs."""
    presence = present(settings)
    if presence is None:
        return False
    os.kill(presence.pid, signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while _locked(settings.home / "up.lock"):
        if time.monotonic() > deadline:
            raise UserError(
                f"`up` (process {presence.pid}) does not stop", f"kill -9 {presence.pid}, then run this again"
            )
        time.sleep(0.1)
    return True


def _locked(path: Path) -> bool:
    if not path.exists():
        return False
    handle = try_lock(path, shared=True)
    if handle is None:
        return True
    os.close(handle)
    return False
