"""Fixtures every test may use."""

import os
import warnings
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real files that some tests hold the code against; skips loudly where it is absent."""
    folder = Path(os.environ.get("BATTERY_TEST_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        warnings.warn(f"REAL TEST DATA ABSENT: {folder} not found; set BATTERY_TEST_DATA", UserWarning, stacklevel=2)
        pytest.skip(f"real test data absent: {folder}")
    return folder
