"""Accounts of a test's own: one database for all of these tests, emptied before each; a home for each."""

import pytest
import sqlalchemy as sa

from battery_assets.actions.people.accounts import Accounts
from battery_assets.platform.sealing import Seal
from battery_assets_tests.conftest import copied_database

# As a replica does, so that the log which is only added to can be emptied.
EMPTIED = """
SET LOCAL session_replication_role = replica;
TRUNCATE service.users, service.system_logs, service.api_metrics_summary, platform.site RESTART IDENTITY CASCADE
"""


@pytest.fixture(scope="session")
def service_url(migrated_url):
    """A database of these tests."""
    with copied_database(migrated_url) as url:
        yield url


@pytest.fixture
def accounts(service_url, tmp_path) -> Accounts:
    """No account yet."""
    accounts = Accounts(service_url, Seal(tmp_path))
    with accounts.transaction() as connection:
        connection.execute(sa.text(EMPTIED))
    return accounts
