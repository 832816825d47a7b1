"""Fixtures of the lab's tests."""

import pytest

from battery_assets.platform.registry import books as registry
from battery_assets_tests.worlds.lab_files.taken_in import LAB


@pytest.fixture
def lab(warehouse, tmp_path):
    with warehouse.transaction() as connection:
        registry.put_site(connection, LAB, "lab-files", {"timezone": "Europe/Oslo"})
    return warehouse, tmp_path / "landing" / LAB
