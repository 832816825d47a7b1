"""Homes and processes for tests of the services."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from battery_assets.hosting import embedded_postgres
from battery_assets.settings import Settings


@contextmanager
def fresh_home(mode: int = 0o755) -> Iterator[Settings]:
    """Settings of a new home that every account can enter; its database ends with the block."""
    home = Path(tempfile.mkdtemp(prefix="battery_home_"))
    home.chmod(mode)
    settings = Settings.from_environment(
        {
            "BATTERY_HOME": str(home),
            "BATTERY_WEB_PORT": "0",
            "BATTERY_MLFLOW_PORT": "0",
            "BATTERY_API_PORT": "0",
        }
    )
    try:
        yield settings
    finally:
        embedded_postgres.discard(settings)
        shutil.rmtree(home, ignore_errors=True)


def processes_of(home: Path) -> list[str]:
    """Command lines of all processes that were started with this home in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if f"BATTERY_HOME={home}\0".encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found
