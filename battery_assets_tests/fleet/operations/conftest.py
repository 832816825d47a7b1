"""A site whose alerts the test writes."""

import pytest

from battery_assets_tests.worlds.incidents.faulty_site import FaultySite


@pytest.fixture
def site(warehouse, tmp_path) -> FaultySite:
    return FaultySite(warehouse, str(tmp_path))
