"""What `battery-assets import` prints of a month when it has run."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.commands.accounts import print_accounts
from battery_assets.platform.registry import tables as r
from battery_assets.tables.identity import identity

PART = {"site": "north", "month": "2024-05"}


@pytest.fixture
def at(warehouse):
    """A month of a site with a file, a row in quarantine, an alert and a capacity test."""
    test_id = identity("capacity_test", "north", 1)
    began = datetime(2024, 5, 31, 8, tzinfo=UTC)
    rows = {
        r.ingest_file: {"table_name": "battery", "path": "battery.csv", "rows_read": 48, "findings": ["no zone"]},
        r.quarantined_row: {"table_name": "battery", "file": "battery.csv", "line": 7, "reason": "BAD_UUID"},
        t.alert: {
            "alert_id": identity("alert", "north", 1), "alert_type": "data_quality", "severity": "critical",
            "message": "jar 7: hotter than boiling: 130 C", "triggered_at": began, "status": "active",
            "source": "rule_engine",
        },
        t.capacity_test_raw: {
            "test_id": test_id, "test_date": began, "test_type": "full_discharge", "discharge_rate_a": 12.5,
        },
        t.capacity_test_calc: {"test_id": test_id, "measured_capacity_ah": 87.25, "pass_fail": "pass"},
    }  # fmt: skip
    with warehouse.transaction() as connection:
        for table, row in rows.items():
            connection.execute(sa.insert(table).values(**PART, **row))
    return SimpleNamespace(warehouse=warehouse)


def test_every_account_of_a_month_is_shown(at, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    print_accounts(at, **PART)
    shown = capsys.readouterr().out
    for words in ("48", "no zone", "BAD_UUID", "battery.csv line 7", "critical", "Capacity tests", "87.25"):
        assert words in shown


def test_of_a_month_without_anything_nothing_is_shown(at, capsys):
    print_accounts(at, "south", "2024-05")
    assert capsys.readouterr().out == ""
