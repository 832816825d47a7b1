"""Where the readers we are held against are installed: a virtual environment of their own, never ours."""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

PINS = ("PyProBE-Data==2.6.1", "cellpy==1.0.3", "pandas==2.3.3")
_INSTALLED = ".installed"
_PATIENCE_S = 900


class PeersMissing(RuntimeError):
    """They cannot be installed here; the message says why, and what to do."""


def home() -> Path:
    """Folder of the environment: the user's cache, by what is pinned and by this Python."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    said = " ".join((*PINS, sys.version, sys.executable))
    return cache / "battery_assets" / f"bench_peers_{hashlib.sha256(said.encode()).hexdigest()[:12]}"


def installed() -> bool:
    """Whether the environment is there already."""
    return (home() / _INSTALLED).exists()


def interpreter() -> Path:
    """Python of the environment, which is made where it is not there yet. Raises PeersMissing."""
    folder = home()
    python = folder / "bin" / "python"
    if installed():
        return python
    print(f"# installing {', '.join(PINS)} for the comparison alone, into {folder}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True)
        _installed(python)
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        words = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1:]
        raise PeersMissing(
            f"{', '.join(PINS)} cannot be installed: {' '.join(words)}; next step: run it once where pip "
            "reaches a package index"
        ) from error
    (folder / _INSTALLED).touch()
    return python


def _installed(python: Path) -> None:
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run(
        [*pip, "--timeout", "15", "--retries", "1", *PINS],
        check=True,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
    )
