"""Accounts of a database and a home of a test's own."""

import pytest

from battery_assets.actions.people.accounts import Accounts
from battery_assets.platform.sealing import Seal


@pytest.fixture
def accounts(warehouse_url, tmp_path) -> Accounts:
    """No account yet."""
    return Accounts(warehouse_url, Seal(tmp_path))
