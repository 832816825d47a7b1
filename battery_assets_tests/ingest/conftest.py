"""Small landing folders for the tests of foreign files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from battery_assets.ingest.exports.landing import LandingFile, landing_files


@pytest.fixture
def land(tmp_path: Path) -> Callable[..., list[LandingFile]]:
    """land({name: text or bytes}) writes the files and returns those the landing folder gives."""

    def write(contents: dict[str, str | bytes]) -> list[LandingFile]:
        folder = tmp_path / "bkk"
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        found, problems = landing_files(tmp_path, "bkk")
        assert not problems, problems
        return found

    return write
