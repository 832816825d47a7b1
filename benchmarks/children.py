"""Each group of figures in a fresh process, all on one throwaway home with an embedded PostgreSQL."""

import argparse
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from battery_assets.hosting import embedded_postgres
from battery_assets.settings import Settings
from benchmarks.figures import GROUPS, Group


@contextmanager
def throwaway_home() -> Iterator[Settings]:
    """Settings of a new home that the database's account can enter; database and files end with the block."""
    home = Path(tempfile.mkdtemp(prefix="battery_bench_"))
    home.chmod(0o755)
    binaries = {key: os.environ[key] for key in ("PG_BIN",) if key in os.environ}
    settings = Settings.from_environment({"BATTERY_HOME": str(home), **binaries})
    try:
        with embedded_postgres.hold(settings):
            yield settings
    finally:
        embedded_postgres.discard(settings)
        shutil.rmtree(home, ignore_errors=True)


def measured(group: Group, settings: Settings, small: bool) -> dict[str, float]:
    """The group's values. RuntimeError with the process' last words where it fails."""
    answer = settings.home / f"{group.name}.json"
    command = [sys.executable, "-m", "benchmarks.children", group.name, str(answer)]
    # Whatever the user's own platform is set to, a benchmark never touches it.
    ours = {
        key: value
        for key, value in os.environ.items()
        if key == "BATTERY_TEST_DATA" or not key.startswith(("BATTERY_", "DAGSTER_"))
    }
    done = subprocess.run(
        [*command, *(["--small"] if small else [])],
        env={**ours, "BATTERY_HOME": str(settings.home)},
        cwd=Path(__file__).resolve().parent.parent,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{group.name} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return json.loads(answer.read_text())


def main() -> None:
    """Measure one group in this process and leave its values in a file."""
    parser = argparse.ArgumentParser(
        description="Measure one group of figures; `python -m benchmarks` calls this."
    )
    parser.add_argument("group", choices=[group.name for group in GROUPS])
    parser.add_argument("answer", type=Path)
    parser.add_argument("--small", action="store_true")
    given = parser.parse_args()
    (group,) = [group for group in GROUPS if group.name == given.group]
    given.answer.write_text(json.dumps(function_of(group)(given.small)))


def function_of(group: Group) -> Callable[[bool], dict[str, float]]:
    """What measures a group: told whether it is to be small, it returns the values."""
    module, name = group.function.split(":")
    return getattr(importlib.import_module(module if "." in module else f"benchmarks.{module}"), name)


if __name__ == "__main__":
    main()
