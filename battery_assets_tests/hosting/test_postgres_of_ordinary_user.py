"""The embedded PostgreSQL of somebody who is not root."""

import os
import subprocess
import sys

import pytest

from battery_assets.settings import PACKAGE
from battery_assets_tests.worlds.homes import fresh_home

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL to another account")


def python_for_everyone() -> list[str] | None:
    """A Python that the account nobody can run and that finds our packages, or None."""
    packages = [path for path in sys.path if path.endswith("site-packages")]
    for candidate in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        command = [
            "env",
            f"PYTHONPATH={':'.join([str(PACKAGE.parent), *packages])}",
            "HOME=/nonexistent",
            candidate,
        ]
        try:
            done = subprocess.run(
                [*command, "-c", "import psycopg"], cwd="/", user=65534, group=65534, extra_groups=[]
            )
        except OSError:
            continue
        if done.returncode == 0:
            return command
    return None


@as_root
def test_an_ordinary_user_runs_it_as_himself():
    python = python_for_everyone()
    if python is None:
        pytest.skip("no Python here that the account nobody can run")
    with fresh_home() as settings:
        os.chown(settings.home, 65534, 65534)
        code = (
            "import os; from battery_assets.settings import Settings\n"
            "from battery_assets.hosting.databases import running_database\n"
            f"s = Settings.from_environment({{'BATTERY_HOME': {str(settings.home)!r}}})\n"
            "from battery_assets.hosting.postgres_placement import placement\n"
            "with running_database(s) as u:\n assert placement(s).account is None; print(os.getuid(), u)"
        )
        done = subprocess.run(
            [*python, "-c", code],
            cwd="/",
            user=65534,
            group=65534,
            extra_groups=[],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("65534 postgresql+psycopg://postgres:***@127.0.0.1:")
        assert (settings.home / "postgres" / "data").stat().st_uid == 65534
